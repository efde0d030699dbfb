//go:build !(linux || darwin || freebsd)

package disk

import "errors"

// Of cannot say how full a disk is on this system.
func Of(string) (Usage, error) {
	return Usage{}, errors.ErrUnsupported
}
