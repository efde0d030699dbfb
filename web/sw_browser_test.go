package web_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"callbackd/internal/testkit/walltest"
)

// pusher hands pushes to the service worker of a tab's wall, as the browser's
// push service would.
type pusher struct {
	*tab
	origin string
	mu     sync.Mutex // guards id
	id     serviceworker.RegistrationID
}

func pushTo(b *tab, w *walltest.Wall) *pusher {
	b.t.Helper()
	p := &pusher{tab: b, origin: strings.TrimSuffix(w.URL("/"), "/")}
	err := chromedp.Listen(b.ctx, func(ev any) {
		if e, ok := ev.(*serviceworker.EventWorkerRegistrationUpdated); ok {
			p.mu.Lock()
			defer p.mu.Unlock()
			for _, r := range e.Registrations {
				if strings.HasSuffix(r.ScopeURL, "/wall/gala") {
					p.id = r.RegistrationID
				}
			}
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, serviceworker.Enable, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
	walltest.Eventually(b.t, "the service worker is known", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.id != ""
	})
	return p
}

func (p *pusher) push(data string) {
	p.t.Helper()
	p.mu.Lock()
	id := p.id
	p.mu.Unlock()
	_, err := chromedp.Call(p.ctx, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{Origin: p.origin, RegistrationID: id, Data: data})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pusher) pushFrame(f walltest.Frame) {
	p.t.Helper()
	f.Type, f.Account = "notify", walltest.Slug
	data, err := json.Marshal(f)
	if err != nil {
		p.t.Fatal(err)
	}
	p.push(string(data))
}

// shown are title, words and nid of the notifications that the system shows.
func (p *pusher) shown() []string {
	p.t.Helper()
	return eval[[]string](p.tab, `navigator.serviceWorker.getRegistration('/wall/gala').then(async (r) => (await r.getNotifications()).map((n) => n.title + '|' + n.body + '|' + (n.data.nid ?? '')))`)
}

// Claims 3 and 6 of CN104125141A on the side of the terminal: what the
// notification server brings is shown, and acknowledged by HTTPS.
func TestClaimC3C7C17_APushIsShownAndAcknowledged(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1280, 900, "notifications")
	p := pushTo(b, w)
	w.API.Fail("POST notices/n1/ack", 500) // it is tried once more
	p.pushFrame(mention("n1", 1))
	acked(t, w, walltest.Ack{NID: "n1", How: "prompt"})
	if got := p.shown(); !slices.Equal(got, []string{"阿依古丽·买买提 ✨|@林小满 你那边看得到烟花吗？|n1"}) {
		t.Errorf("shown: %q", got)
	}
	p.pushFrame(mention("n1", 1))
	walltest.Eventually(t, "the second time it is acknowledged", func() bool { return len(w.API.Acks()) == 2 })
	if len(p.shown()) != 1 {
		t.Error("shown twice")
	}
	p.push(`{"type":"cancel","nid":"n1"}`)
	walltest.Eventually(t, "it is taken back", func() bool { return len(p.shown()) == 0 })
}

func TestF5_ChannelAndPushAreOneItem(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1280, 900, "notifications")
	listening(t, w)
	p := pushTo(b, w)
	b.hide()
	w.API.Tell(mention("n1", 1))
	prompt := walltest.Ack{NID: "n1", How: "prompt"}
	acked(t, w, prompt)
	p.pushFrame(mention("n1", 1))
	acked(t, w, prompt, prompt)
	p.pushFrame(mention("n2", 1))
	acked(t, w, prompt, prompt, walltest.Ack{NID: "n2", How: "prompt"})
	w.API.Tell(mention("n2", 1)) // the push was quicker than the channel
	walltest.Eventually(t, "acknowledged by the page too", func() bool { return len(w.API.Acks()) == 4 })
	if got := p.shown(); len(got) != 2 {
		t.Errorf("shown: %q", got)
	}
	if title := eval[string](b, `document.title`); !strings.HasPrefix(title, "(2) ") {
		t.Errorf("unread: %s", title)
	}
}

