package media

import (
	"bufio"
	"errors"
	"io"
	"time"
)

// Frame sizes in bytes, the type byte included, by frame type (RFC 4867 and
// 3GPP TS 26.101, 26.201). 0: a type that no file may hold.
var (
	amrNBFrames = [16]int{13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1}
	amrWBFrames = [16]int{18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1}
)

const (
	amrFrame     = 20 * time.Millisecond
	amrNBSilence = 8 // from this type on a frame holds no speech
	amrWBSilence = 9
)

// AMR is what the frames of an AMR file tell.
type AMR struct {
	Frames   int
	Silent   int // of them without speech: comfort noise, lost, no data
	Duration time.Duration
}

// CheckAMR walks all frames of an AMR-NB or AMR-WB file. A file that ends
// within a frame is refused as truncated, a frame that does not exist as
// corrupt, a file without a frame that speaks as well.
func CheckAMR(format Format, r io.Reader) (AMR, error) {
	magic, sizes, silence := magicAMRNB, amrNBFrames, byte(amrNBSilence)
	if format == FormatAMRWB {
		magic, sizes, silence = magicAMRWB, amrWBFrames, amrWBSilence
	}
	in := bufio.NewReader(r)
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(in, head); err != nil {
		return AMR{}, amrReadError(err)
	}
	if string(head) != magic {
		return AMR{}, refuse(ReasonFormat, "not %s", format)
	}
	var found AMR
	for {
		b, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return found, err
		}
		kind := b >> 3 & 15
		if b&0x83 != 0 || sizes[kind] == 0 { // in a file the first and the last two bits are 0
			return found, refuse(ReasonCorrupt, "frame %d is of no known type", found.Frames)
		}
		if _, err := in.Discard(sizes[kind] - 1); err != nil {
			return found, amrReadError(err)
		}
		found.Frames++
		if kind >= silence {
			found.Silent++
		}
		found.Duration += amrFrame
	}
	if found.Frames == found.Silent {
		return found, refuse(ReasonCorrupt, "no frame holds speech")
	}
	return found, nil
}

func amrReadError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(ReasonTruncated, "ends within a frame")
	}
	return err
}
