package handlers_test

import (
	"context"
	"testing"

	"callbackd"
)

func TestMPVerify_IsServedForTheAccountThatHasIt(t *testing.T) {
	s := newSite(t)
	_, a := s.account("gala", callbackd.ModeSafe, callbackd.ModerationHold)
	_, other := s.account("other", callbackd.ModeSafe, callbackd.ModerationHold)
	a.MPVerify, other.MPVerify = "aBcDeFgH12345678", "zZzZzZzZ87654321"
	for _, acc := range []*callbackd.Account{a, other} {
		s.must(s.db.SetAccount(context.Background(), acc, "test"))
		code, head, body := s.get("/MP_verify_" + acc.MPVerify + ".txt")
		if code != 200 || body != acc.MPVerify || head.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d %q", acc.Slug, code, body)
		}
	}
	for _, path := range []string{"/MP_verify_abcdefgh12345678.txt", "/MP_verify_.txt", "/MP_verify_aBcDeFgH12345678", "/MP_verify_aBcDeFgH12345678.html"} {
		if code, _, _ := s.get(path); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
}
