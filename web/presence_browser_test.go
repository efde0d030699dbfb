package web_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"callbackd/internal/testkit/walltest"
	"callbackd/web"
)

// The evidence of one browser, without a page. Times are ms before now; hidden
// null is a visible page.
func TestClaimB4_TheEvidenceOfOneBrowser(t *testing.T) {
	b := feedPage(t)
	path, err := web.StaticPath("js/evidence.js")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, seats, more, want string }{
		{"touched just now", `[[5000, null]]`, `{}`, `active open 5000`},
		{"touched long ago", `[[120001, null]]`, `{}`, `- open 120001`},
		{"at the threshold", `[[120000, null]]`, `{}`, `active open 120000`},
		{"hidden for a moment", `[[5000, 29000]]`, `{}`, `active open 5000 hidden 29000`},
		{"hidden for half a minute", `[[5000, 30000]]`, `{}`, `- open 5000 hidden 30000`},
		{"our lock", `[[0, null]]`, `{ locked: true }`, `- locked 0`},
		{"our lock before all else", `[[0, null]]`, `{ locked: true, idle: { user: 'active', screen: 'on' } }`, `- locked 0 on/active`},
		{"the screen is locked", `[[0, null]]`, `{ idle: { user: 'active', screen: 'locked' } }`, `- open 0 locked/active`},
		{"the machine is used, in another window", `[[999999, 999999]]`, `{ idle: { user: 'active', screen: 'on' } }`, `active open 999999 hidden 999999 on/active`},
		{"the machine is idle", `[[1000, null]]`, `{ idle: { user: 'idle', screen: 'on' } }`, `- open 1000 on/idle`},
		{"two pages are one person", `[[90000, null], [1000, 500000]]`, `{}`, `active open 1000`},
		{"both hidden, one just now", `[[5000, 500000], [5000, 10]]`, `{}`, `active open 5000 hidden 10`},
		{"a projector is nobody", `[[0, null, true]]`, `{}`, `- open 1000000 kiosk`},
		{"a projector beside a page does not count", `[[0, null, true], [200000, null]]`, `{}`, `- open 200000`},
	}
	for _, tt := range tests {
		got := eval[string](b, `(async () => { const { conclude } = await import('`+path+`'); const now = 1000000;
			const seats = `+tt.seats+`.map(([input, hidden, kiosk = false]) => ({ input: now - input, hidden: hidden === null ? 0 : now - hidden, kiosk }));
			const s = conclude(seats, { locked: false, idle: {}, idleAfter: 120000, ...`+tt.more+` }, now);
			return [s.active ? 'active' : '-', s.client, s.input_age_ms, s.hidden_ms !== undefined && 'hidden ' + s.hidden_ms, s.user && s.screen + '/' + s.user, s.kiosk && 'kiosk'].filter((x) => x !== false && x !== undefined).join(' '); })()`)
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func lastState(w *walltest.Wall) walltest.State {
	if all := w.API.States(); len(all) > 0 {
		return all[len(all)-1]
	}
	return walltest.State{}
}

// Claim 1 of CN105024905B: the computer reports its state.
func TestClaimB1B7_TheComputerReportsItsState(t *testing.T) {
	w := walltest.New(t)
	b := openBound(t, w, 1280, 900)
	listening(t, w)
	walltest.Eventually(t, "a report of somebody", func() bool {
		s := lastState(w)
		return s.Active && s.Client == "open" && s.HiddenMS == 0 && s.Device == w.API.Devices()[0].ID
	})
	b.hide()
	walltest.Eventually(t, "a report that it is hidden", func() bool { return lastState(w).HiddenMS > 0 })
	b.show()
	walltest.Eventually(t, "a report that it is seen", func() bool { return lastState(w).HiddenMS == 0 })
	w.Stop()
	b.until("offline", `document.getElementById('state').dataset.state === 'offline'`)
	reports := len(w.API.States())
	w.Start()
	walltest.Eventually(t, "after a break it reports again", func() bool { return len(w.API.States()) > reports })
	listening(t, w)
	b.navigate("about:blank")
	walltest.Eventually(t, "a beacon that nobody is there", func() bool { s := lastState(w); return s.Beacon && !s.Active })
}

// The Idle Detection API, where the browser has it and its follower wants it.
func TestBrowser_TheWholeMachineIsWatchedAfterAClick(t *testing.T) {
	w := walltest.New(t)
	b := openBound(t, w, 1280, 900)
	openMe(t, w, b, "zh-CN")
	b.until("the offer", sees("#devices [name=idle]"))
	if s := lastState(w); s.User != "" || s.Screen != "" {
		t.Errorf("watched before anybody wanted it: %+v", s)
	}
	b.allow("idle-detection", "granted")
	idle := func(active, unlocked bool) {
		t.Helper()
		_, err := chromedp.Call(b.ctx, emulation.SetIdleOverride, emulation.SetIdleOverrideParams{IsUserActive: active, IsScreenUnlocked: unlocked})
		if err != nil {
			t.Fatal(err)
		}
	}
	idle(true, true)
	b.click("#devices [name=idle]")
	walltest.Eventually(t, "the machine is used", func() bool { s := lastState(w); return s.User == "active" && s.Screen == "on" && s.Active })
	idle(false, true)
	walltest.Eventually(t, "nobody is at it", func() bool { s := lastState(w); return s.User == "idle" && !s.Active })
	idle(true, false)
	walltest.Eventually(t, "the screen is locked", func() bool { s := lastState(w); return s.Screen == "locked" && !s.Active })
	idle(true, true)
	walltest.Eventually(t, "somebody is back", func() bool { return lastState(w).Active })
	b.click("#devices [name=idle]")
	walltest.Eventually(t, "watched no more", func() bool { return lastState(w).User == "" })
	if _, err := chromedp.Call(b.ctx, emulation.ClearIdleOverride, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
}

// A projector is nobody's, and shows nothing of whoever opened it.
func TestF10a_AProjectorIsNobodys(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1920, 1080, "notifications")
	listening(t, w)
	b.navigate(w.PageURL() + "?kiosk=1&lang=zh-CN")
	b.live()
	walltest.Eventually(t, "the report says so", func() bool { s := lastState(w); return s.Kiosk && !s.Active })
	walltest.Eventually(t, "nobody listens", func() bool { return !w.API.Up() })
	w.API.Tell(mention("n1", 1))
	w.Say("zwei")
	b.equals(w)
	for _, part := range []string{"#remind", "#notices-open", "#composer", "#toasts", ".toast", ".row.told"} {
		if eval[bool](b, sees(part)) {
			t.Errorf("%s is on the projector", part)
		}
	}
	if strings.HasPrefix(eval[string](b, `document.title`), "(") || len(w.API.Acks()) != 0 {
		t.Error("a notice reached the projector")
	}
	b.picture("kiosk-1920")
}

// A browser with a push service registers its subscription; when the permission is
// taken back, what is left is the open page.
func TestF33_RegistersItsPushSubscriptionAndGoesOnWithoutIt(t *testing.T) {
	w := walltest.New(t)
	w.API.PushKey = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	b := open(t, 1280, 900, w.PageURL()+"?lang=zh-CN")
	b.allow("notifications", "granted")
	b.navigate(w.PageURL() + "?lang=zh-CN")
	b.live()
	b.do(`
		const made = (key) => ({ endpoint: 'https://push.example/one', options: { applicationServerKey: key }, unsubscribe: async () => { window.sub = null; return true; },
			toJSON: () => ({ endpoint: 'https://push.example/one', keys: { p256dh: 'p', auth: 'a' } }) });
		PushManager.prototype.getSubscription = async () => window.sub ?? null;
		PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => { window.visible = userVisibleOnly; window.sub = made(applicationServerKey.buffer); return window.sub; };`)
	b.bind(w)
	d := w.API.Devices()
	if len(d) != 1 || d[0].Provider != "webpush" || !strings.Contains(string(d[0].Subscription), "https://push.example/one") || !eval[bool](b, `window.visible`) {
		t.Fatalf("devices: %+v", d)
	}
	listening(t, w)
	b.navigate(w.PageURL() + "?lang=zh-CN") // here the browser knows no subscription any more
	walltest.Eventually(t, "registered anew, without push", func() bool {
		d := w.API.Devices()
		return len(d) == 1 && d[0].Provider == ""
	})
	listening(t, w)
}

// The worker registers a new subscription by itself, and the page follows.
func TestBrowser_TheWorkerRegistersANewSubscription(t *testing.T) {
	w := walltest.New(t)
	b := openBound(t, w, 1280, 900, "notifications")
	listening(t, w)
	before := w.API.Devices()
	b.do(`PushManager.prototype.getSubscription = async () => ({ endpoint: 'https://push.example/two' })`)
	if _, err := chromedp.Run(workerOf(t, b), chromedp.Evaluate[bool](`(() => {
		const event = new ExtendableEvent('pushsubscriptionchange');
		event.newSubscription = { endpoint: 'https://push.example/two', toJSON: () => ({ endpoint: 'https://push.example/two', keys: { p256dh: 'p', auth: 'a' } }) };
		self.dispatchEvent(event);
		return true;
	})()`)); err != nil {
		t.Fatal(err)
	}
	walltest.Eventually(t, "the new one stands in the old one's place", func() bool {
		d := w.API.Devices()
		return len(d) == 1 && d[0].Provider == "webpush" && d[0].ID != before[0].ID
	})
	if !slices.Contains([]string{"computer", "phone"}, w.API.Devices()[0].Class) || w.API.Devices()[0].Name != before[0].Name {
		t.Errorf("it is another device: %+v", w.API.Devices())
	}
	walltest.Eventually(t, "the page listens to it", func() bool { return w.API.ListensTo(w.API.Devices()[0].ID) })
}
