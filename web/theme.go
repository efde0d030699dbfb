package web

import (
	"fmt"

	"callbackd"
)

// ThemeCSS is a stylesheet with an event's colours and background, for after
// static/css/tokens.css: it sets tokens, in every colour scheme alike. background is
// the path of a picture; empty: none.
func ThemeCSS(t callbackd.Theme, background string) string {
	scheme := "dark"
	if t.Light {
		scheme = "light"
	}
	picture := "none"
	if background != "" {
		picture = `url("` + background + `")`
	}
	return fmt.Sprintf(`:root {
  color-scheme: %s;
  --ground: %s;
  --raised: color-mix(in srgb, %[3]s 8%%, %[2]s);
  --ink: %[3]s;
  --accent: %[4]s;
  --on-accent: %[5]s;
  --backdrop: %[6]s;
}
`, scheme, t.Ground, t.Ink, t.Accent, t.OnAccent, picture)
}
