//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	protocol "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/rehearsal"
)

// The names that devices of the tests have.
const (
	onComputer = "Chrome · Linux"
	onPhone    = "Chrome · Android"
)

const phoneAgent = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36"

// viewer is a browser that may be bound to a follower.
type viewer struct {
	*page
	house *audience
	end   end
}

// overhear notes what the connection carries: frames for the device, and the
// reports of the page that the server has taken.
const overhear = `window.frames_ = []; window.reports = [];
window.WebSocket = class extends WebSocket {
	calls = new Map();
	constructor(...args) {
		super(...args);
		this.addEventListener('message', ({ data }) => { for (const line of data.split('\n')) if (line) this.heard(JSON.parse(line)); });
	}
	heard({ id, error, push }) {
		if (this.calls.has(id) && !error) window.reports.push(this.calls.get(id));
		if (push?.channel?.startsWith('device:') && push.pub) window.frames_.push(push.pub.data);
	}
	send(data) {
		for (const line of data.split('\n')) {
			const { id, rpc } = line ? JSON.parse(line) : {};
			if (rpc?.method === 'state') this.calls.set(id, rpc.data);
		}
		super.send(data);
	}
};`

// pushService stands for the part of the browser that talks to its push service:
// here that may not leave the machine, and would never answer.
const pushService = `(() => {
	const given = %s; // a subscription; null: the browser has no push service
	const name = 'push-service';
	const made = () => ({ endpoint: given.endpoint, toJSON: () => given,
		options: { applicationServerKey: Uint8Array.from(JSON.parse(localStorage.getItem(name))).buffer },
		unsubscribe: async () => { localStorage.removeItem(name); return true; } });
	PushManager.prototype.getSubscription = async () => (given && localStorage.getItem(name) ? made() : null);
	PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
		if (!given) throw new DOMException('no push service', 'AbortError');
		localStorage.setItem(name, JSON.stringify([...applicationServerKey]));
		return made();
	};
})();`

// prepare makes a tab the browser that its end says, before it opens anything.
func (v *viewer) prepare() {
	v.t.Helper()
	v.watch()
	v.always(overhear)
	given := []byte("null")
	if v.end.push != nil {
		given = v.end.push.Subscription()
	}
	v.always(fmt.Sprintf(pushService, given))
	if v.end.phone {
		if _, err := chromedp.Call(v.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: phoneAgent}); err != nil {
			v.t.Fatal(err)
		}
	}
	setting := browser.PermissionSettingGranted
	if v.end.denied {
		setting = browser.PermissionSettingDenied
	}
	v.permits("notifications", setting)
}

// permits decides about a permission of the browser.
func (v *viewer) permits(name string, setting browser.PermissionSetting) {
	v.t.Helper()
	_, err := chromedp.CallBrowser(v.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: name}, Setting: setting, BrowserContextID: chromedp.FromContext(v.ctx).BrowserContextID})
	if err != nil {
		v.t.Fatalf("permission %s: %v", name, err)
	}
}

// another opens the wall in one more page of the same browser, in front of this one.
func (v *viewer) another() *viewer {
	v.t.Helper()
	ctx, cancel := chromedp.NewContext(v.ctx, chromedp.WithNewWindow(false))
	v.t.Cleanup(cancel)
	w := &viewer{page: &page{t: v.t, ctx: ctx}, house: v.house, end: v.end}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(v.end.width), int64(v.end.height))); err != nil {
		v.t.Fatal(err)
	}
	w.prepare()
	w.visit(v.house.wall(v.house.account))
	w.live()
	v.until("the page is behind", `document.visibilityState === 'hidden'`)
	return w
}

// sees reports whether somebody can see what a selector finds.
func sees(selector string) string {
	return fmt.Sprintf(`(%s?.checkVisibility() ?? false)`, one(selector))
}

// asks presses the tool and returns the code that the page shows.
func (v *viewer) asks() string {
	v.t.Helper()
	v.click("#remind")
	return v.code("")
}

