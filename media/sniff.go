package media

import (
	"bytes"
	"encoding/binary"

	"github.com/gabriel-vasile/mimetype"

	"callbackd"
)

// Format is a kind of file that we read.
type Format string

// The allow-list.
const (
	FormatAMRNB Format = "amr-nb"
	FormatAMRWB Format = "amr-wb"
	FormatMP3   Format = "mp3"
	FormatSpeex Format = "speex" // in Ogg
	FormatMP4   Format = "mp4"   // and its family: MOV, 3GP, M4V
	FormatJPEG  Format = "jpeg"
	FormatPNG   Format = "png"
	FormatGIF   Format = "gif"
	FormatWebP  Format = "webp"
)

// Kind is the kind of message whose file may have this format.
func (f Format) Kind() callbackd.Kind {
	switch f {
	case FormatAMRNB, FormatAMRWB, FormatMP3, FormatSpeex:
		return callbackd.KindVoice
	case FormatMP4:
		return callbackd.KindVideo
	case FormatJPEG, FormatPNG, FormatGIF, FormatWebP:
		return callbackd.KindImage
	}
	return ""
}

// SniffLen is how many bytes of a file Sniff looks at, at most.
const SniffLen = 4096

const (
	magicAMRNB = "#!AMR\n"
	magicAMRWB = "#!AMR-WB\n"
	magicSilk  = "#!SILK_V3"
)

// Sniff tells a file's format by its first bytes. What is not on the allow-list
// is a RefusedError: drawings (SVG), playlists, web pages, JSON errors that
// were saved as a file, and everything else.
func Sniff(head []byte) (Format, error) {
	head = head[:min(len(head), SniffLen)]
	has := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case len(head) == 0:
		return "", refuse(ReasonTruncated, "an empty file")
	case has(magicAMRNB):
		return FormatAMRNB, nil
	case has(magicAMRWB):
		return FormatAMRWB, nil
	case has(magicSilk), has("\x02" + magicSilk):
		return "", refuse(ReasonSilk, "a SILK voice")
	case has("\xff\xd8\xff"):
		return FormatJPEG, nil
	case has("\x89PNG\r\n\x1a\n") && at(head, 12, "IHDR"):
		return FormatPNG, nil
	case has("GIF87a"), has("GIF89a"):
		return FormatGIF, nil
	case has("RIFF") && (at(head, 8, "WEBPVP8 ") || at(head, 8, "WEBPVP8L") || at(head, 8, "WEBPVP8X")):
		return FormatWebP, nil
	case at(head, 4, "ftyp"):
		return sniffFamily(head)
	case isSpeex(head):
		return FormatSpeex, nil
	case isMP3(head):
		return FormatMP3, nil
	}
	return "", refuse(ReasonFormat, "looks like %s", mimetype.Detect(head))
}

func at(b []byte, offset int, want string) bool {
	return len(b) >= offset+len(want) && string(b[offset:offset+len(want)]) == want
}

// brands are the major brands of the MP4 family that phones and the platform
// write. Others with the same box are pictures (HEIC, AVIF), books or broadcasts.
var brands = map[string]bool{
	"isom": true, "iso2": true, "iso3": true, "iso4": true, "iso5": true, "iso6": true,
	"mp41": true, "mp42": true, "mmp4": true, "avc1": true, "MSNV": true, "qt  ": true,
	"M4V ": true, "M4VH": true, "M4VP": true,
	"3gp4": true, "3gp5": true, "3gp6": true, "3gp7": true, "3g2a": true, "3g2b": true,
}

func sniffFamily(head []byte) (Format, error) {
	size := binary.BigEndian.Uint32(head)
	if size < 16 || size > 512 || size%4 != 0 || len(head) < 12 {
		return "", refuse(ReasonFormat, "a file type box of %d bytes", size)
	}
	if !brands[string(head[8:12])] {
		return "", refuse(ReasonFormat, "a brand of the MP4 family that is no video")
	}
	return FormatMP4, nil
}

// isSpeex looks for a first Ogg page whose packet is a Speex header (RFC 5574).
func isSpeex(head []byte) bool {
	const fixed = 27 // bytes of a page header before its segment table
	if len(head) < fixed || !bytes.HasPrefix(head, []byte("OggS\x00")) || head[5]&2 == 0 {
		return false
	}
	return at(head, fixed+int(head[26]), "Speex   ")
}

// isMP3 accepts an ID3v2 tag or two MPEG layer III frames that follow each
// other: one alone is found in many files by chance.
func isMP3(head []byte) bool {
	if len(head) >= 10 && string(head[:3]) == "ID3" {
		return head[3] >= 2 && head[3] <= 4 && head[4] != 0xff && (head[6]|head[7]|head[8]|head[9])&0x80 == 0
	}
	n := mp3FrameSize(head)
	return n > 0 && n < len(head) && mp3FrameSize(head[n:]) > 0
}

var (
	mp3Rates1 = [16]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0} // kbit/s, MPEG 1
	mp3Rates2 = [16]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}     // kbit/s, MPEG 2 and 2.5
	mp3Hertz  = [4]int{44100, 48000, 32000, 0}                                               // MPEG 1; 2 has half, 2.5 a quarter
)

// mp3FrameSize is the length in bytes of the layer III frame at the start of b;
// 0 when there is none.
func mp3FrameSize(b []byte) int {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe6 != 0xe2 {
		return 0
	}
	version := b[1] >> 3 & 3 // 0: 2.5, 1: reserved, 2: 2, 3: 1
	hertz := mp3Hertz[b[2]>>2&3]
	rate, samples := mp3Rates1[b[2]>>4], 1152
	switch version {
	case 1:
		return 0
	case 0:
		hertz /= 4
	case 2:
		hertz /= 2
	}
	if version != 3 {
		rate, samples = mp3Rates2[b[2]>>4], 576
	}
	if rate == 0 || hertz == 0 {
		return 0
	}
	return samples/8*rate*1000/hertz + int(b[2]>>1&1)
}
