package resolver_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"callbackd"
	"callbackd/mpweb"
	"callbackd/resolver"
)

const start = 1400000000

type (
	sender = callbackd.SenderID
	fakeID = callbackd.FakeID
	fakes  = map[callbackd.SenderID]callbackd.FakeID
)

// said is a text message of a sender; low is the low word of its MsgId.
func said(s sender, at int64, low uint32, words string) resolver.Pushed {
	return resolver.PushedOf(&callbackd.Message{
		ID: callbackd.MessageID(at*10) + callbackd.MessageID(s), Sender: s, Kind: callbackd.KindText, Text: words,
		SentAt: time.Unix(at, 0), MsgID: uint64(at)<<32 | uint64(low), ReceivedAt: time.Unix(at+1, 0),
	})
}

func line(id uint64, f fakeID, at int64, words string) mpweb.Entry {
	return mpweb.Entry{ID: id, Type: 1, Kind: callbackd.KindText, FakeID: f, Time: at, Content: words}
}

// evidence reads the page a minute after the start.
func evidence(pushes []resolver.Pushed, lines ...mpweb.Entry) resolver.Evidence {
	ev := resolver.Evidence{Pushes: pushes, Known: fakes{}}
	ev.Reading(time.Unix(start+60, 0), lines, true)
	return ev
}

func TestReading_LeavesOwnAnswersOut(t *testing.T) {
	own := line(9, "2391000001", start, "你好")
	own.Own = true
	ev := evidence([]resolver.Pushed{said(1, start, 0, "你好")}, own, line(8, "1001", start, "你好"))
	if found, _ := resolver.ByCreateTime(ev); found[1] != "1001" {
		t.Errorf("found %v", found)
	}
}

func TestByMsgID(t *testing.T) {
	lines := []mpweb.Entry{line(75, "1001", start+2, "甲"), line(76, "1002", start+3, "乙"), line(77, "1001", start+40, "丙")}
	for _, tc := range []struct {
		name   string
		pushes []resolver.Pushed
		known  fakes
		want   fakes
	}{
		{"holds", []resolver.Pushed{said(1, start, 75, "甲"), said(2, start+1, 76, "乙")}, nil, fakes{1: "1001", 2: "1002"}},
		{"recognised voice says nothing", []resolver.Pushed{said(1, start, 0, "甲")}, nil, fakes{}},
		{"not listed yet", []resolver.Pushed{said(1, start, 90, "甲")}, nil, fakes{}},
		{"time disagrees", []resolver.Pushed{said(1, start+30, 75, "甲")}, nil, fakes{}},
		{"words disagree", []resolver.Pushed{said(1, start, 76, "甲")}, nil, fakes{}},
		{"another sender's FakeID", []resolver.Pushed{said(1, start, 75, "甲")}, fakes{9: "1001"}, fakes{}},
		{"known already", []resolver.Pushed{said(1, start, 75, "甲")}, fakes{1: "1001"}, fakes{}},
		{"two messages, two people", []resolver.Pushed{said(1, start, 75, "甲"), said(1, start+1, 76, "乙")}, nil, fakes{}},
		{"two senders, one FakeID", []resolver.Pushed{said(1, start, 75, "甲"), said(2, start+39, 77, "丙")}, nil, fakes{}},
		{"one of the sender's own disagrees", []resolver.Pushed{said(1, start, 75, "甲"), said(1, start+39, 77, "别"), said(2, start+1, 76, "乙")}, nil, fakes{2: "1002"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ev := evidence(tc.pushes, lines...)
			for s, f := range tc.known {
				ev.Known[s] = f
			}
			if got := resolver.ByMsgID(ev); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("found %v, want %v", got, tc.want)
			}
		})
	}
}

func TestByMsgID_NeedsNoSettling(t *testing.T) {
	ev := resolver.Evidence{Pushes: []resolver.Pushed{said(1, start, 75, "甲")}}
	ev.Reading(time.Unix(start+1, 0), []mpweb.Entry{line(75, "1001", start, "甲")}, false)
	if got := resolver.ByMsgID(ev); got[1] != "1001" {
		t.Errorf("found %v", got)
	}
}

func TestByMsgID_EarlierEvidenceDisagrees(t *testing.T) {
	ev := evidence([]resolver.Pushed{said(1, start, 75, "甲")}, line(75, "1001", start, "甲"))
	ev.Prior = map[sender][]fakeID{1: {"1002"}}
	if got := resolver.ByMsgID(ev); len(got) != 0 {
		t.Errorf("found %v", got)
	}
}

