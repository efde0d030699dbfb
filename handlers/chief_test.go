package handlers_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"callbackd"
	"callbackd/rehearsal"
)

// An owner halts the wall from WeChat, where AES says that it is the owner.
func TestChief_HaltsTheWallFromWeChat(t *testing.T) {
	s := newDeskSite(t)
	sim, acc := s.account("safe", callbackd.ModeSafe, callbackd.ModerationOpen)
	o := s.operator("所有者", callbackd.Grant{Account: acc.ID, Role: callbackd.RoleOwner})
	owner := s.as(o, nil)
	code := func(slug string) string {
		owner.get("/desk/me")
		owner.post("/desk/me/wechat", "account", slug)
		m := regexp.MustCompile(`data-copy-from>([2-9A-HJ-NP-Z]{8})<`).FindStringSubmatch(owner.get("/desk/me").body)
		if m == nil {
			t.Fatal("no code is shown")
		}
		return m[1]
	}
	says := func(sim *rehearsal.Account, n int, words string) string {
		t.Helper()
		v := s.say(sim, n, words, rehearsal.SendOptions{Attempts: 1})
		if v.Reply == nil {
			return string(v.Outcome)
		}
		return v.Reply.Content
	}
	state := func(a *callbackd.Account) callbackd.StageState {
		stage, _, err := s.db.GetStage(context.Background(), a.ID)
		s.must(err)
		return stage.State
	}
	want := func(what, got, words string) {
		t.Helper()
		if !strings.Contains(got, words) {
			t.Errorf("%s: %q, want %q", what, got, words)
		}
	}

	want("from anybody", says(sim, 0, "panic"), "success")
	if got := len(s.feed("safe").Messages); got != 1 || state(acc) != callbackd.StageOpen {
		t.Fatalf("words of anybody: %d messages, %s", got, state(acc))
	}
	first := code("safe")
	want("the code", says(sim, 1, first), "已绑定")
	want("the code again", says(sim, 2, first), "success") // spent: a word like any other
	want("panic", says(sim, 1, "紧急停播"), "已停播")
	if state(acc) != callbackd.StagePanic {
		t.Fatalf("the wall is %s", state(acc))
	}
	want("another follower", says(sim, 0, "resume"), "success")
	want("resume", says(sim, 1, "Resume"), "恢复上墙")
	if state(acc) != callbackd.StageOpen {
		t.Fatalf("the wall is %s", state(acc))
	}
	for _, m := range s.feed("safe").Messages {
		if m.Text == "紧急停播" || m.Text == "Resume" {
			t.Errorf("the command %q is on the wall", m.Text)
		}
	}

	// who loses the role loses the word
	s.must(s.db.SetOperatorRole(context.Background(), o.ID, acc.ID, callbackd.RoleAdmin, "test"))
	want("an admin now", says(sim, 1, "panic"), "success")
	s.must(s.db.SetOperatorRole(context.Background(), o.ID, acc.ID, callbackd.RoleOwner, "test"))
	s.must(s.db.EndChief(context.Background(), o.ID, acc.ID, "test"))
	want("unbound", says(sim, 1, "panic"), "success")

	plain, plainAcc := s.account("plain", callbackd.ModePlain, callbackd.ModerationOpen)
	s.must(s.db.SetOperatorRole(context.Background(), o.ID, plainAcc.ID, callbackd.RoleOwner, "test"))
	want("a code in plain mode", says(plain, 1, code("plain")), "明文模式")
	if state(plainAcc) != callbackd.StageOpen {
		t.Error("plain mode halted the wall")
	}
}
