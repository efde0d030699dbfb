package live

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/centrifugal/centrifuge"
)

func TestLogTo_KeepsTheFieldsOfTheLibraryOut(t *testing.T) {
	var out bytes.Buffer
	write := logTo(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for _, level := range []centrifuge.LogLevel{centrifuge.LogLevelWarn, centrifuge.LogLevelError} {
		write(centrifuge.LogEntry{Level: level, Message: "client sent something", Fields: map[string]any{"data": "hush"}})
	}
	write(centrifuge.LogEntry{Level: centrifuge.LogLevelError, Message: "broken", Error: errors.New("disk"), Fields: map[string]any{"data": "hush"}})
	if got := out.String(); strings.Contains(got, "hush") || strings.Count(got, "\n") != 3 || !strings.Contains(got, "disk") {
		t.Fatalf("log: %s", got)
	}
}
