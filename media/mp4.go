package media

import (
	"encoding/binary"
	"errors"
	"io"
)

// checkMP4 walks the boxes of a file of the MP4 family before any other
// program sees it: the boxes fill the file exactly, one movie box is there with
// something to play, and nothing in it points outside the file.
func checkMP4(r io.ReaderAt, size int64) error {
	w := mp4Walker{r: r}
	top, err := w.walk(0, size, 0)
	if err != nil {
		return err
	}
	if top["moov"] != 1 || top["mdat"]+top["moof"] == 0 {
		return refuse(ReasonCorrupt, "not one movie with data")
	}
	return nil
}

const (
	mp4MaxBoxes = 100_000 // a fragmented video of an hour has some thousands
	mp4MaxDepth = 8
)

type mp4Walker struct {
	r     io.ReaderAt
	boxes int
}

// mp4Parents are the boxes that lead to where a file could name another file.
var mp4Parents = map[string]bool{"moov": true, "trak": true, "mdia": true, "minf": true, "dinf": true}

// walk counts the boxes between two offsets by type and goes into the parents.
func (w *mp4Walker) walk(from, to int64, depth int) (map[string]int, error) {
	found := map[string]int{}
	for from < to {
		if w.boxes++; w.boxes > mp4MaxBoxes || depth > mp4MaxDepth {
			return nil, refuse(ReasonTooComplex, "too many boxes")
		}
		if to-from < 8 {
			return nil, w.beyond(depth)
		}
		kind, body, end, err := w.header(from, to, depth)
		if err != nil {
			return nil, err
		}
		found[kind]++
		switch {
		case kind == "rmra" || kind == "cmov" || kind == "rmda":
			return nil, refuse(ReasonFormat, "a movie that refers to another")
		case kind == "dref":
			err = w.checkReferences(body, end)
		case mp4Parents[kind]:
			_, err = w.walk(body, end, depth+1)
		}
		if err != nil {
			return nil, err
		}
		from = end
	}
	return found, nil
}

// header reads a box's type, and where its body begins and ends.
func (w *mp4Walker) header(from, to int64, depth int) (kind string, body, end int64, err error) {
	var h [16]byte
	if err := w.read(h[:8], from); err != nil {
		return "", 0, 0, err
	}
	size, header := int64(binary.BigEndian.Uint32(h[:4])), int64(8)
	switch size {
	case 0: // to the end of the file
		size = to - from
	case 1: // 64 bits follow
		if to-from < 16 {
			return "", 0, 0, w.beyond(depth)
		}
		if err := w.read(h[8:], from+8); err != nil {
			return "", 0, 0, err
		}
		size, header = int64(binary.BigEndian.Uint64(h[8:])), 16
	}
	if size < header {
		return "", 0, 0, refuse(ReasonCorrupt, "a box of %d bytes", size)
	}
	if size > to-from {
		return "", 0, 0, w.beyond(depth)
	}
	return string(h[4:8]), from + header, from + size, nil
}

// beyond is a box that leaves its parent: at the top the file is cut off.
func (w *mp4Walker) beyond(depth int) error {
	if depth == 0 {
		return refuse(ReasonTruncated, "ends within a box")
	}
	return refuse(ReasonCorrupt, "a box that leaves its parent")
}

// checkReferences refuses a data reference that is not "this file": each entry
// is a box of size, type, version and flags, whose flag 1 says so.
func (w *mp4Walker) checkReferences(from, to int64) error {
	const head = 8 // version, flags, number of entries
	if to-from < head {
		return refuse(ReasonCorrupt, "a data reference of %d bytes", to-from)
	}
	for from += head; from < to; {
		if w.boxes++; w.boxes > mp4MaxBoxes {
			return refuse(ReasonTooComplex, "too many boxes")
		}
		kind, body, end, err := w.header(from, to, 1)
		if err != nil {
			return err
		}
		var flags [4]byte
		if end-body < int64(len(flags)) {
			return refuse(ReasonCorrupt, "a data reference without flags")
		}
		if err := w.read(flags[:], body); err != nil {
			return err
		}
		if flags[3]&1 == 0 || (kind != "url " && kind != "alis") {
			return refuse(ReasonFormat, "a movie whose data is in another file")
		}
		from = end
	}
	return nil
}

func (w *mp4Walker) read(p []byte, offset int64) error {
	_, err := w.r.ReadAt(p, offset)
	if errors.Is(err, io.EOF) {
		return refuse(ReasonTruncated, "ends within a box")
	}
	return err
}
