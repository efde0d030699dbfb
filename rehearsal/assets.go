package rehearsal

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
)

//go:generate sh fixtures/generate.sh

// The crowd's files are drawn and spoken by fixtures/generate.sh.
//
//go:embed crowd
var crowdFiles embed.FS

// Assets are the files that the crowd sends.
type Assets struct {
	Voices   []*Asset // AMR-NB, with the MP3 of the operator pages; one with DTX, one with a 16 kHz twin
	Pictures []*Asset // JPEG (one on its side, with EXIF orientation 6), PNG, GIF
	Videos   []*Asset // H.264 and AAC in MP4; the first has its moov at the end
	Faces    [][]byte // JPEG, 200×200
}

// Files returns the crowd's files. They are read once and shared.
func Files() *Assets { return files() }

var files = sync.OnceValue(func() *Assets {
	a := &Assets{}
	for _, name := range list("crowd/faces", ".jpg") {
		a.Faces = append(a.Faces, read(name))
	}
	words := spokenWords()
	for _, name := range list("crowd/voices", ".amr") {
		base := strings.TrimSuffix(path.Base(name), ".amr")
		if strings.HasSuffix(base, ".16k") {
			continue
		}
		v := &Asset{Name: base, Type: "audio/amr", Ext: ".amr", Bytes: read(name), Words: words[base]}
		v.Page, v.PageType = read("crowd/voices/"+base+".mp3"), "audio/mpeg"
		v.Duration = amrDuration(v.Bytes)
		if b, err := crowdFiles.ReadFile("crowd/voices/" + base + ".16k.amr"); err == nil {
			v.HighRes = b
		}
		a.Voices = append(a.Voices, v)
	}
	types := map[string]string{".jpg": "image/jpeg", ".png": "image/png", ".gif": "image/gif"}
	for _, name := range list("crowd/pictures", "") {
		ext := path.Ext(name)
		b := read(name)
		a.Pictures = append(a.Pictures, &Asset{Name: path.Base(name), Type: types[ext], Ext: ext, Bytes: b, Page: b, PageType: types[ext]})
	}
	for _, v := range []struct {
		name   string
		length time.Duration
	}{{"fireworks", 5 * time.Second}, {"stage", 4 * time.Second}} {
		b := read("crowd/videos/" + v.name + ".mp4")
		a.Videos = append(a.Videos, &Asset{
			Name: v.name, Type: "video/mp4", Ext: ".mp4", Bytes: b, Page: b, PageType: "video/mp4",
			Thumb: read("crowd/videos/" + v.name + ".jpg"), Duration: v.length,
		})
	}
	return a
})

// Voice, Picture and Video find a file by name; they panic on one that is not
// there, since names are written by programmers.
func (a *Assets) Voice(name string) *Asset { return find(a.Voices, name) }

// Picture finds a picture by file name.
func (a *Assets) Picture(name string) *Asset { return find(a.Pictures, name) }

// Video finds a video by name.
func (a *Assets) Video(name string) *Asset { return find(a.Videos, name) }

func find(list []*Asset, name string) *Asset {
	for _, a := range list {
		if a.Name == name {
			return a
		}
	}
	panic(fmt.Sprintf("rehearsal: no file %q", name))
}

// list is the sorted names of a folder's files with an ending.
func list(folder, ending string) []string {
	entries, err := fs.ReadDir(crowdFiles, folder)
	if err != nil {
		panic(err) // embedded
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ending) {
			out = append(out, folder+"/"+e.Name())
		}
	}
	return out
}

func read(name string) []byte {
	b, err := crowdFiles.ReadFile(name)
	if err != nil {
		panic(err) // embedded
	}
	return b
}

// spokenWords is what each voice says.
func spokenWords() map[string]string {
	out := map[string]string{}
	for _, line := range strings.Split(string(read("crowd/voices/words.tsv")), "\n") {
		if name, words, ok := strings.Cut(line, "\t"); ok {
			out[name] = words
		}
	}
	return out
}

// amrFrames are the sizes of AMR-NB frames by type, header included: 0–7
// speech, 8 comfort noise, 15 nothing (RFC 4867).
var amrFrames = [16]int{13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1}

// amrDuration counts the 20 ms frames of an AMR-NB file.
func amrDuration(b []byte) time.Duration {
	b = bytes.TrimPrefix(b, []byte("#!AMR\n"))
	var d time.Duration
	for len(b) > 0 {
		n := amrFrames[b[0]>>3&15]
		if n > len(b) {
			break
		}
		b, d = b[n:], d+20*time.Millisecond
	}
	return d
}
