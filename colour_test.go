package callbackd

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestTheme_RefusesWhatCannotBeRead(t *testing.T) {
	for want, c := range map[string]Colours{
		"":               {Ground: "#7a1420", Accent: "#ffd27a"},
		" ":              {Ground: "#f6f4ef", Ink: "#14161a", Accent: "#0a7f4e"},
		"a contrast of":  {Ground: "#ffffff", Ink: "#777777", Accent: "#000000"}, // 4.48: just not
		"72 % of ink":    {Ground: "#ffffff", Ink: "#555555", Accent: "#000000"},
		"accent #cc0000": {Accent: "#cc0000"},
		"is no colour":   {Ink: "red"},
		"ground \"#12\"": {Ground: "#12"},
	} {
		theme, err := c.Theme()
		if strings.TrimSpace(want) == "" {
			if err != nil || theme.Ground != c.Ground || theme.Accent != c.Accent || theme.Light != (c.Ground == "#f6f4ef") {
				t.Errorf("%+v: %+v, %v", c, theme, err)
			}
		} else if err == nil || !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	black, _ := parseColour(Label{}, "#000000")
	white, _ := parseColour(Label{}, "#ffffff")
	grey, _ := parseColour(Label{}, "#777777")
	if got := contrast(black, white); math.Abs(got-21) > 0.001 {
		t.Errorf("black on white: %f", got)
	}
	if got := contrast(grey, white); math.Abs(got-4.478) > 0.001 {
		t.Errorf("#777 on white: %f", got)
	}
}
