package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/handlers"
	"callbackd/notify/push"
	"callbackd/store"
	"callbackd/store/storetest"
)

// pushed notes what operators' browsers are told.
type pushed struct {
	push.Sender
	mu     sync.Mutex // guards what follows
	said   []string
	answer push.Outcome
}

func (p *pushed) Send(_ context.Context, to push.Target, m push.Message) push.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	var said struct{ Title, Body, URL string }
	_ = json.Unmarshal(m.Payload, &said)
	p.said = append(p.said, to.Subscription.Endpoint()+" "+said.Title+" "+said.Body+" "+said.URL)
	return push.Result{Outcome: p.answer}
}

func (p *pushed) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	said := p.said
	p.said = nil
	return said
}

// alarmed is a desk whose browsers are told what needs a human.
type alarmed struct {
	*deskSite
	sent  *pushed
	free  int
	login bool
}

func newAlarmed(t *testing.T) *alarmed {
	t.Helper()
	clock := storetest.NewClock()
	clock.Advance(time.Since(clock.Now()))
	a := &alarmed{sent: &pushed{answer: push.Accepted}, free: 50}
	hosts, err := push.ParseHosts([]string{"push.example"})
	if err != nil {
		t.Fatal(err)
	}
	a.deskSite = &deskSite{clock: clock, site: newSiteWith(t, clock.Now, func(c *handlers.Config) {
		c.Alerts, c.PushHosts, c.PushKey = a.sent, hosts, pushKey
		c.DiskFree = func() (int, error) { return a.free, nil }
		c.NeedsLogin = func(context.Context, *callbackd.Account) (bool, error) { return a.login, nil }
	})}
	a.acc = a.deskAccount("spring")
	return a
}

// round looks once for what needs a human, and wants these words told.
func (a *alarmed) round(what string, want ...string) {
	a.Helper()
	a.must(a.handlers.TellAlarms(context.Background()))
	got := a.sent.take()
	slices.Sort(got)
	for i, words := range want {
		if i >= len(got) || !strings.Contains(got[i], words) {
			a.Errorf("%s: told %q, want %q", what, got, want)
			return
		}
	}
	if len(got) != len(want) {
		a.Errorf("%s: told %q, want %q", what, got, want)
	}
}

func TestAlerts_RiseRepeatAndEnd(t *testing.T) {
	a := newAlarmed(t)
	sub := func(host string) string {
		return `{"endpoint":"https://push.example/` + host + `","keys":{"p256dh":"` + p256dh + `","auth":"` + auth + `"}}`
	}
	owner := a.as(a.operator("owner", callbackd.Grant{Everything: true}), nil)
	other := a.as(a.operator("other", callbackd.Grant{Account: a.deskAccount("other").ID, Role: callbackd.RoleOwner}), nil)
	a.want("a strange service", owner.post("/desk/me/alerts", "subscription", `{"endpoint":"https://evil.example/x","keys":{"p256dh":"`+p256dh+`","auth":"`+auth+`"}}`), http.StatusBadRequest, "")
	a.want("a browser", owner.post("/desk/me/alerts", "subscription", sub("owner")), http.StatusSeeOther, "/desk/me")
	a.want("another's", other.post("/desk/me/alerts", "subscription", sub("other")), http.StatusSeeOther, "/desk/me")
	a.round("all is well")

	_, err := a.db.Accept(context.Background(), &store.Callback{Account: a.acc, Key: "one", ReceivedAt: a.clock.Now(), CreateTime: a.clock.Now(), Outcome: store.OutcomeAccepted,
		MsgType: "text", From: "oSynthetic-one", Message: &callbackd.Message{Kind: callbackd.KindText, Text: "大家好", SentAt: a.clock.Now()}})
	a.must(err)
	a.round("a message that waits for a moment")
	a.clock.Advance(61 * time.Second)
	a.round("one that waits for a minute", "/owner 有消息等待审核超过一分钟")
	a.clock.Advance(9 * time.Minute)
	a.round("told not long ago")
	a.clock.Advance(time.Minute)
	a.round("it goes on", "/owner 有消息等待审核超过一分钟")
	a.decide(a.rows(a.acc)[0], callbackd.DecisionRefuse)
	a.round("over", "/owner 已恢复：有消息等待审核")
	a.round("nothing new")

	a.free = 9
	a.round("the disk, for whoever has an account", "/other 磁盘剩余不到 10 %", "/owner 磁盘剩余不到 10 %", "/owner 磁盘剩余不到 10 %")
	a.free = 10
	a.round("room again", "/other 已恢复", "/owner 已恢复", "/owner 已恢复")

	a.acc.MPWeb = &callbackd.MPWebLogin{Username: "u", Dialect: callbackd.Dialect2014}
	a.must(a.db.SetAccount(context.Background(), a.acc, "test"))
	a.login = true
	a.round("a login", "/owner 公众平台后台需要扫码登录")
	a.sent.answer = push.Gone
	a.login = false
	a.round("its end, to a browser that is gone", "/owner 已恢复")
	a.sent.answer = push.Accepted
	a.login = true
	a.round("it was forgotten")
	if devices, err := a.db.ListOperatorDevices(context.Background()); err != nil || len(devices) != 1 {
		t.Errorf("%d browsers, %v", len(devices), err)
	}
	a.want("no more", other.post("/desk/me/alerts", "subscription", sub("other"), "off", "1"), http.StatusSeeOther, "/desk/me")
	if devices, err := a.db.ListOperatorDevices(context.Background()); err != nil || len(devices) != 0 {
		t.Errorf("%d browsers, %v", len(devices), errors.Join(err))
	}
}
