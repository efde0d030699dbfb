package media

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"callbackd"
)

func TestSniff_KnowsTheAllowList(t *testing.T) {
	for name, want := range map[string]Format{
		"voice.amr": FormatAMRNB, "voice.awb": FormatAMRWB, "voice.mp3": FormatMP3, "voice.spx": FormatSpeex,
		"index-last.mp4": FormatMP4, "hevc.mp4": FormatMP4, "turned.mov": FormatMP4,
		"picture.webp": FormatWebP, "alpha.webp": FormatWebP,
	} {
		if got, err := Sniff(fixture(t, name)); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	for head, want := range map[string]Format{
		"\xff\xd8\xff\xe0\x00\x10JFIF":        FormatJPEG,
		"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": FormatPNG,
		"GIF87a":                              FormatGIF,
		"GIF89a":                              FormatGIF,
		"\x00\x00\x00\x14ftyp3gp4\x00\x00\x00\x003gp4": FormatMP4,
	} {
		if got, err := Sniff([]byte(head)); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", head, got, err, want)
		}
	}
}

// hostile are files that are none of the allow-list, whatever they are sent as.
var hostile = map[string]string{
	"svg":                      `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
	"svg with a prolog":        `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>`,
	"playlist":                 "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
	"playlist after a mark":    "\ufeff#EXTM3U\n#EXTINF:1,\nhttp://10.0.0.1/x.ts\n",
	"concat list":              "ffconcat version 1.0\nfile /etc/passwd\n",
	"concat protocol":          "concat:/etc/passwd|/etc/hosts",
	"subfile protocol":         "subfile,,start,0,end,0,,:/etc/passwd",
	"pls":                      "[playlist]\nFile1=file:///etc/passwd\n",
	"asx":                      `<asx version="3.0"><entry><ref href="file:///etc/passwd"/></entry></asx>`,
	"dash manifest":            `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>file:///etc/</BaseURL></MPD>`,
	"sdp":                      "v=0\r\no=- 0 0 IN IP4 10.0.0.1\r\nm=video 5000 RTP/AVP 96\r\n",
	"html":                     "<!DOCTYPE html><html><body>登录超时</body></html>",
	"html without a head":      "<script>alert(1)</script>",
	"json error":               `{"errcode":40007,"errmsg":"invalid media_id hint: [2DlkvA0590e396]"}`,
	"json with a video":        `{"video_url":"http://10.0.0.1/x.mp4"}`,
	"heic":                     "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
	"avif":                     "\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif",
	"jpeg xl":                  "\x00\x00\x00\x0cJXL \r\n\x87\n\x00\x00\x00\x14ftypjxl \x00\x00\x00\x00jxl ",
	"ftyp of no size":          "\x00\x00\x00\x00ftypisom\x00\x00\x00\x00",
	"ftyp of a great size":     "\x7f\x00\x00\x00ftypisom\x00\x00\x00\x00",
	"ftyp cut off":             "\x00\x00\x00\x14ftyp",
	"playlist dressed as mp4":  "#EXTftypisom\x00\x00\x02\x00\n#EXTINF:1,\nfile:///etc/passwd\n",
	"wav":                      "RIFF\x24\x00\x00\x00WAVEfmt ",
	"avi":                      "RIFF\x24\x00\x00\x00AVI LIST",
	"webp of no known kind":    "RIFF\x24\x00\x00\x00WEBPABCD",
	"png without a header":     "\x89PNG\r\n\x1a\n\x00\x00\x00\rIDAT",
	"matroska":                 "\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1f\x42\x86\x81\x01",
	"mpeg-ts":                  "G@\x00\x10\x00\x00\xb0\x11\x00\x00\xc1\x00\x00",
	"flv":                      "FLV\x01\x05\x00\x00\x00\x09",
	"ogg opus":                 "OggS\x00\x02" + zeros(20) + "\x01\x13OpusHead\x01",
	"ogg speex, not the first": "OggS\x00\x00" + zeros(20) + "\x01\x50Speex   1.2",
	"ogg cut off":              "OggS\x00\x02",
	"raw speex":                "Speex   1.2.0",
	"bmp":                      "BM\x00\x00\x00\x00\x00\x00\x00\x00",
	"tiff":                     "II*\x00\x08\x00\x00\x00",
	"pdf":                      "%PDF-1.7",
	"zip":                      "PK\x03\x04",
	"flash":                    "CWS\x06",
	"postscript":               "%!PS-Adobe-3.0",
	"imagemagick script":       "push graphic-context\nfill 'url(https://10.0.0.1/)'\n",
	"one mpeg frame by chance": "\xff\xfb\x90\x00 and then something else altogether",
	"mpeg layer II":            string(bytes.Repeat(append([]byte{0xff, 0xfd, 0x80, 0}, make([]byte, 413)...), 3)),
	"id3 of an unknown form":   "ID3\x09\x00\x00\x00\x00\x00\x00",
	"id3 of a broken size":     "ID3\x03\x00\x00\xff\xff\xff\xff",
	"words":                    "大家好",
	"nul":                      zeros(100),
}

