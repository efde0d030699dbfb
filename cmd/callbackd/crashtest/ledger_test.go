package crashtest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

// push is one callback as the platform knows it.
type push struct {
	account *account
	payload rehearsal.Payload
	id      string // see identify
	words   string // unique words that the wall shows of it; empty: none
	insist  bool   // the platform repeats it until it is answered; else it gives up as the real one does
	first   rehearsal.PrepareOptions
	made    time.Time

	answered bool   // guarded by ledger.mu, as answer is
	answer   string // what the first answer said
}

func (p *push) isMessage() bool { return p.payload.Event == "" }

// ledger is the platform's account of what was said and what was answered.
type ledger struct {
	mu       sync.Mutex // guards all below
	pushes   map[string]*push
	answered []*push // in the order of their first answers
	counts   counts
	problems []string
}

type counts struct {
	Pushes, Answered, AnsweredMessages int
	Deliveries, Unanswered             int // Unanswered: of them, those without an answer
	Repeats                            int // answers beyond a push's first
}

func newLedger() *ledger { return &ledger{pushes: map[string]*push{}} }

// add notes a push before its first delivery.
func (l *ledger) add(p *push) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pushes[p.id] != nil {
		l.problemLocked("the test made two pushes that the platform would call one: %s", p.payload.Type+" "+rehearsal.MsgType(p.payload.Event))
	}
	l.pushes[p.id] = p
	l.counts.Pushes++
}

// note takes what came of a delivery and reports whether the push is answered.
func (l *ledger) note(p *push, v rehearsal.Verdict) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Deliveries += len(v.Attempts)
	for _, a := range v.Attempts {
		switch a.Status {
		case 0:
			l.counts.Unanswered++
		case 200:
		default:
			l.problemLocked("a genuine %s%s was answered with status %d", p.payload.Type, p.payload.Event, a.Status)
		}
	}
	if v.Last().Status != 200 {
		return p.answered
	}
	var answer string
	switch v.Outcome {
	case rehearsal.OutcomeSuccess:
		answer = "success"
	case rehearsal.OutcomeReply:
		answer = "reply: " + v.Reply.Content
	default:
		l.problemLocked("an answer that the platform does not take: %s", v.Why)
		return p.answered
	}
	if p.answered {
		l.counts.Repeats++
		if p.answer != answer {
			l.problemLocked("a repeated %s%s got another answer", p.payload.Type, p.payload.Event)
		}
		return true
	}
	p.answered, p.answer = true, answer
	l.answered = append(l.answered, p)
	l.counts.Answered++
	if p.isMessage() {
		l.counts.AnsweredMessages++
	}
	return true
}

func (l *ledger) problemLocked(format string, args ...any) {
	if len(l.problems) < 20 {
		l.problems = append(l.problems, fmt.Sprintf(format, args...))
	}
}

func (l *ledger) problem(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.problemLocked(format, args...)
}

// numbers returns the counts as they are now.
func (l *ledger) numbers() counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// known are all pushes by id, those that were answered, and what went wrong so far.
func (l *ledger) known() (pushes map[string]*push, answered []*push, problems []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	pushes = make(map[string]*push, len(l.pushes))
	for id, p := range l.pushes {
		pushes[id] = p
	}
	return pushes, append([]*push(nil), l.answered...), append([]string(nil), l.problems...)
}

// answeredBefore returns the n-th last answered push; nil when there is none.
func (l *ledger) answeredBefore(n int) *push {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n >= len(l.answered) {
		return nil
	}
	return l.answered[len(l.answered)-1-n]
}

// identify names a callback by what its repeats share: who, when, and the id of
// the message or what happened. The raw bytes that we store name it the same.
func identify(slug callbackd.Slug, xml []byte) string {
	return strings.Join([]string{string(slug), element(xml, "FromUserName"), element(xml, "CreateTime"), element(xml, "MsgId"),
		element(xml, "Event"), element(xml, "EventKey")}, "|")
}

// identifyMessage is identify for a stored message.
func identifyMessage(slug callbackd.Slug, from callbackd.OpenID, sentMS, msgID int64) string {
	return strings.Join([]string{string(slug), string(from), strconv.FormatInt(sentMS/1000, 10), strconv.FormatInt(msgID, 10), "", ""}, "|")
}

// element is the text of the first element of a name in a push.
func element(xml []byte, name string) string {
	_, rest, found := bytes.Cut(xml, []byte("<"+name+">"))
	if !found {
		return ""
	}
	text, _, _ := bytes.Cut(rest, []byte("</"+name+">"))
	text = bytes.TrimPrefix(text, []byte("<![CDATA["))
	return string(bytes.TrimSuffix(text, []byte("]]>")))
}
