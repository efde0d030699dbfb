package disk_test

import (
	"testing"

	"callbackd/internal/disk"
)

func TestOf(t *testing.T) {
	u, err := disk.Of(t.TempDir())
	if err != nil || u.Total == 0 || u.Free > u.Total || u.Percent() < 0 || u.Percent() > 100 {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := disk.Of(t.TempDir() + "/nowhere"); err == nil {
		t.Error("a folder that is not there has a disk")
	}
}
