package media

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"
)

// amr is an AMR file of frames of these types.
func amr(magic string, sizes [16]int, types ...byte) []byte {
	out := []byte(magic)
	for _, kind := range types {
		out = append(out, kind<<3|4)
		out = append(out, bytes.Repeat([]byte{kind}, max(0, sizes[kind]-1))...)
	}
	return out
}

func TestCheckAMR_CountsFramesOfEverySize(t *testing.T) {
	for _, tt := range []struct {
		format Format
		data   []byte
		want   AMR
	}{
		{FormatAMRNB, amr(magicAMRNB, amrNBFrames, 0, 1, 2, 3, 4, 5, 6, 7), AMR{8, 0, 160 * time.Millisecond}},
		{FormatAMRNB, amr(magicAMRNB, amrNBFrames, 7, 8, 15, 15, 7), AMR{5, 3, 100 * time.Millisecond}},
		{FormatAMRWB, amr(magicAMRWB, amrWBFrames, 0, 1, 2, 3, 4, 5, 6, 7, 8), AMR{9, 0, 180 * time.Millisecond}},
		{FormatAMRWB, amr(magicAMRWB, amrWBFrames, 2, 9, 14, 15, 2), AMR{5, 3, 100 * time.Millisecond}},
		{FormatAMRNB, fixture(t, "pauses.amr"), AMR{3000, 2678, time.Minute}},
		{FormatAMRWB, fixture(t, "voice.awb"), AMR{100, 0, 2 * time.Second}},
	} {
		got, err := CheckAMR(tt.format, bytes.NewReader(tt.data))
		if err != nil || got != tt.want {
			t.Errorf("%s of %d bytes: %+v, %v; want %+v", tt.format, len(tt.data), got, err, tt.want)
		}
	}
}

// Sizes of the frames in bits, from the specification, so that the tables are
// not their own proof: bytes are a type and the bits, filled up.
func TestAMRFrames_AreThoseOfTheSpecification(t *testing.T) {
	for kind, bits := range map[int]int{0: 95, 1: 103, 2: 118, 3: 134, 4: 148, 5: 159, 6: 204, 7: 244, 8: 39, 15: 0} {
		if want := 1 + (bits+7)/8; amrNBFrames[kind] != want {
			t.Errorf("AMR-NB type %d: %d bytes, want %d", kind, amrNBFrames[kind], want)
		}
	}
	for kind, bits := range map[int]int{0: 132, 1: 177, 2: 253, 3: 285, 4: 317, 5: 365, 6: 397, 7: 461, 8: 477, 9: 40, 14: 0, 15: 0} {
		if want := 1 + (bits+7)/8; amrWBFrames[kind] != want {
			t.Errorf("AMR-WB type %d: %d bytes, want %d", kind, amrWBFrames[kind], want)
		}
	}
}

func TestCheckAMR_RefusesEveryCutWithinAFrame(t *testing.T) {
	data := amr(magicAMRNB, amrNBFrames, 7, 0, 8, 7)
	ends := map[int]bool{6 + 32: true, 6 + 32 + 13: true, 6 + 32 + 13 + 6: true, len(data): true}
	for n := range len(data) + 1 {
		_, err := CheckAMR(FormatAMRNB, bytes.NewReader(data[:n]))
		switch {
		case ends[n]:
			if err != nil {
				t.Errorf("cut to %d, between frames: %v", n, err)
			}
		case n == 6:
			wantReason(t, err, ReasonCorrupt) // no frame at all
		default:
			wantReason(t, err, ReasonTruncated)
		}
	}
}

func TestCheckAMR_RefusesWhatIsNoFrame(t *testing.T) {
	good := amr(magicAMRNB, amrNBFrames, 7)
	for _, b := range []byte{9<<3 | 4, 14<<3 | 4, 0x80 | 7<<3, 7<<3 | 1, 7<<3 | 2, '{', 'P'} {
		_, err := CheckAMR(FormatAMRNB, bytes.NewReader(append(bytes.Clone(good), append([]byte{b}, make([]byte, 40)...)...)))
		wantReason(t, err, ReasonCorrupt)
	}
	_, err := CheckAMR(FormatAMRWB, bytes.NewReader(good))
	if reasonOf(err) != ReasonFormat {
		t.Errorf("AMR-NB read as AMR-WB: %v", err)
	}
	_, err = CheckAMR(FormatAMRNB, bytes.NewReader(amr(magicAMRNB, amrNBFrames, 8, 15, 15)))
	wantReason(t, err, ReasonCorrupt)
}

func TestCheckAMR_AnUnreadableDiskIsNoRefusal(t *testing.T) {
	broken := errors.New("disk")
	for _, n := range []int{3, 6, 20} {
		data := amr(magicAMRNB, amrNBFrames, 7)[:n]
		if _, err := CheckAMR(FormatAMRNB, io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func FuzzAMR(f *testing.F) {
	f.Add(fixture(f, "voice.amr"), false)
	f.Add(fixture(f, "pauses.amr"), false)
	f.Add(fixture(f, "voice.awb"), true)
	f.Add([]byte(magicAMRNB), false)
	f.Fuzz(func(t *testing.T, data []byte, wide bool) {
		format, magic := FormatAMRNB, magicAMRNB
		if wide {
			format, magic = FormatAMRWB, magicAMRWB
		}
		got, err := CheckAMR(format, bytes.NewReader(data))
		if err != nil {
			if reasonOf(err) == "" {
				t.Errorf("no refusal: %v", err)
			}
			return
		}
		if got.Frames <= got.Silent || got.Frames > len(data)-len(magic) || got.Duration != time.Duration(got.Frames)*amrFrame {
			t.Errorf("%+v of %d bytes", got, len(data))
		}
		// what was checked can be cut anywhere between frames, and nowhere else
		if _, err := CheckAMR(format, bytes.NewReader(append(bytes.Clone(data), 0x80))); reasonOf(err) != ReasonCorrupt {
			t.Errorf("a byte that is no frame was let in: %v", err)
		}
	})
}
