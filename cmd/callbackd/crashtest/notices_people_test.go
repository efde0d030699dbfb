package crashtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/pushtest"
	"callbackd/rehearsal"
)

// lookPause is between two looks that cost the server something.
const lookPause = 20 * time.Millisecond

// person is a follower who is told of one message, with the app that is bound to
// them.
type person struct {
	run     *noticesRun
	name    string // of the instant that they are there for
	account *rehearsal.Account
	number  callbackd.FakeID
	public  string // what others call them
	sender  int64  // their row
	addr    string // of the app; one address may not make many viewers
	token   string // of the app
	device  *device

	words string // of the message
}

// newPerson makes somebody follow an account and binds an app to them: the code
// by a message, the question answered, and the app's own yes.
func (r *noticesRun) newPerson(name string, a *rehearsal.Account) *person {
	r.t.Helper()
	for {
		who, err := r.platform.Crowd(1)
		if err != nil {
			r.t.Fatal(err)
		}
		if _, err := a.Follow(who[0], time.Time{}); err != nil {
			r.t.Fatal(err)
		}
		r.people++
		p := &person{run: r, name: name, account: a, number: who[0], addr: fmt.Sprintf("10.0.%d.%d", r.people/256, r.people%256)}
		p.bind()
		if taken := string(a.Config.Slug) + " " + p.public; !r.names[taken] {
			r.names[taken] = true
			return p
		}
		p.unfollow() // names are drawn, and a name of two is nobody's
	}
}

func (p *person) bind() {
	t := p.run.t
	t.Helper()
	var made struct{ Token string }
	p.call(http.MethodPost, "/api/v1/viewers", map[string]any{"account": p.account.Config.Slug}, http.StatusCreated, &made)
	p.token = made.Token
	var binding struct{ Code string }
	p.call(http.MethodPost, "/api/v1/me/binding", nil, http.StatusOK, &binding)
	if asked := p.say(binding.Code); !strings.Contains(asked, "回复 1 确认") {
		t.Fatalf("the code was answered with %q", asked)
	}
	if p.say("1") == "" {
		t.Fatal("the yes was not answered")
	}
	var bound struct{ State, Name string }
	p.call(http.MethodPost, "/api/v1/me/binding/confirm", nil, http.StatusOK, &bound)
	if bound.State != "bound" || bound.Name == "" {
		t.Fatalf("bound: %+v", bound)
	}
	p.public = bound.Name
	contact, _ := p.account.Contact(p.number)
	db := p.run.db.live(t)
	defer db.Close()
	p.sender = number(t, db, fmt.Sprintf(`SELECT s.id FROM senders s JOIN accounts a ON a.id = s.account_id WHERE a.slug = '%s' AND s.open_id = '%s'`,
		p.account.Config.Slug, contact.OpenID))
}

func (p *person) unfollow() {
	payload, err := p.account.Act(rehearsal.Event{From: p.number, Name: "unsubscribe"})
	if err != nil {
		p.run.t.Fatal(err)
	}
	p.deliver(payload)
}

// say sends words to the account until they are answered, and returns the reply.
func (p *person) say(words string) string {
	p.run.t.Helper()
	record, err := p.account.Say(rehearsal.Message{From: p.number, Content: words})
	if err != nil {
		p.run.t.Fatal(err)
	}
	return p.deliver(p.account.Payload(record))
}

func (p *person) deliver(payload rehearsal.Payload) (reply string) {
	r := p.run
	r.t.Helper()
	r.server.await("an answer to a push", func() (bool, string) {
		v, err := p.account.Send(r.t.Context(), payload, rehearsal.SendOptions{Attempts: 1})
		if err != nil {
			r.t.Fatal(err)
		}
		if v.Outcome == rehearsal.OutcomeReply {
			reply = v.Reply.Content
		}
		return v.Outcome != rehearsal.OutcomeFault, v.Why
	})
	return reply
}

// call asks the API as the person's app does, and reads what it answers.
func (p *person) call(method, path string, in any, want int, into any) {
	t := p.run.t
	t.Helper()
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.run.house.addr+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", p.addr)
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	resp, err := reader.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", method, path, err, p.run.house.logTail())
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s: status %d, %v: %s\n%s", method, path, resp.StatusCode, err, answer, p.run.house.logTail())
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, answer)
		}
	}
}

