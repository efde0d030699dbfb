package wall

import (
	"fmt"
	"strings"
)

// faceTones are eight pairs (ground, face) of equal lightness and chroma in
// OKLCH: L 0.60 C 0.095 and L 0.90 C 0.045 at hues 20°, 65° … 335°. No person
// looks brighter than another because of a random number.
var faceTones = [8][2]string{
	{"#b26868", "#fbd3d2"}, {"#a7743f", "#f4d9c0"}, {"#84853d", "#dfe1bf"}, {"#4d9167", "#c8e7d1"},
	{"#1f9197", "#bce8ea"}, {"#4c86b5", "#c6e2fb"}, {"#7f76b5", "#dddafb"}, {"#a36a97", "#f2d3ea"},
}

// The parts of a face on a field of 96 × 96; L stands for the light tone, D
// for the dark one.
var (
	faceTops = []string{
		``,
		`<path d="M20 30 28 8l18 14z" fill="L"/><path d="M76 30 68 8 50 22z" fill="L"/>`,
		`<circle cx="25" cy="23" r="11" fill="L"/><circle cx="71" cy="23" r="11" fill="L"/>`,
		`<path d="M34 26C30 10 36 2 38 2s6 10 4 22zM62 26c4-16-2-24-4-24s-6 10-4 22z" fill="L"/>`,
		`<path d="M48 24V10" stroke="L" stroke-width="4" stroke-linecap="round"/><circle cx="48" cy="9" r="6" fill="L"/>`,
		`<path d="M40 22c0-10 6-16 18-16-2 10-6 16-14 18z" fill="L"/>`,
		`<path d="M28 24 32 8l8 12 8-14 8 14 8-12 4 16z" fill="L"/>`,
	}
	faceHeads = []string{
		`<circle cx="48" cy="54" r="34" fill="L"/>`,
		`<rect x="15" y="21" width="66" height="66" rx="22" fill="L"/>`,
		`<path d="M48 20c24 0 36 16 36 36S68 88 48 88 12 76 12 56s12-36 36-36z" fill="L"/>`,
		`<path d="M48 19 79 37v35L48 90 17 72V37z" fill="L" stroke="L" stroke-width="6" stroke-linejoin="round"/>`,
		`<path d="M14 52a34 32 0 0 1 68 0v24a12 12 0 0 1-12 12H26a12 12 0 0 1-12-12z" fill="L"/>`,
	}
	faceEyes = []string{
		`<circle cx="36" cy="52" r="5" fill="D"/><circle cx="60" cy="52" r="5" fill="D"/>`,
		`<path d="M29 53c3-5 9-5 12 0M55 53c3-5 9-5 12 0" fill="none" stroke="D" stroke-width="4" stroke-linecap="round"/>`,
		`<path d="M36 46v10M60 46v10" stroke="D" stroke-width="6" stroke-linecap="round"/>`,
		`<circle cx="35" cy="52" r="9" fill="none" stroke="D" stroke-width="4"/><circle cx="61" cy="52" r="9" fill="none" stroke="D" stroke-width="4"/><path d="M44 52h8" stroke="D" stroke-width="4"/>`,
		`<circle cx="36" cy="52" r="5" fill="D"/><path d="M54 52h12" stroke="D" stroke-width="5" stroke-linecap="round"/>`,
		`<path d="M30 50c3 5 9 5 12 0M54 50c3 5 9 5 12 0" fill="none" stroke="D" stroke-width="4" stroke-linecap="round"/>`,
	}
	faceMouths = []string{
		`<path d="M37 67c5 8 17 8 22 0" fill="none" stroke="D" stroke-width="4" stroke-linecap="round"/>`,
		`<path d="M36 66h24a12 12 0 0 1-24 0z" fill="D"/>`,
		`<circle cx="48" cy="70" r="5" fill="D"/>`,
		`<path d="M40 70h16" stroke="D" stroke-width="4" stroke-linecap="round"/>`,
		`<path d="M36 67c3 5 9 5 12 0 3 5 9 5 12 0" fill="none" stroke="D" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/>`,
		`<path d="M40 71c6 1 12-1 16-6" fill="none" stroke="D" stroke-width="4" stroke-linecap="round"/>`,
	}
)

// DrawnAvatar draws the face of a sender who has no picture, from the random
// value in the sender's row: the same seed gives the same bytes in every
// release. It is an SVG of 96 × 96 without script, text or links.
func DrawnAvatar(seed int64) []byte {
	r := dice(seed)
	tones := faceTones[r.roll(len(faceTones))]
	parts := faceTops[r.roll(len(faceTops))] +
		faceHeads[r.roll(len(faceHeads))] +
		faceEyes[r.roll(len(faceEyes))] +
		faceMouths[r.roll(len(faceMouths))]
	parts = strings.NewReplacer(`"L"`, `"`+tones[1]+`"`, `"D"`, `"`+tones[0]+`"`).Replace(parts)
	return fmt.Appendf(nil,
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96"><rect width="96" height="96" fill="%s"/>%s</svg>`,
		tones[0], parts)
}

// dice is a stream of numbers that follows from a seed alone: SplitMix64
// (Steele, Lea and Flood 2014), written out so that no release of Go changes it.
type dice uint64

func (d *dice) roll(n int) int {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int((z ^ z>>31) % uint64(n))
}
