// Package disk says how full the disk under a folder is.
package disk

// Usage is the size of a disk, in bytes.
type Usage struct {
	Free  uint64 // for who runs us
	Total uint64
}

// Percent is the free share in whole per cent; 100 where the size is not known.
func (u Usage) Percent() int {
	if u.Total == 0 {
		return 100
	}
	return int(float64(u.Free) / float64(u.Total) * 100)
}
