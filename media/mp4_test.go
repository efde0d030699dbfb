package media

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// box is one box of the MP4 family.
func box(kind string, bodies ...[]byte) []byte {
	body := bytes.Join(bodies, nil)
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)+8))
	return append(append(out, kind...), body...)
}

func nest(inner []byte, kinds ...string) []byte {
	for i := len(kinds) - 1; i >= 0; i-- {
		inner = box(kinds[i], inner)
	}
	return inner
}

func references(entries ...[]byte) []byte {
	count := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(len(entries)))
	return nest(box("dref", append([][]byte{count}, entries...)...), "moov", "trak", "mdia", "minf", "dinf")
}

func TestCheckMP4_KnowsWhatLeadsOutOfAFile(t *testing.T) {
	ftyp := box("ftyp", []byte("isom\x00\x00\x02\x00isom"))
	data := box("mdat", []byte("data"))
	here := box("url ", []byte{0, 0, 0, 1})
	file := func(boxes ...[]byte) []byte { return append(bytes.Clone(ftyp), bytes.Join(boxes, nil)...) }
	long := append([]byte("\x00\x00\x00\x01mdat"), binary.BigEndian.AppendUint64(nil, 20)...)
	deep := nest(nil, "moov", "trak", "trak", "trak", "trak", "trak", "trak", "trak", "trak", "trak", "trak")
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"plain":                      {file(references(here), data), ""},
		"quicktime's own reference":  {file(references(box("alis", []byte{0, 0, 0, 1})), data), ""},
		"sixty-four bit size":        {file(references(here), append(bytes.Clone(long), "data"...)), ""},
		"data to the end":            {file(references(here), []byte("\x00\x00\x00\x00mdatdata")), ""},
		"fragments":                  {file(references(here), box("moof"), data), ""},
		"unknown boxes":              {file(box("free", make([]byte, 100)), references(here), box("uuid"), data), ""},
		"a URL":                      {file(references(box("url ", append([]byte{0, 0, 0, 0}, "file:///etc/passwd\x00"...))), data), ReasonFormat},
		"a URL after one that is us": {file(references(here, box("url ", []byte{0, 0, 0, 0})), data), ReasonFormat},
		"an alias":                   {file(references(box("alis", make([]byte, 150))), data), ReasonFormat},
		"a name":                     {file(references(box("urn ", []byte{0, 0, 0, 1})), data), ReasonFormat},
		"a kind of its own":          {file(references(box("rsrc", []byte{0, 0, 0, 1})), data), ReasonFormat},
		"a reference without flags":  {file(references(box("url ", []byte{0})), data), ReasonCorrupt},
		"references without a count": {file(nest(box("dref", []byte{0}), "moov", "trak", "mdia", "minf", "dinf"), data), ReasonCorrupt},
		"a movie of movies":          {file(box("moov", box("rmra")), data), ReasonFormat},
		"a packed index":             {file(box("moov", box("cmov")), data), ReasonFormat},
		"two indexes":                {file(references(here), references(here), data), ReasonCorrupt},
		"no index":                   {file(data), ReasonCorrupt},
		"no data":                    {file(references(here)), ReasonCorrupt},
		"a box of four bytes":        {file(references(here), []byte("\x00\x00\x00\x04mdat")), ReasonCorrupt},
		"a size beyond the file":     {file(references(here), []byte("\x00\x00\x10\x00mdat")), ReasonTruncated},
		"a size beyond all files":    {file(references(here), append([]byte("\x00\x00\x00\x01mdat"), bytes.Repeat([]byte{0x7f}, 8)...)), ReasonTruncated},
		"a negative size":            {file(references(here), append([]byte("\x00\x00\x00\x01mdat"), bytes.Repeat([]byte{0xff}, 8)...)), ReasonCorrupt},
		"a child beyond its parent":  {file(box("moov", []byte("\x00\x00\x10\x00trak")), data), ReasonCorrupt},
		"half a header":              {file(references(here), data, []byte{0, 0}), ReasonTruncated},
		"half a long header":         {file(references(here), long[:12]), ReasonTruncated},
		"too deep":                   {file(deep, data), ReasonTooComplex},
		"too many":                   {file(references(here), data, bytes.Repeat(box("free"), mp4MaxBoxes)), ReasonTooComplex},
	} {
		t.Run(name, func(t *testing.T) {
			wantReason(t, checkMP4(bytes.NewReader(tt.data), int64(len(tt.data))), tt.want)
		})
	}
}
