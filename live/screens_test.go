package live_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"callbackd/live"
)

func TestScreens_ArePagesThatSayWhatTheyPainted(t *testing.T) {
	var told atomic.Int64
	hub, srv := startHub(t, func(cfg *live.Config) { cfg.ScreensChanged = func() { told.Add(1) } })
	report := func(v *viewer, data string) int { t.Helper(); return v.call("screen", data).code() }
	names := func() string {
		out := ""
		for _, s := range hub.Screens("gala") {
			out += fmt.Sprintf("%s %dx%d rev %d seq %d %v; ", s.Name, s.Width, s.Height, s.Rev, s.Seq, s.Sound)
		}
		return out
	}
	one, two := connect(t, srv), connect(t, srv)
	if got := report(one, `{"wall":"gala","name":"左屏"}`); got != permissionDenied {
		t.Errorf("a wall that the page does not hear: %d", got)
	}
	one.subscribe("wall:gala")
	two.subscribe("wall:gala")
	if got := report(two, `{"wall":"gala","name":" 右\u0000  屏\n","width":1920,"height":1080,"rev":4,"seq":9,"sound":true}`); got != 0 {
		t.Fatalf("%d", got)
	}
	report(one, `{"wall":"gala","name":"左屏","rev":3}`)
	report(one, `{"wall":"gala","name":"左屏","rev":4}`) // in the place of its first word
	if got := names(); got != "右 屏 1920x1080 rev 4 seq 9 true; 左屏 0x0 rev 4 seq 0 false; " {
		t.Errorf("%s", got)
	}
	for _, bad := range []string{`[]`, `{"wall":"gala"}`, `{"wall":"gala","name":"  "}`, `{"wall":"gala","name":"x","width":-1}`, `{"wall":"gala","name":"x","rev":-1}`,
		`{"wall":"../x","name":"x"}`, `{"wall":"gala","name":"x","height":1000000}`, `{"wall":"gala","name":"` + strings.Repeat("x", 1100) + `"}`} {
		if got := report(one, bad); got != badRequest {
			t.Errorf("%.60s: %d", bad, got)
		}
	}
	if len(hub.Screens("other")) != 0 {
		t.Error("a screen is on another wall")
	}
	report(one, `{"wall":"gala","name":"`+strings.Repeat("长", 60)+`"}`)
	if got := []rune(hub.Screens("gala")[1].Name); len(got) != 40 {
		t.Errorf("a name of %d characters", len(got))
	}
	before := told.Load()
	one.close()
	eventually(t, "the closed page is gone", func() bool { return len(hub.Screens("gala")) == 1 && told.Load() > before })
	two.ask(`"unsubscribe":{"channel":"wall:gala"}`)
	eventually(t, "the page that left the wall is gone", func() bool { return len(hub.Screens("gala")) == 0 })
}