func TestByCreateTime_WaitsUntilItsOwnLineMustBeListed(t *testing.T) {
	pushes := []resolver.Pushed{said(1, start, 0, "你好"), said(2, start, 0, "你好")}
	ev := resolver.Evidence{Pushes: pushes}
	ev.Reading(time.Unix(start+3, 0), []mpweb.Entry{line(12, "1002", start, "你好")}, true)
	if found, cand := resolver.ByCreateTime(ev); len(found)+len(cand) != 0 {
		t.Errorf("found %v, candidates %v although one line is not listed", found, cand)
	}
	ev.Reading(time.Unix(start+8, 0), []mpweb.Entry{line(12, "1002", start, "你好"), line(11, "1001", start, "你好")}, true)
	found, cand := resolver.ByCreateTime(ev)
	if len(found) != 0 || len(cand[1]) != 2 || len(cand[2]) != 2 {
		t.Errorf("found %v, candidates %v: equal words of one second", found, cand)
	}
	// The next message of one of them tells both; the first reading is long gone.
	next := resolver.Evidence{Pushes: []resolver.Pushed{said(1, start+600, 0, "再见")}, Prior: cand}
	next.Reading(time.Unix(start+660, 0), []mpweb.Entry{line(20, "1003", start+599, "再见"), line(21, "1001", start+601, "再见")}, false)
	next.Sweeps[0].All = true
	if found, _ := resolver.ByCreateTime(next); found[1] != "1001" {
		t.Errorf("found %v", found)
	}
}

func TestByOpenID(t *testing.T) {
	if f, ok := resolver.ByOpenID(callbackd.Dialect2016, "oAbCdEfGhIjKlMnOpQrStUvWxYz0"); !ok || f != "oAbCdEfGhIjKlMnOpQrStUvWxYz0" {
		t.Error("dialect 2016: the FakeID is the openID")
	}
	if _, ok := resolver.ByOpenID(callbackd.Dialect2014, "oAbCdEfGhIjKlMnOpQrStUvWxYz0"); ok {
		t.Error("dialect 2014: the FakeID is a number")
	}
}

func TestIndex_OneFakeIDOneOpenID(t *testing.T) {
	var x resolver.Index
	x.See("1001")
	if x.Resolved("1001") {
		t.Error("seen is not resolved")
	}
	if err := x.Bind("1001", "oA"); err != nil || !x.Resolved("1001") {
		t.Fatalf("bind: %v", err)
	}
	x.See("1001")
	if f, ok := x.FakeID("oA"); !ok || f != "1001" || !x.Resolved("1001") {
		t.Error("a resolved one went back to the unresolved list")
	}
	if err := x.Bind("1001", "oA"); err != nil {
		t.Errorf("the same again: %v", err)
	}
	for _, pair := range [][2]string{{"1001", "oB"}, {"1002", "oA"}} {
		if err := x.Bind(fakeID(pair[0]), callbackd.OpenID(pair[1])); !errors.Is(err, callbackd.ErrConflict) {
			t.Errorf("bind %v: %v", pair, err)
		}
	}
	if err := x.Bind("1003", ""); !errors.Is(err, callbackd.ErrInvalid) {
		t.Errorf("a card without openID: %v", err)
	}
}

func TestCardOrder(t *testing.T) {
	ev := evidence([]resolver.Pushed{said(3, start+20, 0, "好"), said(9, start+20, 0, "好")},
		line(10, "1001", start, "甲"), line(11, "1005", start+20, "好"), line(12, "1006", start+21, "好"), line(13, "1009", start+20, "好"))
	ev.Known[9] = "1009"
	var x resolver.Index
	if err := x.Bind("1002", "oX"); err != nil {
		t.Fatal(err)
	}
	cand := map[sender][]fakeID{1: {"1001", "1002", "1003", "1004"}, 2: {"1003", "1007"}}
	contacts := []fakeID{"1020", "1001", "1021"}
	got := resolver.CardOrder(&x, ev, []sender{1, 2, 3}, cand, contacts)
	want := []fakeID{"1003", "1007", "1001", "1004", "1006", "1005"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("everybody stands on the page: %v, want %v", got, want)
	}
	got = resolver.CardOrder(&x, ev, []sender{1, 2, 3, 4}, cand, contacts)
	if want = append(want, "1020", "1021"); !reflect.DeepEqual(got, want) {
		t.Errorf("sender 4 only followed: %v, want %v", got, want)
	}
}

func TestStale(t *testing.T) {
	now := time.Unix(start, 0)
	for age, want := range map[time.Duration]bool{29 * 24 * time.Hour: false, 31 * 24 * time.Hour: true} {
		if got := resolver.Stale(&callbackd.Person{ReadAt: now.Add(-age)}, now); got != want {
			t.Errorf("read %s ago: %v", age, got)
		}
	}
	if !resolver.Stale(&callbackd.Person{}, now) {
		t.Error("a card that was never read is fresh")
	}
}

func TestMayTakeOver(t *testing.T) {
	there := callbackd.Profile{Nickname: "小明"}
	if !resolver.MayTakeOver(callbackd.Dialect2014, " 小明", there) {
		t.Error("the same nickname is refused")
	}
	if resolver.MayTakeOver(callbackd.Dialect2014, "小红", there) || resolver.MayTakeOver(callbackd.Dialect2014, "", callbackd.Profile{}) ||
		resolver.MayTakeOver(callbackd.Dialect2016, "小明", there) {
		t.Error("taken over without the same nickname on this account's pages, or in dialect 2016")
	}
}
