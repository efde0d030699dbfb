package push_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify/push"
	"callbackd/notify/pushtest"
)

type fcmSent struct {
	Message struct {
		Token   string
		Data    map[string]string
		Android struct {
			Priority, TTL string
			Collapse      string `json:"collapse_key"`
		}
	}
}

func readFCM(t *testing.T, r pushtest.Request) fcmSent {
	t.Helper()
	var got fcmSent
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFCM_Arrives(t *testing.T) {
	s := newStage(t)
	f := s.fcm(nil)
	d, to := s.android("one")
	r := send(f, to)
	want(t, r, push.Accepted, 200)
	if !strings.HasPrefix(r.VendorID, "projects/"+pushtest.FCMProject+"/messages/0:") {
		t.Errorf("vendor id %q", r.VendorID)
	}
	m := readFCM(t, one(t, d)).Message
	if m.Token != d.Token || m.Data["notice"] != exampleFrame || len(m.Data) != 1 ||
		m.Android.Priority != "HIGH" || m.Android.TTL != "3600s" || m.Android.Collapse != "" {
		t.Errorf("%+v", m)
	}
	quiet, toQuiet := s.android("quiet")
	want(t, f.Send(t.Context(), toQuiet, push.Message{NID: "n", Payload: []byte("{}"), Silent: true, Collapse: "gala"}), push.Accepted, 200)
	if a := readFCM(t, one(t, quiet)).Message.Android; a.Priority != "NORMAL" || a.TTL != "0s" || a.Collapse != "gala" {
		t.Errorf("%+v", a)
	}
	if r := f.Send(t.Context(), to, push.Message{Payload: []byte("{")}); r.Outcome != push.Refused || r.Reason != push.ReasonPayload {
		t.Errorf("no JSON: %+v", r)
	}
}

func TestF23_FCMTakes4096Bytes(t *testing.T) {
	s := newStage(t)
	f := s.fcm(nil)
	d, to := s.android("one")
	fits := push.Message{NID: "n", Payload: frameOf(t, 4096-len("notice"))}
	over := push.Message{NID: "n", Payload: frameOf(t, 4097-len("notice"))}
	if !f.Fits(fits) || f.Fits(over) {
		t.Error("Fits does not know the limit")
	}
	want(t, f.Send(t.Context(), to, over), push.TooLarge, 0)
	want(t, f.Send(t.Context(), to, fits), push.Accepted, 200)
	one(t, d)
	d.Answer(pushtest.FCMError(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Android message is too big"))
	want(t, send(f, to), push.TooLarge, 400)
}

func TestFCM_ErrorsMeanWhatTheyMean(t *testing.T) {
	s := newStage(t)
	f := s.fcm(nil)
	project := pushtest.Answer{Status: 429, Body: `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED",
		"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED"}]}}`}
	for _, c := range []struct {
		answer pushtest.Answer
		want   push.Outcome
		reason string
		scope  push.Scope
	}{
		{pushtest.FCMError(404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."), push.Gone, "UNREGISTERED", ""},
		{pushtest.FCMError(404, "NOT_FOUND", "", "Requested entity was not found."), push.OurFault, "NOT_FOUND", ""},
		{pushtest.FCMError(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "not a valid token"), push.Refused, "INVALID_ARGUMENT", ""},
		{pushtest.FCMError(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "SenderId mismatch"), push.OurFault, "SENDER_ID_MISMATCH", ""},
		{pushtest.FCMError(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", "auth error"), push.OurFault, "THIRD_PARTY_AUTH_ERROR", ""},
		{pushtest.FCMError(500, "INTERNAL", "INTERNAL", ""), push.Retry, "", ""},
		{pushtest.FCMError(503, "UNAVAILABLE", "UNAVAILABLE", ""), push.Retry, "", ""},
		{pushtest.Answer{Status: 200, Body: "{}"}, push.Retry, push.ReasonUnreadable, ""},
		{pushtest.FCMError(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", ""), push.Retry, "QUOTA_EXCEEDED", push.ScopeEndpoint},
		{project, push.Retry, "RESOURCE_EXHAUSTED", push.ScopeOrigin},
	} {
		d, to := s.android(strconv.Itoa(c.answer.Status) + c.answer.Body)
		d.Answer(c.answer)
		r := send(f, to)
		want(t, r, c.want, c.answer.Status)
		if r.Reason != c.reason || r.Scope != c.scope {
			t.Errorf("%s: %+v", c.answer.Body, r)
		}
	}
}

func TestFCM_UnregisteredByTheVendorItself(t *testing.T) {
	s := newStage(t)
	d, to := s.android("one")
	d.Unregister(s.clock.Now())
	want(t, send(s.fcm(nil), to), push.Gone, 404)
}

func TestFCM_OneGrantForManySenders(t *testing.T) {
	s := newStage(t)
	f := s.fcm(nil)
	d, to := s.android("one")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if r := send(f, to); r.Outcome != push.Accepted {
				t.Errorf("%+v", r)
			}
		})
	}
	wg.Wait()
	if n := len(s.fake.Requests(pushtest.FCMToken)); n != 1 || len(d.Requests()) != 20 {
		t.Errorf("%d grants for %d messages", n, len(d.Requests()))
	}
	s.clock.Add(54 * time.Minute)
	want(t, send(f, to), push.Accepted, 200)
	s.clock.Add(time.Minute) // 5 min before its end
	want(t, send(f, to), push.Accepted, 200)
	if n := len(s.fake.Requests(pushtest.FCMToken)); n != 2 {
		t.Errorf("%d grants after 55 minutes", n)
	}
}

func TestFCM_RevokedAccessIsRenewedOnce(t *testing.T) {
	s := newStage(t)
	f := s.fcm(nil)
	d, to := s.android("one")
	want(t, send(f, to), push.Accepted, 200)
	s.fake.RevokeAccess()
	want(t, send(f, to), push.Accepted, 200)
	s.fake.RevokeAccess()
	want(t, send(f, to), push.OurFault, 401) // not twice a minute
	if n, m := len(s.fake.Requests(pushtest.FCMToken)), len(d.Requests()); n != 2 || m != 4 {
		t.Errorf("%d grants, %d messages", n, m)
	}
	s.clock.Add(time.Minute)
	want(t, send(f, to), push.Accepted, 200)
}

func TestFCM_TokenEndpointThatFails(t *testing.T) {
	s := newStage(t)
	f := s.fcm(nil)
	d, to := s.android("one")
	for _, c := range []struct {
		answer pushtest.Answer
		want   push.Outcome
		reason string
	}{
		{pushtest.Answer{Status: 500}, push.Retry, ""},
		{pushtest.Answer{Status: 200, Body: `{"access_token":"a b","expires_in":10,"token_type":"Bearer"}`}, push.Retry, push.ReasonUnreadable},
		{pushtest.Answer{Status: 200, Header: header("Content-Type", "text/html"), Body: "<html>"}, push.Retry, push.ReasonUnreadable},
		{pushtest.Answer{Reset: true}, push.Retry, push.ReasonConnection},
		{pushtest.Answer{Status: 307, Header: header("Location", s.fake.URL+"/token")}, push.OurFault, push.ReasonAuthorize},
	} {
		s.fake.AnswerTokens(c.answer)
		if r := send(f, to); r.Outcome != c.want || r.Reason != c.reason || r.Status != 0 {
			t.Errorf("%+v: %+v", c.answer, r)
		}
	}
	asked := len(s.fake.Requests(pushtest.FCMToken))
	if r := send(f, to); r.Outcome != push.OurFault || len(s.fake.Requests(pushtest.FCMToken)) != asked {
		t.Errorf("refused credentials are shown again at once: %+v", r)
	}
	if len(d.Requests()) != 0 {
		t.Error("something was sent without a token")
	}
	s.clock.Add(time.Minute)
	s.fake.AnswerTokens(pushtest.Answer{Status: 400, Body: `{"error":"invalid_grant"}`})
	if r := send(f, to); r.Outcome != push.OurFault || r.Reason != push.ReasonAuthorize {
		t.Errorf("invalid grant: %+v", r)
	}
	s.clock.Add(time.Minute)
	want(t, send(f, to), push.Accepted, 200)
}

// Who gives up while the token is asked for takes nobody with him.
func TestFCM_TheFirstCallerMayGiveUp(t *testing.T) {
	s := newStage(t)
	f := s.fcm(nil)
	s.fake.AnswerTokens(pushtest.Answer{Hang: true})
	_, to := s.android("one")
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan push.Result, 1)
	go func() { first <- f.Send(ctx, to, example()) }()
	s.fake.Await(t, "the grant that hangs", func(r pushtest.Request) bool { return r.Vendor == pushtest.FCMToken })
	cancel()
	if r := <-first; r.Outcome != push.Retry || r.Reason != push.ReasonCancelled {
		t.Errorf("%+v", r)
	}
	f.Close() // ends the grant that is out
	want(t, send(f, to), push.Accepted, 200)
}

func TestNewFCM_RefusesWhatCannotWork(t *testing.T) {
	s := newStage(t)
	var file map[string]string
	if err := json.Unmarshal(s.fake.FCMCredentials(), &file); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]string{
		"type": "authorized_user", "project_id": "../other", "private_key": "secret", "client_email": "", "token_uri": "secret://x",
	} {
		bad := map[string]string{}
		for k, v := range file {
			bad[k] = v
		}
		bad[name] = change
		raw, err := json.Marshal(bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := push.NewFCM(push.FCMConfig{Credentials: raw}); !errors.Is(err, callbackd.ErrInvalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := push.NewFCM(push.FCMConfig{Credentials: []byte("secret")}); !errors.Is(err, callbackd.ErrInvalid) || strings.Contains(err.Error(), "secret") {
		t.Errorf("no JSON: %v", err)
	}
}
