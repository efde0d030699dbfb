package handlers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

const (
	messagesPath = "/api/v1/me/messages"
	peoplePath   = "/api/v1/me/people"
)

func textBody(text string) string {
	b, _ := json.Marshal(map[string]string{"text": text})
	return string(b)
}

func (s *apiSite) message(a *callbackd.Account, id string) store.Row {
	s.Helper()
	for _, row := range s.rows(a) {
		if string(row.Message.PublicID) == id {
			return row
		}
	}
	s.Fatalf("message %s is not there", id)
	return store.Row{}
}

// TestMessages_GoThroughTheGateLikeAnyOther, in every moderation.
func TestMessages_GoThroughTheGateLikeAnyOther(t *testing.T) {
	s := newAPISite(t, nil)
	for m, want := range map[callbackd.Moderation]string{callbackd.ModerationOpen: "shown", callbackd.ModerationHold: "held", callbackd.ModerationAuto: "held"} {
		a := s.addAccount(callbackd.Slug("gate-"+string(m)), m)
		who := s.follower(a, "")
		v := s.viewer(a, who)
		r := s.want(202, "POST", messagesPath, textBody("  你好\u0007，世界 <b>\n"), v.bearer())
		if r.field("state") != want {
			t.Errorf("%s: %s", m, r.body)
		}
		row := s.message(a, r.field("id"))
		if row.Message.Text != "你好，世界 <b>" || row.Sender.ID != who.ID || !row.Message.Web || row.Message.Kind != callbackd.KindText ||
			!row.Message.SentAt.Equal(s.clock.Now().Truncate(time.Second)) || row.Message.Moderation != m {
			t.Errorf("%s: %+v", m, row.Message)
		}
		feed := s.feed(string(a.Slug)).Messages
		if shown := slices.ContainsFunc(feed, func(m callbackd.PublicMessage) bool { return string(m.ID) == r.field("id") }); shown != (want == "shown") {
			t.Errorf("%s: on the wall: %v", m, shown)
		}
	}
}

func TestMessages_TextsHave1To2048Bytes(t *testing.T) {
	s := newAPISite(t, nil)
	v := s.viewer(s.acc, s.follower(s.acc, ""))
	for text, want := range map[string]int{"": 400, " \n\t": 400, "\u0000\u0008\ufffe": 400, strings.Repeat("x", 2048): 202, strings.Repeat("x", 2049): 400,
		strings.Repeat("字", 682) + "xx": 202, strings.Repeat("字", 683): 400, " " + strings.Repeat("x", 2048) + "\u0001 ": 202} {
		if r := s.call("POST", messagesPath, textBody(text), v.bearer()); r.status != want {
			t.Errorf("%.10q, %d bytes: %d %s", text, len(text), r.status, r.body)
		}
		s.clock.Advance(time.Hour)
	}
	s.want(400, "POST", messagesPath, `{}`, v.bearer())
}

// TestMessages_TwiceWithOneKeyIsOne: a client that does not know whether it was heard.
func TestMessages_TwiceWithOneKeyIsOne(t *testing.T) {
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "")
	v, second := s.viewer(s.acc, who), s.viewer(s.acc, who)
	key := func(k string) string { return "Idempotency-Key: " + k }
	before := len(s.rows(s.acc))
	first := s.want(202, "POST", messagesPath, textBody("一次"), v.bearer(), key("a"))
	again := s.want(202, "POST", messagesPath, textBody("一次"), v.bearer(), key("a"))
	if first.body != again.body || first.field("id") == "" || first.field("state") != "shown" {
		t.Errorf("%s, then %s", first.body, again.body)
	}
	if in := s.want(202, "POST", messagesPath, `{"text":"一次","key":"a"}`, v.bearer()); in.body != first.body {
		t.Errorf("with the key in the body: %s", in.body)
	}
	ids := []string{first.field("id")}
	for _, r := range []reply{
		s.want(202, "POST", messagesPath, textBody("一次"), v.bearer(), key("b")),
		s.want(202, "POST", messagesPath, textBody("一次"), second.bearer(), key("a")), // another viewer's keys are its own
	} {
		ids = append(ids, r.field("id"))
	}
	s.clock.Advance(time.Hour)
	for range 2 { // without a key each is a new one
		ids = append(ids, s.want(202, "POST", messagesPath, textBody("一次"), v.bearer()).field("id"))
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(ids)))); n != 5 || len(s.rows(s.acc)) != before+5 {
		t.Errorf("%d ids, %d messages", n, len(s.rows(s.acc))-before)
	}
	// a repeat tells where it stands now, but not what a moderator thought of it
	s.decide(s.message(s.acc, first.field("id")), callbackd.DecisionRemove)
	if r := s.want(202, "POST", messagesPath, textBody("一次"), v.bearer(), key("a")); r.field("id") != first.field("id") || r.field("state") != "held" {
		t.Errorf("taken down: %s", r.body)
	}
	s.want(400, "POST", messagesPath, textBody("一次"), v.bearer(), key(strings.Repeat("k", 129)))
	s.want(202, "POST", messagesPath, textBody("一次"), second.bearer(), key(strings.Repeat("k", 128)))
}

