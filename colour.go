package callbackd

import (
	"math"
	"strconv"
)

// LeastContrast is what text needs on its ground (WCAG 2.2, 1.4.3, level AA).
const LeastContrast = 4.5

// The product's own colours on screens, in the place of those that an event does
// not name.
var screenColours = Colours{Ground: "#0d0f13", Ink: "#f2f0ea", Accent: "#0fae6b"}

// Theme is a whole set of colours: text of each kind can be read on its ground.
type Theme struct {
	Colours
	OnAccent string // text on the accent
	Light    bool   // the ground is lighter than the ink
}

// Theme fills in what is missing and returns ErrInvalid, with the ratio, where text
// could not be read. Weaker text is the ink at 72 % (static/css/tokens.css).
func (c Colours) Theme() (Theme, error) {
	t := Theme{Colours: c}
	for _, p := range []struct{ to, own *string }{{&t.Ground, &screenColours.Ground}, {&t.Ink, &screenColours.Ink}, {&t.Accent, &screenColours.Accent}} {
		if *p.to == "" {
			*p.to = *p.own
		}
	}
	ground, err := parseColour(labelGround, t.Ground)
	if err != nil {
		return t, err
	}
	ink, err := parseColour(labelInk, t.Ink)
	if err != nil {
		return t, err
	}
	accent, err := parseColour(labelAccent, t.Accent)
	if err != nil {
		return t, err
	}
	for _, p := range []struct {
		what   Label
		colour string
		text   rgb
	}{{labelInk, t.Ink, ink}, {labelWeak, t.Ink, ink.over(ground, 0.72)}, {labelAccent, t.Accent, accent}} {
		if ratio := contrast(p.text, ground); ratio < LeastContrast {
			return t, Told(ErrInvalid, "error.event_contrast", "%s %s on ground %s has a contrast of %.2f:1; text needs %.1f:1",
				p.what, p.colour, t.Ground, math.Floor(ratio*100)/100, LeastContrast)
		}
	}
	t.Light = ground.luminance() > ink.luminance()
	t.OnAccent = t.Ground // passes: it is the same pair as accent on ground
	return t, nil
}

var (
	labelGround = Label{"events.ground", "ground"}
	labelInk    = Label{"events.ink", "ink"}
	labelWeak   = Label{"error.event_weak", "the weaker text, 72 % of ink"}
	labelAccent = Label{"events.accent", "accent"}
)

type rgb [3]float64 // 0 to 1

func parseColour(name Label, s string) (c rgb, err error) {
	v, perr := strconv.ParseUint(s[min(1, len(s)):], 16, 32)
	if len(s) != 7 || s[0] != '#' || perr != nil {
		return c, Told(ErrInvalid, "error.event_colour", "%s %q is no colour: write #rrggbb", name, s)
	}
	for i := range c {
		c[i] = float64(v>>(16-8*i)&0xff) / 255
	}
	return c, nil
}

// over mixes a colour into the one below it.
func (c rgb) over(below rgb, part float64) rgb {
	for i := range c {
		c[i] = c[i]*part + below[i]*(1-part)
	}
	return c
}

// luminance is relative luminance as WCAG defines it.
func (c rgb) luminance() float64 {
	weights, sum := rgb{0.2126, 0.7152, 0.0722}, 0.0
	for i, v := range c {
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weights[i] * v
	}
	return sum
}

func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}
