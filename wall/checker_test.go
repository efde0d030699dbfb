package wall_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
)

// checked is a stage with an account whose checker answers as the test says.
type checked struct {
	*stage
	a       *callbackd.Account
	checker *wall.Checker

	mu      sync.Mutex // guards what follows: a call that broke off orders nothing
	answer  func(w http.ResponseWriter)
	asked   []string // bodies
	secrets []string
}

// answering sets how the checker answers from now on.
func (c *checked) answering(fn func(w http.ResponseWriter)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = fn
}

func newChecked(t *testing.T) *checked {
	c := &checked{stage: newStage(t)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		c.asked, c.secrets = append(c.asked, string(body)), append(c.secrets, r.Header.Get("Authorization"))
		answer := c.answer
		c.mu.Unlock()
		answer(w)
	}))
	t.Cleanup(server.Close)
	c.a = c.account("gala", callbackd.ModerationAuto)
	c.a.Filters, c.a.CheckerSecret = callbackd.FilterOptions{PassFirst: true, PerMinute: -1, Checker: server.URL + "/check?key=x"}, "hush-hush"
	c.must(c.db.SetAccount(ctx, c.a, "test"))
	var err error
	c.checker, err = wall.NewChecker(c.db, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	c.must(err)
	return c
}

// arrives stores words that the filters found nothing in, and returns the job.
func (c *checked) arrives(words string) (callbackd.Job, store.Row) {
	c.Helper()
	now := c.db.Now()
	c.n++
	out, err := c.db.Accept(ctx, &store.Callback{Account: c.a, Key: fmt.Sprint("key", c.n), ReceivedAt: now, CreateTime: now,
		Outcome: store.OutcomeAccepted, MsgType: "text", From: "oSomebodyWithAnOpenID", Raw: []byte("<xml/>"), Found: callbackd.Findings{Lists: true},
		Message: &callbackd.Message{Kind: callbackd.KindText, Text: words, SentAt: now, MsgID: uint64(c.n)}})
	c.must(err)
	row, err := c.db.GetMessage(ctx, c.a.ID, out.Public)
	c.must(err)
	if row.Message.State != callbackd.StateHeld || row.Message.Reason != callbackd.HeldWaits {
		c.Fatalf("before the checker: %s %q", row.Message.State, row.Message.Reason)
	}
	return callbackd.Job{Kind: callbackd.JobCheck, Key: strconv.FormatInt(int64(row.Message.ID), 10), Account: c.a.ID}, row
}

func (c *checked) now(row store.Row) callbackd.Message {
	c.Helper()
	row, err := c.db.GetRow(ctx, row.Message.ID)
	c.must(err)
	return row.Message
}

func answers(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
}

func TestChecker_OnlyAClearYesLetsThrough(t *testing.T) {
	c := newChecked(t)
	for name, row := range map[string]struct {
		answer func(http.ResponseWriter)
		state  callbackd.State
		why    string
		again  bool // it is asked again
	}{
		"yes":           {answers(200, `{"pass":true}`), "shown", "", false},
		"no":            {answers(200, `{"pass":false,"reason":" not|nice "}`), "held", "checker|not/nice", false},
		"no words":      {answers(200, `{"pass":false}`), "held", "checker|", false},
		"an error":      {answers(500, `{"pass":true}`), "held", "away|answer 500", true},
		"a redirect":    {func(w http.ResponseWriter) { w.Header().Set("Location", "/yes"); w.WriteHeader(302) }, "held", "away|", true},
		"another page":  {answers(200, `<html>`), "held", "away|the answer is not", true},
		"half a yes":    {answers(200, `{"reason":"fine"}`), "held", "away|the answer is not", true},
		"pass in words": {answers(200, `{"pass":"yes"}`), "held", "away|the answer is not", true},
		"too much":      {answers(200, `{"pass":true,"reason":"`+strings.Repeat("x", 17<<10)+`"}`), "held", "away|read the answer", true},
		"it hangs up":   {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "held", "away|no answer", true},
	} {
		t.Run(name, func(t *testing.T) {
			c.answering(row.answer)
			job, sent := c.arrives("words of " + name)
			err := c.checker.Run(ctx, job)
			if (err != nil) != row.again {
				t.Errorf("the job: %v", err)
			}
			m := c.now(sent)
			if m.State != row.state || !strings.HasPrefix(string(m.Reason), row.why) || row.why == "" && m.Reason != "" {
				t.Errorf("%s %q", m.State, m.Reason)
			}
			for _, word := range []string{"hush-hush", "key=x", "127.0.0.1"} {
				if strings.Contains(string(m.Reason)+fmt.Sprint(err), word) {
					t.Errorf("it tells %s: %q, %v", word, m.Reason, err)
				}
			}
		})
	}
}

