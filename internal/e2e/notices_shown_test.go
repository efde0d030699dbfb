//go:build e2e

package e2e_test

import (
	"slices"
	"testing"

	"callbackd/notify/pushtest"
)

// In front, a notice is shown in place: the conversation goes to the top, nothing
// is prompted. In the background a prompt is built and shown. Either way the
// terminal says how it showed it, and coming back brings what was missed into
// place.
func TestClaimC6C7C13C14_HiddenThePageBuildsAPromptInFrontItShowsInPlace(t *testing.T) {
	h := newAudience(t, 2)
	me, other := h.who[0], h.who[1]
	h.known(me, other)
	v, inbox := h.binds(computer(), me), h.reads(me)

	h.mentions(other, me, "第一句")
	h.mentions(other, me, "第二句")
	second := inbox.after("第二句", "acked inline "+onComputer)
	first := inbox.after("第一句", "acked inline "+onComputer)
	if tops := eval[[]string](v.page, `[...document.querySelectorAll('#toasts .toast')].map((c) => c.dataset.nid)`); !slices.Equal(tops, []string{string(second.ID), string(first.ID)}) {
		t.Errorf("cards, from the top: %q, want %s above %s", tops, second.ID, first.ID)
	}
	if top := eval[string](v.page, `document.querySelector('#notices li').dataset.nid`); top != string(second.ID) {
		t.Errorf("%s is at the top of the list", top)
	}
	if rows := eval[int](v.page, `document.querySelectorAll('#rows .row.told').length`); rows != 2 {
		t.Errorf("%d rows are marked", rows)
	}
	if prompts := v.prompts(); len(prompts) > 0 {
		t.Errorf("in front: the system shows %q", prompts)
	}

	v.hide()
	v.reports("it is hidden", `s.hidden_ms > 0 && s.active`)
	h.mentions(other, me, "第三句")
	third := inbox.after("第三句", "acked prompt "+onComputer)
	if prompts, want := v.prompts(), []string{other.Profile.Nickname + "|提到了你|" + string(third.ID)}; !slices.Equal(prompts, want) {
		t.Errorf("hidden: the system shows %q, want %q", prompts, want)
	}
	v.show()
	v.until("what was prompted is shown in place", sees(`#toasts [data-nid="`+string(third.ID)+`"]`))
	eventually(t, "and by the system no more", func() bool { return len(v.prompts()) == 0 })
	v.until("three are unread", `document.title.startsWith('(3) ')`)

	v.click("#notices-open")
	for _, words := range []string{"第一句", "第二句", "第三句"} { // who opens the list has read it
		if n := inbox.hasRead(words); len(n.sends()) != 1 {
			t.Errorf("%s was sent %q", n.Body, n.sends())
		}
	}
}

// The whole of CN104125141A: the server, a notification server, and terminals. While
// the computer's channel is up a notice goes by it; when no terminal is connected
// the very bytes that the notification server got and opened are handed to the
// phone's service worker, which shows them, says so, and by a tap reads them.
func TestClaimC1C15_ServerNotificationServerAndTerminals(t *testing.T) {
	h := newAudience(t, 2)
	me, other := h.who[0], h.who[1]
	h.known(me, other)
	mobile := h.binds(phone().withPush(h, "phone"), me)
	desk, inbox := h.binds(computer(), me), h.reads(me)
	if all := inbox.devices(); len(all) != 2 || !slices.ContainsFunc(all, func(d device) bool { return d.Class == "phone" && d.Provider == "webpush" && d.Name == onPhone }) {
		t.Fatalf("devices: %+v", all)
	}
	h.mentions(other, me, "电脑前的人")
	n := inbox.after("电脑前的人", "acked inline "+onComputer)
	if want := []string{"sent channel " + onComputer, "acked inline " + onComputer}; !slices.Equal(n.steps(), want) || len(h.vendors.Requests()) > 0 {
		t.Errorf("with a channel that is up: %q, want %q; the vendor was asked %d times", n.steps(), want, len(h.vendors.Requests()))
	}

	desk.click("#toasts .toast [data-part=open]") // else it would be handed over when they leave
	inbox.hasRead("电脑前的人")

	push := mobile.pusher()
	mobile.leaves()
	desk.leaves()
	inbox.nobodyListens()
	h.mentions(other, me, "路上的人")
	got := h.vendors.Await(t, "the notice", func(r pushtest.Request) bool { return r.Device == "phone" })
	if got.Problem != "" || got.Status != 201 {
		t.Fatalf("the vendor answered %d: %s", got.Status, got.Problem)
	}
	if f := frameOf(got.Plain); f.Type != "notify" || f.Title != other.Profile.Nickname || f.Body != "" || f.Level != 1 {
		t.Errorf("the vendor got %s", got.Plain)
	}
	push(got.Plain)
	n = inbox.after("路上的人", "acked prompt "+onPhone)
	if want := []string{"sent vendor " + onPhone, "vendor vendor " + onPhone, "accepted vendor " + onPhone, "acked prompt " + onPhone}; !slices.Equal(n.steps(), want) {
		t.Errorf("without a channel: %q, want %q", n.steps(), want)
	}
	if prompts, want := mobile.prompts(), []string{other.Profile.Nickname + "|提到了你 · mentioned you|" + string(n.ID)}; !slices.Equal(prompts, want) {
		t.Errorf("the phone shows %q, want %q", prompts, want)
	}
	mobile.taps()
	inbox.hasRead("路上的人")
	eventually(t, "and takes it away", func() bool { return len(mobile.prompts()) == 0 })
}