func TestMessages_ACodeBelongsInWeChat(t *testing.T) {
	s := newAPISite(t, nil)
	v := s.viewer(s.acc, s.follower(s.acc, ""))
	code := s.want(200, "POST", bindingPath, "", s.viewer(s.acc, callbackd.Sender{}).bearer()).field("code")
	before := len(s.rows(s.acc))
	for _, text := range []string{code, " " + strings.ToLower(code) + "\n"} {
		if r := s.want(400, "POST", messagesPath, textBody(text), v.bearer()); !strings.Contains(r.field("error"), "WeChat") {
			t.Errorf("%s", r.body)
		}
	}
	if n := len(s.rows(s.acc)); n != before {
		t.Errorf("%d messages", n-before)
	}
	for _, text := range []string{"my code was " + code, "1", "通知 开"} { // what else is a command in WeChat are words here
		s.want(202, "POST", messagesPath, textBody(text), v.bearer())
	}
}

func TestMessages_WhoDoesNotFollowAnyMoreMayNotSpeak(t *testing.T) {
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "")
	v := s.viewer(s.acc, who)
	no := false
	_, err := s.db.Accept(context.Background(), &store.Callback{Account: s.acc, Key: "unsubscribe", ReceivedAt: s.clock.Now(), CreateTime: s.clock.Now(),
		Outcome: store.OutcomeAccepted, MsgType: "event", Event: "unsubscribe", From: who.OpenID, Following: &no})
	s.must(err)
	before := len(s.rows(s.acc))
	s.want(403, "POST", messagesPath, textBody("还在吗"), v.bearer())
	if n := len(s.rows(s.acc)); n != before {
		t.Error("it is stored")
	}
}

// person is one that the chooser offers.
type person struct{ Token, Name, Avatar string }

func (s *apiSite) people(v viewer, q string) []person {
	s.Helper()
	var list struct{ People []person }
	r := s.want(200, "GET", peoplePath+"?q="+q, "", v.bearer())
	s.must(json.Unmarshal([]byte(r.body), &list))
	if list.People == nil {
		s.Fatalf("no list: %s", r.body)
	}
	return list.People
}

// TestPeople_AreFoundByTheirPublicNamesAlone.
func TestPeople_AreFoundByTheirPublicNamesAlone(t *testing.T) {
	s := newAPISite(t, nil)
	self := s.follower(s.acc, "小我")
	v := s.viewer(s.acc, self)
	for i := range 12 {
		s.follower(s.acc, fmt.Sprintf("小%c", '一'+i))
	}
	s.follower(s.acc, "Ｔｏｍ Jones")
	found := s.people(v, "小")
	if len(found) != 8 || slices.ContainsFunc(found, func(p person) bool {
		return p.Name == "小我" || !strings.HasPrefix(p.Name, "小") || !strings.HasPrefix(p.Avatar, "/avatar/")
	}) {
		t.Errorf("%+v", found)
	}
	for _, q := range []string{"tom", "TOM+J", "%20tom%20", "ｔｏｍ"} {
		if found := s.people(v, q); len(found) != 1 || found[0].Name != "Ｔｏｍ Jones" || len(found[0].Token) != 20 {
			t.Errorf("%s finds %+v", q, found)
		}
	}
	for _, q := range []string{"om", "小明", "小我", "@"} { // nobody mentions oneself
		if found := s.people(v, q); len(found) != 0 {
			t.Errorf("%s finds %+v", q, found)
		}
	}
	for _, q := range []string{"", "?q=", "?q=%20", "?q=%EF%B8%8F"} {
		s.want(400, "GET", peoplePath+q, "", v.bearer())
	}
	if one, two := s.people(v, "tom"), s.people(s.viewer(s.acc, self), "tom"); one[0].Token != s.people(v, "tom")[0].Token || one[0].Token == two[0].Token {
		t.Error("a token is the pair's: the same for this viewer, another for the next")
	}

	// a name that nobody has looked at finds nobody, and is not given away by what it finds
	held := s.addAccount("held", callbackd.ModerationHold)
	s.follower(held, "秘密名")
	hv := s.viewer(held, s.follower(held, "旁人"))
	s.decide(s.rows(held)[1], callbackd.DecisionApprove)
	if found := s.people(hv, "秘"); len(found) != 1 || found[0].Name != "秘密名" {
		t.Errorf("approved: %+v", found)
	}
	s.exec("UPDATE messages SET queued_at = 1 WHERE state = 'shown' AND sender_id = (SELECT id FROM senders WHERE passed_name = '秘密名')")
	s.exec("UPDATE senders SET passed_name = '' WHERE passed_name = '秘密名'")
	if found := s.people(hv, "秘"); len(found) != 0 {
		t.Errorf("not reviewed: %+v", found)
	}
	// nor does who has no message on the wall
	quiet := s.addAccount("quiet", callbackd.ModerationHold)
	s.follower(quiet, "小安静")
	if found := s.people(s.viewer(quiet, s.follower(quiet, "旁人")), "小"); len(found) != 0 {
		t.Errorf("without a message: %+v", found)
	}
}