// Whatever comes, something is shown and nothing breaks.
func TestF33_APushThatSaysNothingIsASentence(t *testing.T) {
	w := walltest.New(t)
	b := openBound(t, w, 1280, 900, "notifications")
	p := pushTo(b, w)
	for _, data := range []string{"", "no json", `[]`, `null`, `{"type":"other"}`, `{"type":"notify","nid":7}`} {
		// Nothing says when it is shown, and Chromium loses one that is being shown
		// while somebody asks for the list: so it is pushed as often as one is asked for.
		walltest.Eventually(t, "a sentence for "+data, func() bool {
			p.push(data)
			return slices.Equal(p.shown(), []string{"有新提醒 · A new notice||"})
		})
		walltest.Eventually(t, "it is closed", func() bool {
			b.do(`navigator.serviceWorker.getRegistration('/wall/gala').then(async (r) => { for (const n of await r.getNotifications()) n.close(); })`)
			return len(p.shown()) == 0
		})
	}
	evil := mention("n1", 1)
	evil.URL = "https://evil.example/wall/gala"
	p.pushFrame(evil)
	acked(t, w, walltest.Ack{NID: "n1", How: "prompt"})
	if url := eval[string](b, `navigator.serviceWorker.getRegistration('/wall/gala').then(async (r) => (await r.getNotifications())[0].data.url)`); url != "/wall/gala" {
		t.Errorf("it leads to %s", url)
	}
}

// A tap on a notification leads to the open wall and says that it was read. The
// browser's own tap cannot be had here: the worker is handed the event.
func TestBrowser_ATapOnANotificationIsRead(t *testing.T) {
	w := walltest.New(t)
	w.Say("eins")
	b := openBound(t, w, 1280, 900, "notifications")
	p := pushTo(b, w)
	w.API.Keep(mention("n1", 1))
	p.pushFrame(mention("n1", 1))
	acked(t, w, walltest.Ack{NID: "n1", How: "prompt"})
	worker := workerOf(t, b)
	if _, err := chromedp.Run(worker, chromedp.Evaluate[bool](`(async () => {
		const [notification] = await self.registration.getNotifications();
		self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
		return true;
	})()`, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
	walltest.Eventually(t, "it is read", func() bool { return slices.Equal(w.API.Reads(), []string{"n1"}) })
	walltest.Eventually(t, "it is closed", func() bool { return len(p.shown()) == 0 })
	b.until("the message is marked on the open wall", `document.querySelector('.row.told')?.dataset.seq === '1'`)
}

func workerOf(t *testing.T, b *tab) context.Context {
	t.Helper()
	var id target.ID
	walltest.Eventually(t, "the worker runs", func() bool {
		all, err := chromedp.CallBrowser(b.ctx, target.GetTargets, target.GetTargetsParams{})
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range all.TargetInfos {
			if info.Type == "service_worker" && info.BrowserContextID == chromedp.FromContext(b.ctx).BrowserContextID {
				id = info.TargetID
			}
		}
		return id != ""
	})
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id))
	t.Cleanup(cancel)
	return ctx
}

// The dialog explains, and the browser is asked only after a click; without a
// push service the device is reached by its open pages.
func TestBrowser_NotificationsAreAskedForAfterAClick(t *testing.T) {
	w := walltest.New(t)
	b := openLive(t, w)
	b.allow("notifications", "prompt")
	b.do(`window.asked = 0; Notification.requestPermission = async () => { window.asked += 1; return Notification.permission; }`)
	b.asks(w)
	w.API.Agree(follower)
	b.until("the question", sees("#bind [data-part=question]"))
	b.click("#bind [data-part=confirm]")
	b.until("the offer, with its reason", sees("#bind [data-part=allow]")+` && document.querySelector('#bind [data-part=why]').textContent.includes('浏览器会再问你一次')`)
	if eval[int](b, `asked`) != 0 || eval[int](b, `navigator.serviceWorker.getRegistrations().then((r) => r.length)`) != 0 {
		t.Error("asked before the click")
	}
	b.allow("notifications", "granted")
	b.click("#bind [data-part=allow]")
	b.until("allowed", `document.querySelector('#bind [data-part=why]').textContent.includes('会用系统通知提醒你')`)
	if d := w.API.Devices(); len(d) != 1 || d[0].Provider != "" {
		t.Errorf("devices: %+v", d)
	}
}
