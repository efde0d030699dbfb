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

func (i *installation) close() {
	if err := i.db.Close(); err != nil {
		i.log.Warn("closing the database failed", "err", err)
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
