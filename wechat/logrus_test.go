package wechat

import (
	"os"
	"testing"

	"github.com/sirupsen/logrus"
)

// The root package of silenceper sets logrus to debug on stdout when it is
// imported, and would then print bodies and replies. This package imports its
// util only; nobody may bring the root in.
func TestImport_LeavesLogrusQuiet(t *testing.T) {
	if level := logrus.GetLevel(); level > logrus.InfoLevel {
		t.Errorf("logrus is at level %s", level)
	}
	if logrus.StandardLogger().Out == os.Stdout {
		t.Error("logrus writes to stdout")
	}
}