// hasDevice registers an end: with a vendor where one is given.
func (p *person) hasDevice(class callbackd.Class, vendor *pushtest.Device) *device {
	p.run.t.Helper()
	in := map[string]any{"class": class, "name": "device"}
	d := &device{person: p, vendor: vendor}
	if vendor != nil && vendor.Vendor == pushtest.FCM {
		in["provider"], in["token"] = callbackd.ProviderFCM, vendor.Token
	} else if vendor != nil {
		in["provider"] = callbackd.ProviderWebPush
		in["subscription"] = json.RawMessage(vendor.SubscriptionAt(p.run.toBrowsers.url + d.webPushPath()))
	}
	var out struct{ Device callbackd.PublicID }
	p.call(http.MethodPost, "/api/v1/me/devices", in, http.StatusCreated, &out)
	d.id, p.device = out.Device, d
	return d
}

// wakeAck acknowledges as an app does that its vendor woke.
func (p *person) wakeAck(nid callbackd.NoticeID) {
	p.run.t.Helper()
	p.call(http.MethodPost, "/api/v1/notices/"+string(nid)+"/ack", map[string]any{"how": callbackd.HowPrompt}, http.StatusNoContent, nil)
}

// inWeChat are the notices that the account's messages to the person are about.
func (p *person) inWeChat() []callbackd.NoticeID {
	var all []callbackd.NoticeID
	for _, sent := range p.account.Sent() {
		if sent.Number == p.number {
			_, nid, _ := strings.Cut(sent.Content, "?notice=")
			all = append(all, callbackd.NoticeID(nid))
		}
	}
	return all
}

// trail is what became of the person's notices, as the rows of the running server
// have it.
func (p *person) trail() []notify.Key {
	p.run.t.Helper()
	db := p.run.db.live(p.run.t)
	defer db.Close()
	return trailOf(p.run.t, db, p)
}

func trailOf(t *testing.T, db rows, p *person) (keys []notify.Key) {
	t.Helper()
	query(t, db, fmt.Sprintf(`SELECT e.event FROM notice_events e JOIN notices n ON n.id = e.notice_id WHERE n.sender_id = %d ORDER BY e.id`, p.sender),
		func(scan func(...any)) {
			var k notify.Key
			scan(&k)
			keys = append(keys, k)
		})
	return keys
}

// ended is how the person's chain ended; empty: it runs.
func (p *person) ended() (end notify.Key) {
	p.run.t.Helper()
	db := p.run.db.live(p.run.t)
	defer db.Close()
	query(p.run.t, db, fmt.Sprintf(`SELECT ended FROM deliveries WHERE sender_id = %d`, p.sender), func(scan func(...any)) { scan(&end) })
	return end
}

// awaitTrail returns when the trail holds a key so many times.
func (p *person) awaitTrail(key notify.Key, times int) {
	r := p.run
	r.t.Helper()
	db := r.db.live(r.t)
	defer db.Close()
	r.server.await(fmt.Sprintf("%q in the trail of %s", key, p.name), func() (bool, string) {
		keys := trailOf(r.t, db, p)
		return count(keys, key) >= times, fmt.Sprint(keys)
	})
}

func count[T comparable](all []T, one T) (n int) {
	for _, v := range all {
		if v == one {
			n++
		}
	}
	return n
}

// awaitRow returns when a query gives something other than 0.
func (p *person) awaitRow(what, text string) {
	r := p.run
	r.t.Helper()
	db := r.db.live(r.t)
	defer db.Close()
	r.server.await(what+" of "+p.name, func() (bool, string) { return number(r.t, db, text) != 0, fmt.Sprint(trailOf(r.t, db, p)) })
}

// letPass lets the time be over that the person's chain waits for. The server looks
// at it at once, because something about its follower changed.
func (p *person) letPass() {
	r := p.run
	r.t.Helper()
	db := r.db.live(r.t)
	defer db.Close()
	var id, rev int64
	var c notify.Chain
	query(r.t, db, fmt.Sprintf(`SELECT notice_id, rev, state FROM deliveries WHERE sender_id = %d`, p.sender), func(scan func(...any)) {
		var state []byte
		scan(&id, &rev, &state)
		if err := json.Unmarshal(state, &c); err != nil {
			r.t.Fatal(err)
		}
	})
	over := time.Now()
	tries := []*notify.Try{&c.WeChat}
	for i := range c.Ends {
		tries = append(tries, &c.Ends[i].Channel, &c.Ends[i].Vendor, &c.Ends[i].Again)
	}
	for _, t := range tries {
		if t.Used() {
			t.Due = over
		}
	}
	state, err := json.Marshal(c)
	if err != nil {
		r.t.Fatal(err)
	}
	r.change(fmt.Sprintf(`UPDATE deliveries SET state = '%s', due_at = %d WHERE notice_id = %d AND rev = %d`, state, over.UnixMilli(), id, rev))
	p.call(http.MethodPatch, "/api/v1/me/preferences", map[string]any{"idle_after_s": callbackd.IdleAfterDefault}, http.StatusOK, nil)
}