func TestChecker_TellsWhatWasSaidAndNotWhoSaidIt(t *testing.T) {
	c := newChecked(t)
	c.answering(answers(200, `{"pass":true}`))
	c.name(c.a, "oSomebodyWithAnOpenID", "阿甲")
	job, row := c.arrives("你好")
	c.must(c.checker.Run(ctx, job))
	var q map[string]string
	c.must(json.Unmarshal([]byte(c.asked[0]), &q))
	if fmt.Sprint(q) != "map[account:gala kind:text name:阿甲 text:你好]" || c.secrets[0] != "Bearer hush-hush" {
		t.Errorf("%v, %v", q, c.secrets)
	}
	if m := c.now(row); m.Seq == 0 || m.Rev == 0 {
		t.Errorf("seq %d, rev %d", m.Seq, m.Rev)
	}
	entries, err := c.db.ListAudit(ctx, c.a.ID, 0, 1)
	c.must(err)
	if entries[0].Actor != store.ByChecker || entries[0].Message != row.Message.ID {
		t.Errorf("%+v", entries[0])
	}
	c.must(c.checker.Run(ctx, job))
	if len(c.asked) != 1 {
		t.Error("it is asked although nothing waits")
	}
}

func TestChecker_ComesAfterPeople(t *testing.T) {
	c := newChecked(t)
	c.answering(answers(500, ""))
	job, row := c.arrives("one")
	_ = c.checker.Run(ctx, job) // fails: the message waits on
	c.answering(answers(200, `{"pass":true}`))
	c.must(c.checker.Run(ctx, job))
	if m := c.now(row); m.State != callbackd.StateShown || m.Reason != "" {
		t.Errorf("a checker that came back: %s %q", m.State, m.Reason)
	}
	job, row = c.arrives("two")
	c.decide(c.a, callbackd.DecisionRefuse, row.Message.PublicID)
	c.must(c.checker.Run(ctx, job))
	c.must(c.db.SetChecked(ctx, c.a.ID, row.Message.ID, ""))
	if m := c.now(row); m.State != callbackd.StateRefused {
		t.Errorf("a moderator refused it: %s", m.State)
	}
	job, row = c.arrives("three")
	c.must(c.db.SetBlocked(ctx, c.a.ID, row.Sender.ID, true, "test"))
	c.must(c.checker.Run(ctx, job))
	if m := c.now(row); m.State != callbackd.StateHeld || m.Reason != callbackd.HeldBlocked {
		t.Errorf("of a blocked sender: %s %q", m.State, m.Reason)
	}
}

func TestChecker_ReachesNoPrivateAddressUnlessAllowed(t *testing.T) {
	c := newChecked(t)
	var err error
	c.checker, err = wall.NewChecker(c.db, nil)
	c.must(err)
	c.answering(answers(200, `{"pass":true}`))
	job, row := c.arrives("hello")
	if err := c.checker.Run(ctx, job); err == nil || len(c.asked) > 0 {
		t.Errorf("it was asked: %v", err)
	}
	if m := c.now(row); m.State != callbackd.StateHeld || m.Reason.Code() != callbackd.HeldAway {
		t.Errorf("%s %q", m.State, m.Reason)
	}
}
