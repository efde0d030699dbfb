package main

import (
	"fmt"
	"os"
	"slices"
	"time"
)

// disk is what the databases stand on.
type disk struct {
	kind string        // of file system
	sync time.Duration // median of writing and syncing one page
}

// syncs is how often the disk is asked.
const syncs = 101

func refuseMemory(dir, kind string) error {
	if kind == memoryFS {
		return fmt.Errorf("%s is in memory, where a sync costs nothing: give a folder on a disk by -dir", dir)
	}
	return nil
}

// probeDisk refuses a folder in memory, where a sync costs nothing, and
// measures what it costs here.
func probeDisk(dir string) (disk, error) {
	kind, err := fileSystem(dir)
	if err != nil {
		return disk{}, err
	}
	if err := refuseMemory(dir, kind); err != nil {
		return disk{}, err
	}
	f, err := os.CreateTemp(dir, "callbackd-ingest-sync-")
	if err != nil {
		return disk{}, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	took := make([]time.Duration, syncs)
	for i := range took {
		start := time.Now()
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return disk{}, err
		}
		if err := f.Sync(); err != nil {
			return disk{}, err
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return disk{kind: kind, sync: quantile(took, 50)}, nil
}
