package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"

	"callbackd/blob"
	"callbackd/internal/seal"
	"callbackd/store"
)

// installation is what every command works on: the data folder, the key, the
// database and the blobs. Opening makes what is missing.
type installation struct {
	cfg   Config
	log   *slog.Logger
	db    *store.DB
	blobs blob.Bucket
	lock  *store.Lock // of a server; nil for shell commands, which work beside one
}

// open opens the installation that the settings name.
func (a *app) open(ctx context.Context) (*installation, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	return openInstallation(ctx, cfg, newLogger(cfg.Log, a.stderr))
}

func openInstallation(ctx context.Context, cfg Config, log *slog.Logger) (*installation, error) {
	if err := os.MkdirAll(cfg.Storage.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	key, err := seal.LoadOrCreateKey(cfg.Storage.SecretKeyFile)
	if err != nil {
		return nil, err
	}
	blobs, err := blob.Open(cfg.Storage.Blobs)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Config{DSN: cfg.Storage.Database.Reveal(), Key: key, Log: log})
	if err != nil {
		return nil, err
	}
	return &installation{cfg: cfg, log: log, db: db, blobs: blobs}, nil
}

// openForServer takes the data folder for one server, opens the installation
// and goes on where the last server ended.
func (a *app) openForServer(ctx context.Context, cfg Config) (*installation, error) {
	lock, err := store.LockDir(cfg.Storage.DataDir)
	if err != nil {
		return nil, err
	}
	inst, err := openInstallation(ctx, cfg, newLogger(cfg.Log, a.stderr))
	if err != nil {
		lock.Close()
		return nil, err
	}
	inst.lock = lock
	if err := takeUp(ctx, inst); err != nil {
		inst.close()
		return nil, err
	}
	return inst, nil
}

func (i *installation) close() {
	if err := i.db.Close(); err != nil {
		i.log.Warn("closing the database failed", "err", err)
	}
	if i.lock != nil {
		i.lock.Close()
	}
}

// workDir holds what a running server makes on its way and nobody needs after it.
func (i *installation) workDir() string { return filepath.Join(i.cfg.Storage.DataDir, "work") }

// shellActor names who works at the shell, for the audit.
func shellActor() string {
	if u, err := user.Current(); err == nil {
		return "shell:" + u.Username
	}
	return "shell"
}