func zeros(n int) string { return string(make([]byte, n)) }

func TestSniff_RefusesEverythingElse(t *testing.T) {
	for name, data := range hostile {
		got, err := Sniff([]byte(data))
		if got != "" || reasonOf(err) != ReasonFormat {
			t.Errorf("%s: %q, %v; want refused by its format", name, got, err)
		}
	}
}

func TestMake_RefusesWhatIsDressedAsSomethingElse(t *testing.T) {
	m := ffmpegMaker(t, DefaultLimits())
	for name, data := range hostile {
		for _, kind := range []callbackd.Kind{callbackd.KindVoice, callbackd.KindVideo, callbackd.KindImage} {
			if _, _, err := makeIn(t, m, kind, []byte(data)); reasonOf(err) != ReasonFormat {
				t.Errorf("%s as %s: %v", name, kind, err)
			}
		}
	}
}

func TestSniff_ReadsItsHeadOnly(t *testing.T) {
	for name := range map[string]bool{"voice.mp3": true, "index-last.mp4": true} {
		data := fixture(t, name)
		for n := range min(len(data), 200) {
			got, err := Sniff(data[:n])
			if (got == "") == (err == nil) {
				t.Fatalf("%s cut to %d: %q, %v", name, n, got, err)
			}
		}
	}
	long := append([]byte("no format"), make([]byte, SniffLen)...)
	if _, err := Sniff(append(long, magicAMRNB...)); reasonOf(err) != ReasonFormat {
		t.Errorf("got %v", err)
	}
}

func TestMP3FrameSize_FollowsTheTables(t *testing.T) {
	for head, want := range map[uint32]int{
		0xfffb9000: 417, // MPEG 1, 128 kbit/s, 44.1 kHz
		0xfffb9200: 418, // padded
		0xfffbe400: 960, // 320 kbit/s, 48 kHz
		0xfff34800: 144, // MPEG 2, 32 kbit/s, 16 kHz
		0xffe34800: 288, // MPEG 2.5, 32 kbit/s, 8 kHz
		0xfffb0000: 0,   // free format
		0xfffbf000: 0,   // no bit rate
		0xfffb9c00: 0,   // no sample rate
		0xffeb9000: 0,   // no version
		0xfffd9000: 0,   // layer II
		0x00fb9000: 0,   // no sync
	} {
		if got := mp3FrameSize(binary.BigEndian.AppendUint32(nil, head)); got != want {
			t.Errorf("%08x: %d bytes, want %d", head, got, want)
		}
	}
	if mp3FrameSize([]byte{0xff, 0xfb}) != 0 {
		t.Error("half a header has a size")
	}
}

func FuzzSniff(f *testing.F) {
	for _, data := range hostile {
		f.Add([]byte(data))
	}
	for _, name := range []string{"voice.amr", "voice.awb", "voice.mp3", "voice.spx", "index-last.mp4", "turned.mov", "picture.webp"} {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		format, err := Sniff(data)
		if err != nil {
			if format != "" || reasonOf(err) == "" {
				t.Errorf("%q with %v", format, err)
			}
			return
		}
		if format.Kind() == "" {
			t.Errorf("%q is for no kind of message", format)
		}
		if first := "#IORG\x89\xff\x00"; strings.IndexByte(first, data[0]) < 0 {
			t.Errorf("%q begins with %q", format, data[0])
		}
	})
}
