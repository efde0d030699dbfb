package wechat

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"callbackd"
)

func TestToken_IsKeptUntilShortBeforeItsEnd(t *testing.T) {
	f := newFakeAPI(t)
	c, clock, _ := f.client()
	for range 3 {
		if token, err := c.Token(t.Context(), apiAccount()); err != nil || token != "TOKEN-1" {
			t.Fatal(token, err)
		}
	}
	f.wants(1, 0, 0)
	clock.move(2*time.Hour - renewEarly - time.Second)
	_, _ = c.Token(t.Context(), apiAccount())
	f.wants(1, 0, 0)
	f.set(func() { f.valid = "TOKEN-2" })
	clock.move(time.Second)
	if token, err := c.Token(t.Context(), apiAccount()); err != nil || token != "TOKEN-2" {
		t.Fatal(token, err)
	}
	f.wants(2, 0, 0)
}

func TestToken_ShortLifeIsUsedForHalfOfIt(t *testing.T) {
	f := newFakeAPI(t)
	f.life = 60
	c, clock, _ := f.client()
	_, _ = c.Token(t.Context(), apiAccount())
	clock.move(29 * time.Second)
	_, _ = c.Token(t.Context(), apiAccount())
	f.wants(1, 0, 0)
	clock.move(time.Second)
	_, _ = c.Token(t.Context(), apiAccount())
	f.wants(2, 0, 0)
}

func TestCall_RefusedTokenIsRenewedOnceAndRetriedOnce(t *testing.T) {
	for _, code := range []int{40001, 40014, 42001} {
		f := newFakeAPI(t).answers(`{"ip_list":["127.0.0.1"]}`)
		f.refuse = code
		c, _, log := f.client()
		_, _ = c.Token(t.Context(), apiAccount())
		f.set(func() { f.valid = "TOKEN-2" })
		if ips, err := c.CallbackIPs(t.Context(), apiAccount()); err != nil || len(ips) != 1 {
			t.Errorf("%d: %v, %v", code, ips, err)
		}
		f.wants(2, 0, 2)
		noSecrets(t, log.String())
	}
}

func TestCall_NeverLoopsOnARefusedToken(t *testing.T) {
	f := newFakeAPI(t).answers(`{"errcode":40001,"errmsg":"invalid credential"}`)
	c, _, _ := f.client()
	_, err := c.CallbackIPs(t.Context(), apiAccount())
	if !hasCode(err, 40001) {
		t.Fatal(err)
	}
	// the token, the same again, one by force; the call and its repeat
	f.wants(2, 1, 2)
	if _, err := c.CallbackIPs(t.Context(), apiAccount()); !hasCode(err, 40001) {
		t.Fatal(err)
	}
	f.wants(3, 1, 4) // nothing is forced again so soon
}

func TestCall_OtherErrorsAreNotRetried(t *testing.T) {
	f := newFakeAPI(t).answers(`{"errcode":45009,"errmsg":"reach max api daily quota limit"}`)
	c, _, _ := f.client()
	_, err := c.CallbackIPs(t.Context(), apiAccount())
	if !IsBusy(err) {
		t.Fatal(err)
	}
	f.wants(1, 0, 1)
}

// stable_token hands out what it believes in. Where that was refused, it is
// replaced by force, seldom enough for the 20 times of a day.
func TestCall_TokenThatThePlatformStillBelievesInIsForced(t *testing.T) {
	f := newFakeAPI(t).answers(`{"ip_list":[]}`)
	c, clock, _ := f.client()
	f.set(func() { f.hands = "OLD" })
	if _, err := c.CallbackIPs(t.Context(), apiAccount()); err != nil {
		t.Fatal(err)
	}
	f.wants(2, 1, 2)
	f.set(func() { f.valid, f.hands = "NEW", "TOKEN-1+" })
	if _, err := c.CallbackIPs(t.Context(), apiAccount()); !hasCode(err, 40001) {
		t.Fatal(err)
	}
	f.wants(3, 1, 4)
	clock.move(forceEvery)
	if _, err := c.CallbackIPs(t.Context(), apiAccount()); err != nil {
		t.Fatal(err)
	}
	if perDay := 24 * time.Hour / forceEvery; perDay > 20 {
		t.Errorf("%d forced renewals a day; the platform allows 20", perDay)
	}
}

func TestToken_WrongSecretIsTheOperatorsToMendAndSharesNothing(t *testing.T) {
	f := newFakeAPI(t)
	c, _, _ := f.client()
	if _, err := c.Token(t.Context(), apiAccount()); err != nil {
		t.Fatal(err)
	}
	wrong := apiAccount()
	wrong.AppSecret = "ffffffffffffffffffffffffffffffff"
	token, err := c.Token(t.Context(), wrong)
	if !IsNoPermission(err) || token != "" {
		t.Errorf("token %q, %v; another account's token must not serve", token, err)
	}
	noSecrets(t, err.Error())
	f.wants(2, 0, 0)
	if _, err := c.CallbackIPs(t.Context(), &callbackd.Account{AppID: testAppID}); !errors.Is(err, ErrNoAPI) || !IsNoPermission(err) {
		t.Errorf("account without a secret: %v", err)
	}
	f.wants(2, 0, 0)
}

func TestToken_ErrorIsNotRemembered(t *testing.T) {
	f := newFakeAPI(t)
	f.tokenFail = `{"errcode":-1,"errmsg":"system error"}`
	c, _, _ := f.client()
	if _, err := c.Token(t.Context(), apiAccount()); !IsBusy(err) {
		t.Fatal(err)
	}
	f.set(func() { f.tokenFail = "" })
	if token, err := c.Token(t.Context(), apiAccount()); err != nil || token != "TOKEN-1" {
		t.Fatal(token, err)
	}
	for _, bad := range []string{` `, `<html>`, `[]`, `{}`, `{"access_token":""}`} {
		f.set(func() { f.tokenFail = bad })
		c, _, _ := f.client()
		if _, err := c.Token(t.Context(), apiAccount()); !errors.Is(err, ErrAnswer) {
			t.Errorf("%q: %v; want ErrAnswer", bad, err)
		}
	}
}

func TestToken_OddLifeDoesNotOverflow(t *testing.T) {
	f := newFakeAPI(t)
	f.tokenFail = `{"access_token":"T","expires_in":9223372036854775807}`
	c, _, _ := f.client()
	for range 2 {
		if _, err := c.Token(t.Context(), apiAccount()); err != nil {
			t.Fatal(err)
		}
	}
	f.wants(1, 0, 0)
}

func TestClient_CallsAreLimitedInTime(t *testing.T) {
	f := newFakeAPI(t)
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) }) // before the server is closed
	f.call = func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}
	c, _, _ := f.client()
	if _, err := c.Token(t.Context(), apiAccount()); err != nil {
		t.Fatal(err)
	}
	c.callTimeout, c.mediaTimeout = time.Millisecond, time.Millisecond
	if _, err := c.CallbackIPs(t.Context(), apiAccount()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("call: %v", err)
	}
	if _, err := c.Media(t.Context(), apiAccount(), "m"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("media: %v", err)
	}
	if fresh := NewClient(Config{}); fresh.callTimeout <= 0 || fresh.mediaTimeout <= 0 || fresh.api != "https://api.weixin.qq.com" {
		t.Error("a client without settings has no limits")
	}
}
