package main

import "testing"

func TestProbeDisk_RefusesMemory(t *testing.T) {
	for _, magic := range []uint32{0x01021994, 0x858458f6} {
		if refuseMemory("x", kindOf(magic)) == nil {
			t.Errorf("%#x passed for a disk", magic)
		}
	}
	kind, err := fileSystem(t.TempDir())
	if err != nil || kind == "" {
		t.Fatal(kind, err)
	}
	if err := refuseMemory("x", "ext4"); err != nil {
		t.Fatal(err)
	}
	if _, err := fileSystem("/nowhere/at/all"); err == nil {
		t.Fatal("a folder that is not there has a file system")
	}
}
