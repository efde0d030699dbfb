package web

import (
	"encoding/hex"
	"math"
	"regexp"
	"strings"
	"testing"
)

// The contrast that the tokens must keep on their grounds: 4.5:1 for the
// accent, the alert and every text, 72 % ink included.
func TestTokens_KeepTheirContrast(t *testing.T) {
	css := string(staticTree().files["css/tokens.css"].body)
	dark, light, ok := strings.Cut(css, "prefers-color-scheme: light")
	if !ok {
		t.Fatal("no light theme")
	}
	for theme, text := range map[string]string{"dark": dark, "light": light} {
		ink := token(t, text, "ink")
		for _, under := range []string{"ground", "raised"} {
			ground := token(t, text, under)
			quiet := ink
			for i := range quiet {
				quiet[i] = 0.72*ink[i] + 0.28*ground[i]
			}
			for name, colour := range map[string][3]float64{"ink": ink, "ink at 72 %": quiet,
				"accent": token(t, text, "accent"), "alert": token(t, text, "alert")} {
				if c := contrast(colour, ground); c < 4.5 {
					t.Errorf("%s: %s has %.2f:1 on %s", theme, name, c, under)
				}
			}
		}
		if c := contrast(token(t, text, "on-accent"), token(t, text, "accent")); c < 4.5 {
			t.Errorf("%s: text on accent has %.2f:1", theme, c)
		}
	}
}

func TestColours_StandInTheTokensAlone(t *testing.T) {
	colour := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`)
	for name, file := range staticTree().files {
		if !strings.HasPrefix(name, "css/") || name == "css/tokens.css" {
			continue
		}
		for _, hit := range colour.FindAllString(string(file.body), -1) {
			t.Errorf("%s: %s belongs in tokens.css", name, hit)
		}
	}
}

func token(t *testing.T, css, name string) [3]float64 {
	t.Helper()
	m := regexp.MustCompile(`--` + name + `: #([0-9a-f]{6});`).FindStringSubmatch(css)
	if m == nil {
		t.Fatalf("no colour --%s", name)
	}
	b, err := hex.DecodeString(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return [3]float64{float64(b[0]), float64(b[1]), float64(b[2])}
}

// contrast is that of WCAG 2.
func contrast(a, b [3]float64) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c [3]float64) float64 {
	linear := func(v float64) float64 {
		if v /= 255; v <= 0.04045 {
			return v / 12.92
		} else {
			return math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}