// code is the code that the page shows; another one than before.
func (v *viewer) code(before string) string {
	v.t.Helper()
	const code = `document.querySelector('#bind [data-part=code]').innerText.replace(/\s/g, '')`
	v.until("a code", sees("#bind [data-part=code]")+" && "+code+" !== "+quote(before))
	return eval[string](v.page, code)
}

// agrees is the follower's part of a binding, in WeChat.
func (h *audience) agrees(who rehearsal.Follower, code string) {
	h.t.Helper()
	h.commands(who, code, "有浏览器请求以你的名义接收和发言，回复 1 确认")
	h.commands(who, "1", "请回到浏览器")
}

// isAsked waits for the page's question, which names somebody.
func (v *viewer) isAsked(name string) {
	v.t.Helper()
	v.do(`dispatchEvent(new Event('focus'))`) // as whoever comes back from WeChat
	v.until("the question", sees("#bind [data-part=question]"))
	if q := eval[string](v.page, `document.querySelector('#bind [data-part=question]').innerText`); q != "以 "+name+" 的名义接收提醒和发言？" {
		v.t.Fatalf("the page asks %q", q)
	}
}

// binds goes through all of it with a follower, and waits until the browser can be told.
func (v *viewer) binds(who rehearsal.Follower) {
	v.t.Helper()
	v.house.agrees(who, v.asks())
	v.isAsked(v.house.nameOf(who))
	v.confirms()
}

// confirms is the browser's yes.
func (v *viewer) confirms() {
	v.t.Helper()
	v.click("#bind [data-part=confirm]")
	v.until("the binding is done", sees("#bind [data-part=hello]"))
	v.click("#bind [data-part=later]")
	v.listens()
}

// nameOf is the public name of a follower: what they are called, or while the
// wall does not know it, its own word for them.
func (h *audience) nameOf(who rehearsal.Follower) string {
	h.t.Helper()
	for _, m := range h.feed(h.account) {
		if m.Text == "我是 "+who.Profile.Nickname {
			return m.Sender.Name
		}
	}
	h.t.Fatalf("nobody knows %s yet", who.Profile.Nickname)
	return ""
}

// listens waits until the page's device is reached by its connection, and the
// server has its word of who sits there.
func (v *viewer) listens() {
	v.t.Helper()
	v.until("the viewer's page", sees("#notices-open")+" && "+sees("#composer"))
	v.until("the server has the page's report", `window.reports.length > 0`)
	tick := time.NewTicker(250 * time.Millisecond) // the API allows this often
	defer tick.Stop()
	eventually(v.t, "the device is listened to", func() bool {
		<-tick.C
		return slices.ContainsFunc(v.devices(), func(d device) bool { return d.Here && d.Up })
	})
}

// devices are the follower's, as the page itself reads them.
func (v *viewer) devices() []device {
	v.t.Helper()
	return eval[struct {
		Devices []device `json:"devices"`
	}](v.page, `fetch('/api/v1/me/devices?account=gala').then((r) => r.json())`).Devices
}

// reports waits until the server has the page's word that something holds of it.
func (v *viewer) reports(what, condition string) {
	v.t.Helper()
	v.until("the server has the page's word: "+what, `((s) => s && (`+condition+`))(window.reports.at(-1))`)
}

// frame is what a device got.
type frame struct {
	Type  string             `json:"type"`
	ID    callbackd.NoticeID `json:"nid"`
	Level int                `json:"level"`
	Title string             `json:"title"`
	Body  string             `json:"body"`
}

// alerts are the frames of notices that came to the page since it was loaded.
func (v *viewer) alerts() []frame {
	v.t.Helper()
	return slices.DeleteFunc(eval[[]frame](v.page, `window.frames_`), func(f frame) bool { return f.Type != "notify" })
}

// alertsOf counts those of one notice.
func (v *viewer) alertsOf(id callbackd.NoticeID) int {
	v.t.Helper()
	n := 0
	for _, f := range v.alerts() {
		if f.ID == id {
			n++
		}
	}
	return n
}

// prompts are the notifications that the system shows for the wall: title, words, id.
func (v *viewer) prompts() []string {
	v.t.Helper()
	return eval[[]string](v.page, `navigator.serviceWorker.getRegistration('/wall/gala').then(async (r) => !r ? [] :
		(await r.getNotifications()).map((n) => n.title + '|' + n.body + '|' + (n.data?.nid ?? '')))`)
}

