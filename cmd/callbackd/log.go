package main

import (
	"io"
	"log/slog"
)

// newLogger returns the logger of the program. It writes to stderr alone:
// stdout carries answers.
func newLogger(c LogConfig, stderr io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(stderr, options))
	}
	return slog.New(slog.NewTextHandler(stderr, options))
}
