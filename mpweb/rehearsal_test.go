package mpweb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/mpweb"
	"callbackd/rehearsal"
)

// These tests put the client before the simulated platform, which was written
// from the same facts by another hand.

// shelf is a session store for tests.
type shelf struct {
	mu sync.Mutex
	b  []byte
}

func (s *shelf) GetSession(context.Context, callbackd.AccountID) ([]byte, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.b == nil {
		return nil, time.Time{}, callbackd.ErrNotFound
	}
	return bytes.Clone(s.b), time.Time{}, nil
}

func (s *shelf) SetSession(_ context.Context, _ callbackd.AccountID, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b = bytes.Clone(b)
	return nil
}

// stage is a client before a simulated platform with one account.
type stage struct {
	*mpweb.Client
	platform *rehearsal.Platform
	account  *rehearsal.Account
	acc      *callbackd.Account
}

func newStage(t *testing.T, d callbackd.Dialect, faults rehearsal.OperatorFaults) *stage {
	t.Helper()
	p := rehearsal.New(rehearsal.Options{Seed: 11})
	a, err := p.AddAccount(rehearsal.AccountConfig{Slug: "gala", Name: "春晚现场", MP: &rehearsal.MPConfig{Dialect: d}, Operator: faults})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(p.Handler())
	t.Cleanup(srv.Close)
	p.SetBaseURL(srv.URL)
	c, err := mpweb.New(mpweb.Config{BaseURL: srv.URL, Pace: time.Nanosecond, Sessions: &shelf{}})
	if err != nil {
		t.Fatal(err)
	}
	acc := &callbackd.Account{ID: 1, Slug: "gala", MPWeb: &callbackd.MPWebLogin{
		Username: a.Config.MP.Username, Password: callbackd.Secret(a.Config.MP.Password), Dialect: d,
	}}
	return &stage{Client: c, platform: p, account: a, acc: acc}
}

