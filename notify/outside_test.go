package notify_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/notify/pushtest"
	"callbackd/rehearsal"
	"callbackd/store"
	"callbackd/wechat"
)

// outside is a stage with everything real up to the wire: the vendors' senders
// talk to servers that answer as the vendors do, the official API's client to the
// rehearsal platform. All of it goes by the stage's clock. What left is kept.
type outside struct {
	*stage
	fake     *pushtest.Server
	vapid    *push.VAPID
	platform *rehearsal.Account
	tape     *tape
	timeout  time.Duration
	ends     map[callbackd.DeviceID]*pushtest.Device
	numbers  map[callbackd.OpenID]callbackd.FakeID
}

// template is one that the account has.
var template = callbackd.NoticeTemplate{ID: "tm-notice", TitleKey: "thing1", BodyKey: "thing2"}

func newOutside(t *testing.T, change func(*callbackd.Account)) *outside {
	t.Helper()
	o := &outside{tape: &tape{}, timeout: 10 * time.Second, ends: map[callbackd.DeviceID]*pushtest.Device{}, numbers: map[callbackd.OpenID]callbackd.FakeID{}}
	o.stage = newStageOf(t, func(a *callbackd.Account) {
		a.Notices.Template = &template
		if change != nil {
			change(a)
		}
	})
	o.fake = pushtest.Start(t, pushtest.Options{Now: o.clock.Now})
	platform := rehearsal.New(rehearsal.Options{Seed: 9, Now: o.clock.Now})
	server := httptest.NewServer(platform.Handler())
	t.Cleanup(server.Close)
	platform.SetBaseURL(server.URL)
	a := o.account
	var err error
	o.platform, err = platform.AddAccount(rehearsal.AccountConfig{Slug: a.Slug, OriginalID: a.OriginalID, AppID: a.AppID, AppSecret: a.AppSecret.Reveal(),
		API: rehearsal.APIConfig{Templates: []rehearsal.Template{{ID: template.ID}}}})
	o.must(err)
	crowd, err := platform.Crowd(20)
	o.must(err)
	o.openID = func(int) callbackd.OpenID {
		contact, err := o.platform.Follow(crowd[len(o.numbers)], o.clock.Now())
		o.must(err)
		o.numbers[contact.OpenID] = contact.Number
		return contact.OpenID
	}
	o.vapid, err = push.GenerateVAPID()
	o.must(err)
	o.set = func(c *notify.Config) {
		c.Vendors = o.senders()
		c.WeChat = wechat.NewClient(wechat.Config{APIURL: server.URL, HTTP: &http.Client{Transport: o.tape}, Now: o.clock.Now, Log: c.Log})
	}
	o.start()
	return o
}

// senders are new ones, as after a start of the server.
func (o *outside) senders() notify.Vendors {
	hosts, err := push.ParseHosts([]string{o.fake.Host()})
	o.must(err)
	web, err := push.NewWebPush(push.WebPushConfig{Key: o.vapid, Subject: "mailto:operator@callbackd.example", Hosts: hosts, Timeout: o.timeout, Now: o.clock.Now})
	o.must(err)
	apns, err := push.NewAPNs(push.APNsConfig{Key: o.fake.APNsKey(), KeyID: pushtest.APNsKeyID, Team: pushtest.APNsTeam, Topic: pushtest.APNsTopic,
		URL: o.fake.URL, Timeout: o.timeout, Now: o.clock.Now})
	o.must(err)
	fcm, err := push.NewFCM(push.FCMConfig{Credentials: o.fake.FCMCredentials(), URL: o.fake.URL, Timeout: o.timeout, Now: o.clock.Now})
	o.must(err)
	v := notify.Vendors{Hosts: hosts, Senders: map[callbackd.Provider]push.Sender{
		callbackd.ProviderWebPush: web, callbackd.ProviderAPNs: apns, callbackd.ProviderFCM: fcm}}
	for _, s := range v.Senders {
		o.Cleanup(s.Close)
	}
	return v
}

// end registers a device at a vendor and here; up opens its channel.
func (o *outside) end(f *follower, class callbackd.Class, p callbackd.Provider, up bool) (callbackd.Device, *pushtest.Device) {
	o.Helper()
	o.n++
	name := fmt.Sprint(p, o.n)
	var at *pushtest.Device
	switch p {
	case callbackd.ProviderWebPush:
		at = o.fake.NewBrowser(name, o.vapid.PublicKey())
	case callbackd.ProviderAPNs:
		at = o.fake.NewIPhone(name)
	case callbackd.ProviderFCM:
		at = o.fake.NewAndroid(name)
	}
	d := o.register(f, class, p, at)
	if up {
		o.connect(f, d)
	}
	return d, at
}

// register registers a vendor's device, once more where it is known already.
func (o *outside) register(f *follower, class callbackd.Class, p callbackd.Provider, at *pushtest.Device) callbackd.Device {
	o.Helper()
	target := at.Token
	if p == callbackd.ProviderWebPush {
		target = string(at.Subscription())
	}
	key, proof := sha256.Sum256([]byte(at.Token)), sha256.Sum256([]byte(target))
	d, _, err := o.db.InsertDevice(ctx, store.NewDevice{Viewer: f.viewer, Class: class, Provider: p, Name: at.Name, Target: callbackd.Secret(target),
		TargetKey: key[:], Proof: proof[:]})
	o.must(err)
	o.ends[d.ID] = at
	return d
}

// heard lets a follower say something in WeChat, which opens the window there and here.
func (o *outside) heard(f *follower, text string) callbackd.PublicID {
	o.Helper()
	_, err := o.platform.Say(rehearsal.Message{From: o.numbers[f.openID], Content: text})
	o.must(err)
	return o.say(f, text)
}

// tape keeps every request to the platform: address, headers and body.
type tape struct {
	mu  sync.Mutex // guards all
	all bytes.Buffer
}

// RoundTrip implements http.RoundTripper.
func (t *tape) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	t.mu.Lock()
	fmt.Fprintf(&t.all, "%s %s %v\n%s\n", r.Method, r.URL, r.Header, body)
	t.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

func (t *tape) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.all.Bytes())
}

// everything is all that left the process: frames, pushes as they came and as
// they open, calls of the platform, log lines; and every trail.
func (o *outside) everything(trails ...*follower) []byte {
	o.Helper()
	var all bytes.Buffer
	for _, f := range o.channel.frames {
		all.WriteString(f.raw + "\n")
	}
	all.Write(o.fake.Everything())
	all.Write(o.tape.bytes())
	all.WriteString(o.logs.String())
	for _, f := range trails {
		notices, err := o.db.ListNotices(ctx, f.sender, 0, 1000)
		o.must(err)
		ids := make([]int64, len(notices))
		for i, n := range notices {
			ids[i] = n.ID
			fmt.Fprintf(&all, "%+v\n", n)
			chains, err := o.db.ListDeliveriesOf(ctx, n.ID)
			o.must(err)
			fmt.Fprintf(&all, "%+v\n", chains)
		}
		events, err := o.db.ListNoticeEvents(ctx, ids)
		o.must(err)
		fmt.Fprintf(&all, "%+v\n", events)
	}
	return all.Bytes()
}
