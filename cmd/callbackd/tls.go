package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"path/filepath"

	"callbackd/internal/certs"
)

// encryption is how the public port speaks TLS. Its zero value speaks none.
type encryption struct {
	config *tls.Config // nil: plain HTTP
	auto   *certs.Auto // nil: the certificate is in files
}

// openTLS makes what the settings ask for. Wrong ones are wrong usage, and said
// with what to do, before anything is served.
func openTLS(cfg Config, log *slog.Logger) (encryption, error) {
	if err := cfg.HTTP.check(); err != nil {
		return encryption{}, &usageError{err}
	}
	t := cfg.HTTP.TLS
	switch t.Mode {
	case tlsFiles:
		files, err := certs.OpenFiles(t.CertFile, t.KeyFile, log)
		if err != nil {
			return encryption{}, &usageError{err}
		}
		return encryption{config: files.Config()}, nil
	case tlsAuto:
		auto, err := certs.NewAuto(certs.AutoConfig{Host: cfg.HTTP.PublicURL.Hostname(), Folder: filepath.Join(cfg.Storage.DataDir, "tls"),
			URL: t.ACMEURL, Email: t.ACMEEmail, Log: log})
		if err != nil {
			return encryption{}, usagef("--tls auto: %w; set --public-url to the name that the world knows, or use --tls files", err)
		}
		return encryption{config: auto.Config(), auto: auto}, nil
	}
	return encryption{}, nil
}

// run does what the certificate needs while the server runs.
func (e encryption) run(ctx context.Context) error {
	if e.auto == nil {
		return nil
	}
	return e.auto.Run(ctx)
}

// plain is what plain HTTP beside TLS answers: the authority's check, then rest.
func (e encryption) plain(rest http.Handler) http.Handler {
	if e.auto == nil {
		return rest
	}
	return e.auto.HTTPHandler(rest)
}

// name is for the log.
func (e encryption) name() string {
	switch {
	case e.config == nil:
		return tlsOff
	case e.auto == nil:
		return tlsFiles
	}
	return tlsAuto
}