// follower adds a person; the second result is their id on the pages.
func (s *stage) follower(t *testing.T, p callbackd.Profile, avatar []byte) (rehearsal.Contact, callbackd.FakeID) {
	t.Helper()
	f, err := s.platform.AddFollower(rehearsal.Follower{Profile: p, Avatar: avatar})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.account.Follow(f.Number, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if s.acc.MPWeb.Dialect == callbackd.Dialect2016 {
		return c, callbackd.FakeID(c.OpenID)
	}
	return c, c.Number
}

func (s *stage) say(t *testing.T, m rehearsal.Message) rehearsal.Record {
	t.Helper()
	at := time.Duration(0)
	m.Listing, m.Skew = &at, &at
	r, err := s.account.Say(m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var hardName = callbackd.Profile{
	Nickname: "A&B <\"小明\"> 's\t\\ 😀", Gender: callbackd.GenderMale, Country: "中国", Province: "湖北", City: "武汉", Signature: "早 &lt; 安",
}

func bothDialects(t *testing.T, test func(t *testing.T, d callbackd.Dialect)) {
	for _, d := range []callbackd.Dialect{callbackd.Dialect2014, callbackd.Dialect2016} {
		t.Run(string(d), func(t *testing.T) { test(t, d) })
	}
}

func TestRehearsal_PeopleAndWords(t *testing.T) {
	bothDialects(t, func(t *testing.T, d callbackd.Dialect) {
		s := newStage(t, d, rehearsal.OperatorFaults{UserPage: d == callbackd.Dialect2014})
		face := rehearsal.Files().Faces[0]
		person, id := s.follower(t, hardName, face)
		words := "<b>1 & 2</b>  \"三\"\n'四' 登录超时，请重新登录 \\n }]}).msg_item 😀"
		first := s.say(t, rehearsal.Message{From: person.Number, Content: words})
		if _, err := s.account.Reply(person.Number, "收到"); err != nil {
			t.Fatal(err)
		}
		entries, err := s.MessagePage(t.Context(), s.acc, mpweb.PageQuery{})
		if err != nil || len(entries) != 1 {
			t.Fatalf("message page: %+v, %v", entries, err)
		}
		want := mpweb.Entry{
			ID: uint64(first.ConsoleID), Type: 1, Kind: callbackd.KindText, FakeID: id,
			Nickname: hardName.Nickname, Content: words, Time: first.ConsoleAt.Unix(),
		}
		if entries[0] != want {
			t.Errorf("got  %+v\nwant %+v", entries[0], want)
		}
		dialog, err := s.Dialog(t.Context(), s.acc, id)
		if err != nil || len(dialog) != 2 || !dialog[0].Own || dialog[1] != want {
			t.Errorf("dialog: %+v, %v", dialog, err)
		}
		contacts, _, more, err := s.Contacts(t.Context(), s.acc, mpweb.Cursor{})
		if err != nil || more || len(contacts) != 1 || contacts[0].FakeID != id || contacts[0].Nickname != hardName.Nickname {
			t.Errorf("contacts: %+v, %v, %v", contacts, more, err)
		}
		card, err := s.Card(t.Context(), s.acc, id)
		if err != nil || !card.HasOpenID || card.OpenID != person.OpenID || card.Profile.Nickname != hardName.Nickname || card.Profile.City != "武汉" {
			t.Errorf("card: %+v, %v", card, err)
		}
		if picture, err := s.Avatar(t.Context(), s.acc, card); err != nil || !bytes.Equal(picture.Bytes, face) {
			t.Errorf("avatar: %v", err)
		}
		s.account.Unfollow(person.Number)
		if _, err := s.Card(t.Context(), s.acc, id); !errors.Is(err, mpweb.ErrUnfollowed) {
			t.Errorf("card of somebody who left: %v", err)
		}
	})
}

func TestRehearsal_ContactsInPagesOfAnySize(t *testing.T) {
	bothDialects(t, func(t *testing.T, d callbackd.Dialect) {
		for _, limit := range []int{0, 50} {
			s := newStage(t, d, rehearsal.OperatorFaults{MaxPageSize: limit})
			crowd, err := s.platform.Crowd(230)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.account.FollowAll(crowd, time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
			met := map[callbackd.FakeID]bool{}
			var at mpweb.Cursor
			for more := true; more; {
				var contacts []mpweb.Contact
				if contacts, at, more, err = s.Contacts(t.Context(), s.acc, at); err != nil {
					t.Fatal(err)
				}
				for _, c := range contacts {
					met[c.FakeID] = true
				}
			}
			if len(met) != 230 {
				t.Errorf("pages of %d: met %d of 230", limit, len(met))
			}
		}
	})
}

func TestRehearsal_Files(t *testing.T) {
	bothDialects(t, func(t *testing.T, d callbackd.Dialect) {
		s := newStage(t, d, rehearsal.OperatorFaults{})
		person, id := s.follower(t, hardName, nil)
		files := rehearsal.Files()
		for kind, m := range map[callbackd.Kind]rehearsal.Message{
			callbackd.KindVoice: {Type: rehearsal.TypeVoice, Asset: files.Voices[0]},
			callbackd.KindImage: {Type: rehearsal.TypeImage, Asset: files.Pictures[0]},
			callbackd.KindVideo: {Type: rehearsal.TypeVideo, Asset: files.Videos[0]},
		} {
			m.From = person.Number
			r := s.say(t, m)
			entries, err := s.Dialog(t.Context(), s.acc, id)
			if err != nil || entries[0].ID != uint64(r.ConsoleID) || entries[0].Kind != kind {
				t.Fatalf("%s: %+v, %v", kind, entries, err)
			}
			off := entries[0].PlayLength - m.Asset.Duration
			if kind != callbackd.KindImage && (off > time.Second || off < -time.Second) {
				t.Errorf("%s lasts %s, the page says %s", kind, m.Asset.Duration, entries[0].PlayLength)
			}
			rc, err := s.Media(t.Context(), s.acc, kind, entries[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(rc)
			rc.Close()
			if !bytes.Equal(got, m.Asset.Page) {
				t.Errorf("%s: %d bytes, want %d", kind, len(got), len(m.Asset.Page))
			}
			if _, err := s.Media(t.Context(), s.acc, kind, entries[0].ID+99); !errors.Is(err, mpweb.ErrNoSuchMedia) {
				t.Errorf("%s of another id: %v", kind, err)
			}
		}
		if qr, err := s.JoinQR(t.Context(), s.acc); err != nil || !bytes.HasPrefix(qr, []byte{0xff, 0xd8}) {
			t.Errorf("join QR: %v", err)
		}
		s.account.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Media.Cut = true })
		if _, err := s.Media(t.Context(), s.acc, callbackd.KindVoice, uint64(s.account.Truth()[0].ConsoleID)); err == nil {
			t.Error("a file that ends in the middle is no file")
		}
	})
}

func TestRehearsal_EveryLookOfAnEndedSession(t *testing.T) {
	looks := []rehearsal.LostLook{rehearsal.LookOfDialect, rehearsal.LookRet3, rehearsal.LookRet200003, rehearsal.LookRet20000, rehearsal.LookHTML}
	bothDialects(t, func(t *testing.T, d callbackd.Dialect) {
		for _, look := range looks {
			s := newStage(t, d, rehearsal.OperatorFaults{Session: rehearsal.SessionFaults{Look: look}})
			person, id := s.follower(t, hardName, nil)
			voice := s.say(t, rehearsal.Message{From: person.Number, Type: rehearsal.TypeVoice, Asset: rehearsal.Files().Voices[0]})
			if err := s.LoggedIn(t.Context(), s.acc); err != nil {
				t.Fatal(err)
			}
			for name, call := range map[string]func(context.Context) error{
				"home":     func(ctx context.Context) error { return s.LoggedIn(ctx, s.acc) },
				"messages": func(ctx context.Context) error { _, err := s.MessagePage(ctx, s.acc, mpweb.PageQuery{}); return err },
				"card":     func(ctx context.Context) error { _, err := s.Card(ctx, s.acc, id); return err },
				"voice": func(ctx context.Context) error {
					_, err := s.Media(ctx, s.acc, callbackd.KindVoice, uint64(voice.ConsoleID))
					return err
				},
			} {
				for how, end := range map[string]func(){
					"logged out": s.account.EndSession,
					"killed by another login": func() {
						if err := s.account.LogInElsewhere(); err != nil {
							t.Error(err)
						}
					},
				} {
					end()
					before := s.account.Logins()
					if err := call(t.Context()); err != nil || s.account.Logins() != before+1 {
						t.Errorf("%s %s, look %q: %v after %d logins", name, how, look, err, s.account.Logins()-before)
					}
				}
			}
		}
	})
}

func TestRehearsal_RefusedLogins(t *testing.T) {
	for reason, faults := range map[string]rehearsal.LoginFaults{
		mpweb.ReasonCaptcha:    {CaptchaAlways: true},
		mpweb.ReasonQR:         {Protected: true},
		mpweb.ReasonRestricted: {Ret: -7},
	} {
		s := newStage(t, callbackd.Dialect2016, rehearsal.OperatorFaults{Login: faults})
		for range 2 {
			err := s.LoggedIn(t.Context(), s.acc)
			var human *mpweb.NeedsHumanError
			if !errors.As(err, &human) || human.Reason != reason {
				t.Errorf("%s: got %v", reason, err)
			}
		}
		if n := s.platform.Counters("gala")["mp/login"]; n != 1 {
			t.Errorf("%s: %d logins", reason, n)
		}
	}
}

func TestRehearsal_FrequencyControl(t *testing.T) {
	bothDialects(t, func(t *testing.T, d callbackd.Dialect) {
		for name, call := range map[string]func(s *stage) error{
			"home":     func(s *stage) error { return s.LoggedIn(t.Context(), s.acc) },
			"messages": func(s *stage) error { _, err := s.MessagePage(t.Context(), s.acc, mpweb.PageQuery{}); return err },
			"file":     func(s *stage) error { _, err := s.JoinQR(t.Context(), s.acc); return err },
		} {
			s := newStage(t, d, rehearsal.OperatorFaults{})
			if err := s.LoggedIn(t.Context(), s.acc); err != nil {
				t.Fatal(err)
			}
			s.account.ThrottleFor(time.Hour)
			for range 3 {
				var quiet *mpweb.FrequencyError
				if err := call(s); !errors.As(err, &quiet) || s.account.Logins() != 1 {
					t.Errorf("%s: got %v after %d logins", name, err, s.account.Logins())
				}
			}
			if n := s.platform.Counters("gala")["mp/throttled"]; n != 1 {
				t.Errorf("%s: %d requests reached a platform that wants none", name, n)
			}
		}
	})
}

func TestRehearsal_LoginByQR(t *testing.T) {
	s := newStage(t, callbackd.Dialect2016, rehearsal.OperatorFaults{Login: rehearsal.LoginFaults{Protected: true}})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := s.LoggedIn(ctx, s.acc); err == nil {
		t.Fatal("the password alone must not do")
	}
	var steps []mpweb.QRStep
	err := s.LoginQR(ctx, s.acc, mpweb.Browser{PictureDir: t.TempDir()}, func(p mpweb.Progress) {
		steps = append(steps, p.Step)
		switch {
		case p.Step == mpweb.QRStepPicture && len(steps) == 1:
			s.platform.ExpireLoginQR()
		case p.Step == mpweb.QRStepPicture:
			if err := s.account.ScanLogin(); err != nil {
				t.Error(err)
			}
		case p.Step == mpweb.QRStepScanned:
			if err := s.account.ConfirmLogin(); err != nil {
				t.Error(err)
			}
		}
	})
	want := []mpweb.QRStep{mpweb.QRStepPicture, mpweb.QRStepExpired, mpweb.QRStepPicture, mpweb.QRStepScanned, mpweb.QRStepConfirmed, mpweb.QRStepDone}
	if err != nil || !slices.Equal(steps, want) {
		t.Fatalf("got %v, %v", steps, err)
	}
	if _, err := s.MessagePage(ctx, s.acc, mpweb.PageQuery{}); err != nil {
		t.Error(fmt.Errorf("with the session of the scan: %w", err))
	}
}