// TestMessages_TokensBecomeNamesAndMentions: the text holds public names, the
// mentions are those who were chosen.
func TestMessages_TokensBecomeNamesAndMentions(t *testing.T) {
	s := newAPISite(t, nil)
	self := s.follower(s.acc, "小我")
	v, other := s.viewer(s.acc, self), s.viewer(s.acc, s.follower(s.acc, "旁人"))
	own, err := s.db.MentionToken(context.Background(), v.ID, self.ID) // of when the viewer was somebody else's
	s.must(err)
	ming, hong := s.follower(s.acc, "小明"), s.follower(s.acc, "小红")
	token := func(v viewer, name string) string { return "@{" + s.people(v, name)[0].Token + "}" }
	for _, c := range []struct {
		text, want string
		who        []callbackd.SenderID
	}{
		{token(v, "小红") + " 和" + token(v, "小明") + "，" + token(v, "小红") + "！", "@小红 和@小明，@小红！", []callbackd.SenderID{hong.ID, ming.ID}},
		{"@小明 在吗", "@小明 在吗", nil}, // plain names are looked at later, like those from WeChat
		{token(other, "小明") + " 偷来的", "@… 偷来的", nil},
		{"@{00000000000000000000} 编的", "@… 编的", nil},
		{"@{" + own + "}" + token(v, "小明"), "@小我@小明", []callbackd.SenderID{ming.ID}},
	} {
		r := s.want(202, "POST", messagesPath, textBody(c.text), v.bearer())
		row := s.message(s.acc, r.field("id"))
		if row.Message.Text != c.want {
			t.Errorf("%s is stored as %s, want %s", c.text, row.Message.Text, c.want)
		}
		if who, err := s.db.ListMentions(context.Background(), row.Message.ID); err != nil || !slices.Equal(who, c.who) {
			t.Errorf("%s mentions %v, %v, want %v", c.text, who, err, c.who)
		}
	}
	s.clock.Advance(time.Hour)
	long := "@{" + s.people(v, "小明")[0].Token + "}"
	s.want(202, "POST", messagesPath, textBody(long+strings.Repeat("x", 2048-len("@小明"))), v.bearer()) // names count, not tokens
	s.want(400, "POST", messagesPath, textBody(long+strings.Repeat("x", 2049-len("@小明"))), v.bearer())

	// of more than five, five; in an account that holds, nobody's unreviewed name
	var many strings.Builder
	var first []callbackd.SenderID
	for i := range 7 {
		who := s.follower(s.acc, fmt.Sprintf("众%d", i))
		many.WriteString(strings.Repeat(token(v, fmt.Sprintf("众%d", i)), 2)) // twice is once
		if i < 5 {
			first = append(first, who.ID)
		}
	}
	r := s.want(202, "POST", messagesPath, textBody(many.String()), v.bearer())
	if who, err := s.db.ListMentions(context.Background(), s.message(s.acc, r.field("id")).Message.ID); err != nil || !slices.Equal(who, first) {
		t.Errorf("%v, %v, want %v", who, err, first)
	}
	s.acc.Moderation = callbackd.ModerationHold
	s.must(s.db.SetAccount(context.Background(), s.acc, "test"))
	name := func() string { // the server notices the change a moment after it
		return s.want(200, "GET", bindingPath, "", s.viewer(s.acc, self).bearer()).field("name")
	}
	if got := eventually(t, func() string { return fmt.Sprint(name() == "小我") }, "false"); got != "false" {
		t.Fatal("the account's new moderation is not noticed")
	}
	s.clock.Advance(time.Hour)
	if text := s.message(s.acc, s.want(202, "POST", messagesPath, textBody(long), v.bearer()).field("id")).Message.Text; strings.Contains(text, "小明") || text == "@…" {
		t.Errorf("%s: a name that nobody has passed stands in a message that is held for it", text)
	}
}
