package handlers_test

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/internal/testkit/axe"
	"callbackd/store"
)

// queueTab is the queue's page in a browser.
type queueTab struct {
	*deskSite
	ctx context.Context
}

func (q *queueTab) eval(expression string) bool {
	q.Helper()
	v, err := chromedp.Run(q.ctx, chromedp.Evaluate[bool](expression))
	q.must(err)
	return v
}

func (q *queueTab) until(what, expression string) {
	q.Helper()
	for end := time.Now().Add(time.Minute); !q.eval("Boolean(" + expression + ")"); {
		if time.Now().After(end) {
			q.Fatalf("waited in vain: %s", what)
		}
	}
}

func (q *queueTab) press(keys string) {
	q.Helper()
	q.must(chromedp.Do(q.ctx, chromedp.KeyEvent(keys)))
}

func (q *queueTab) stands(id callbackd.PublicID, want callbackd.State) {
	q.Helper()
	for end := time.Now().Add(time.Minute); ; {
		row, err := q.db.GetMessage(context.Background(), q.acc.ID, id)
		q.must(err)
		if row.Message.State == want {
			return
		}
		if time.Now().After(end) {
			q.Fatalf("waited in vain for a message to be %s: it is %s", want, row.Message.State)
		}
	}
}

func (s *deskSite) says(from callbackd.OpenID, words string) callbackd.PublicID {
	s.Helper()
	out, err := s.db.Accept(context.Background(), &store.Callback{Account: s.acc, Key: string(callbackd.NewPublicID()), ReceivedAt: s.clock.Now(), CreateTime: s.clock.Now(),
		Outcome: store.OutcomeAccepted, MsgType: "text", From: from, Message: &callbackd.Message{Kind: callbackd.KindText, Text: words, SentAt: s.clock.Now()}})
	s.must(err)
	return out.Public
}

const large = `document.querySelector('#current .q-words')?.textContent === `

// TestDeskBrowser_Queue works with keys alone: decisions, undo, a line that breaks,
// the panic.
func TestDeskBrowser_Queue(t *testing.T) {
	s := newDeskSite(t)
	one, two := s.says("oA", "one"), s.says("oB", "two")
	moderator := s.as(s.operator("ling", callbackd.Grant{Account: s.acc.ID, Role: callbackd.RoleModerator}), nil)
	q := &queueTab{s, s.deskTab(moderator, 1920, 1080)}
	s.must(chromedp.Do(q.ctx, chromedp.Navigate(s.http.URL+"/desk/spring/queue?lang=zh-CN")))
	q.until("the oldest is large", large+`'one' && document.querySelectorAll('#rest .q').length === 1`)
	q.press("a")
	q.until("the next one is large", large+`'two'`)
	q.stands(one, callbackd.StateShown)
	q.press("u")
	q.stands(one, callbackd.StateHeld)
	q.until("it is back", `document.querySelectorAll('.q').length === 2`)

	three := s.says("oC", "three")
	q.until("what comes appears by itself", `document.querySelectorAll('.q').length === 3`)
	q.eval(`(() => { const real = window.fetch; let n = 0; window.fetch = (...a) => (n++ < 1 ? Promise.reject(new TypeError('away')) : real(...a)); return true; })()`)
	q.press("r")
	q.until("a decision that is not sent is said", `!document.getElementById('note').hidden`)
	q.stands(two, callbackd.StateRefused)
	q.until("and that it is sent by now", `document.getElementById('note').hidden`)

	q.until("the next one is large", large+`'three'`)
	q.press("xkx")
	q.until("two are marked", `document.querySelectorAll('.q-mark input:checked').length === 2 && document.getElementById('group').checkVisibility()`)
	q.eval(`document.querySelector('#group [value=approve]').click() ?? true`)
	q.stands(one, callbackd.StateShown)
	q.stands(three, callbackd.StateShown)
	q.until("nothing is left", `!document.getElementById('empty').hidden`)

	q.press("P")
	q.until("the page says that the wall is still", `document.querySelector('.queue-stopped').checkVisibility()`)
	if stage, _, err := s.db.GetStage(t.Context(), s.acc.ID); err != nil || stage.State != callbackd.StagePanic {
		t.Errorf("%s, %v", stage.State, err)
	}
	q.must(s.db.Moderate(t.Context(), s.acc.ID, three, callbackd.DecisionRemove, "test")) // and a page of its sender, with every step
	row, err := s.db.GetMessage(t.Context(), s.acc.ID, three)
	s.must(err)
	for _, page := range []string{"/desk/spring/sender/" + string(row.Sender.PublicID), "/desk/spring/search?q=three"} {
		s.must(chromedp.Do(q.ctx, chromedp.Navigate(s.http.URL+page)))
		violations, err := axe.Check(q.ctx)
		s.must(err)
		for _, v := range violations {
			t.Errorf("%s: %s", page, v)
		}
	}
}
