package mpweb

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

// seed adds every fixture and some torn pages.
func seed(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatalf("found %d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)*2/3])
	}
	for _, s := range []string{"", "{", `{"msg_item":[`, `{"msg_items":"{\"msg_item\":[{\"id\":1,`, "{\"\\", "\x00{\"a\x01\":\"\\x4", `{"base_resp":null,"user_list":null}`} {
		f.Add([]byte(s))
	}
}

// checkWords fails on what no parser may give out.
func checkWords(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		for _, r := range w {
			if r < 0x20 && r != '\n' && r != '\r' && r != '\t' {
				t.Errorf("a control character came through: %q", w)
			}
		}
		if !utf8.ValidString(w) {
			t.Errorf("broken UTF-8 came through: %q", w)
		}
	}
}

func checkEntries(t *testing.T, entries []Entry, err error) {
	t.Helper()
	if err != nil && entries != nil {
		t.Error("entries beside an error")
	}
	for _, e := range entries {
		if e.ID == 0 || e.FakeID == "" || e.PlayLength < 0 {
			t.Errorf("entry without id or sender: %+v", e)
		}
		checkWords(t, e.Nickname, e.Content)
	}
}

func FuzzParseMessages(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, err := ParseMessages(body, "2391000001")
		checkEntries(t, entries, err)
	})
}

func FuzzParseDialog(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, err := ParseDialog(body, "2391000001")
		checkEntries(t, entries, err)
	})
}

func FuzzParseContacts(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, parse := range []func([]byte) ([]Contact, error){ParseContacts2014, ParseContacts2016} {
			contacts, err := parse(body)
			if err != nil && contacts != nil {
				t.Error("contacts beside an error")
			}
			for _, c := range contacts {
				if c.FakeID == "" {
					t.Errorf("contact without id: %+v", c)
				}
				checkWords(t, c.Nickname)
			}
		}
	})
}

func FuzzParseCard(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, parse := range []func([]byte) (*Card, error){ParseCard2014, ParseCard2016} {
			card, err := parse(body)
			if (card == nil) == (err == nil) {
				t.Fatalf("card %v beside error %v", card, err)
			}
			if card == nil {
				continue
			}
			if card.FakeID == "" || card.HasOpenID != (card.OpenID != "") {
				t.Errorf("odd card: %+v", card)
			}
			p := card.Profile
			checkWords(t, p.Nickname, p.Country, p.Province, p.City, p.Signature)
		}
	})
}

func FuzzParseLogin(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := ParseLogin(body)
		if (a.Outcome == "") == (err == nil) || (a.Token != "") != (a.Outcome == LoginOK) {
			t.Errorf("odd answer: %+v, %v", a, err)
		}
	})
}

func FuzzParseHome(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		if h, err := ParseHome(body); err == nil && h.Ticket == "" {
			t.Error("a home page without a ticket")
		}
	})
}

func FuzzParseQRPoll(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, err := ParseQRPoll(body); (s == "") == (err == nil) {
			t.Errorf("odd status: %q, %v", s, err)
		}
	})
}

func FuzzRecognise(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, contentType := range []string{"", "text/html", "application/json"} {
			if Expired(contentType, body) != (Recognise(contentType, body) == TroubleEnded) {
				t.Error("Expired and Recognise disagree")
			}
			MediaExpired(contentType, body)
		}
		if out := scrub(body, []string{"1000000001"}); len(body) > 0 && out == nil {
			t.Error("scrub lost a page")
		}
	})
}