// hide puts another page of the same window in front; show brings this one back.
func (v *viewer) hide() {
	v.t.Helper()
	other, err := chromedp.CallBrowser(v.ctx, target.CreateTarget, target.CreateTargetParams{URL: "about:blank", BrowserContextID: chromedp.FromContext(v.ctx).BrowserContextID})
	if err != nil {
		v.t.Fatal(err)
	}
	if _, err := chromedp.CallBrowser(v.ctx, target.ActivateTarget, target.ActivateTargetParams(other)); err != nil {
		v.t.Fatal(err)
	}
	v.until("the page is hidden", `document.visibilityState === 'hidden'`)
}

func (v *viewer) show() {
	v.t.Helper()
	if _, err := chromedp.Call(v.ctx, protocol.BringToFront, cdp.Empty{}); err != nil {
		v.t.Fatal(err)
	}
	v.until("the page is seen", `document.visibilityState === 'visible'`)
}

// leaves closes the page of the wall; the browser stays, on a page of the server
// that is none of ours.
func (v *viewer) leaves() {
	v.t.Helper()
	v.mayAskInVain() // for that page's icon; and the connection may still be closing
	v.visit(v.house.url("/healthz"))
}

// pusher hands pushes to the service worker of a browser, as its push service
// would. The page must have left the wall or be open on it.
func (v *viewer) pusher() func(data []byte) {
	v.t.Helper()
	ids := make(chan serviceworker.RegistrationID, 1)
	err := chromedp.Listen(v.ctx, func(ev any) {
		e, ok := ev.(*serviceworker.EventWorkerRegistrationUpdated)
		if !ok {
			return
		}
		for _, r := range e.Registrations {
			if strings.HasSuffix(r.ScopeURL, wallPath(v.house.account)) && !r.IsDeleted {
				select {
				case ids <- r.RegistrationID:
				default:
				}
			}
		}
	})
	if err != nil {
		v.t.Fatal(err)
	}
	if _, err := chromedp.Call(v.ctx, serviceworker.Enable, cdp.Empty{}); err != nil {
		v.t.Fatal(err)
	}
	var id serviceworker.RegistrationID
	eventually(v.t, "the service worker is known", func() bool {
		select {
		case id = <-ids:
		default:
		}
		return id != ""
	})
	return func(data []byte) {
		v.t.Helper()
		_, err := chromedp.Call(v.ctx, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{
			Origin: v.house.url(""), RegistrationID: id, Data: string(data)})
		if err != nil {
			v.t.Fatal(err)
		}
	}
}

// taps is a tap on the one notification of the system. The browser's own cannot be
// had here: the worker is handed its event.
func (v *viewer) taps() {
	v.t.Helper()
	ctx := v.worker()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(async () => {
		const [notification] = await self.registration.getNotifications();
		self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
		return true;
	})()`, chromedp.EvalAwaitPromise)); err != nil {
		v.t.Fatal(err)
	}
}

// worker is the running service worker of the browser.
func (v *viewer) worker() context.Context {
	v.t.Helper()
	var id target.ID
	eventually(v.t, "the service worker runs", func() bool {
		all, err := chromedp.CallBrowser(v.ctx, target.GetTargets, target.GetTargetsParams{})
		if err != nil {
			v.t.Fatal(err)
		}
		for _, info := range all.TargetInfos {
			if info.Type == "service_worker" && info.BrowserContextID == chromedp.FromContext(v.ctx).BrowserContextID {
				id = info.TargetID
			}
		}
		return id != ""
	})
	ctx, cancel := chromedp.NewContext(v.ctx, chromedp.WithTargetID(id))
	v.t.Cleanup(cancel)
	return ctx
}

// frameOf reads the payload that a vendor got.
func frameOf(raw []byte) (f frame) {
	if err := json.Unmarshal(raw, &f); err != nil {
		panic(err) // a test that gives anything else is wrong
	}
	return f
}
