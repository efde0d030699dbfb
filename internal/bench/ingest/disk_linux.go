package main

import (
	"fmt"
	"syscall"
)

const memoryFS = "tmpfs"

// fileSystem names the kind of file system of a folder (statfs(2)).
func fileSystem(dir string) (string, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return "", fmt.Errorf("look at %s: %w", dir, err)
	}
	return kindOf(uint32(s.Type)), nil
}

// kindOf names a file system by its magic number.
func kindOf(magic uint32) string {
	switch magic {
	case 0x01021994, 0x858458f6: // tmpfs, ramfs
		return memoryFS
	case 0xef53:
		return "ext4"
	case 0x58465342:
		return "xfs"
	case 0x9123683e:
		return "btrfs"
	case 0x794c7630:
		return "overlayfs"
	}
	return fmt.Sprintf("file system %#x", magic)
}
