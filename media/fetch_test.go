package media

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"callbackd"
	"callbackd/rehearsal"
	"callbackd/store"
)

// picture is large enough to get a small twin.
func picture() *rehearsal.Asset { return rehearsal.Files().Picture("stage.jpg") }

func pictureBy(c rehearsal.Contact) rehearsal.Message {
	return rehearsal.Message{From: c.Number, Type: rehearsal.TypeImage, Asset: picture()}
}

func voiceBy(c rehearsal.Contact) rehearsal.Message {
	return rehearsal.Message{From: c.Number, Type: rehearsal.TypeVoice, Asset: rehearsal.Files().Voices[0]}
}

// highRes is a voice that comes in 16 kHz too.
func highRes(t *testing.T) *rehearsal.Asset {
	for _, v := range rehearsal.Files().Voices {
		if v.HighRes != nil {
			return v
		}
	}
	t.Fatal("the crowd has no voice of 16 kHz")
	return nil
}

func TestFetch_EachKindByTheOfficialAPI(t *testing.T) {
	twin := highRes(t)
	for name, c := range map[string]struct {
		kind    rehearsal.MsgType
		asset   *rehearsal.Asset
		maker   *Maker
		want    []byte
		noTwin  bool
		videoAt bool // the bytes come from a second address
	}{
		"picture":                      {kind: rehearsal.TypeImage, asset: picture(), want: picture().Bytes},
		"voice":                        {kind: rehearsal.TypeVoice, asset: rehearsal.Files().Voices[0], want: rehearsal.Files().Voices[0].Bytes},
		"video":                        {kind: rehearsal.TypeVideo, asset: rehearsal.Files().Videos[0], want: rehearsal.Files().Videos[0].Bytes, videoAt: true},
		"voice of 16 kHz":              {kind: rehearsal.TypeVoice, asset: twin, maker: ffmpegMaker(t, DefaultLimits()), want: twin.HighRes},
		"voice of 16 kHz, no ffmpeg":   {kind: rehearsal.TypeVoice, asset: twin, want: twin.Bytes},
		"voice whose 16 kHz are gone":  {kind: rehearsal.TypeVoice, asset: twin, maker: ffmpegMaker(t, DefaultLimits()), want: twin.Bytes, noTwin: true},
		"voice that never had 16 kHz ": {kind: rehearsal.TypeVoice, asset: rehearsal.Files().Voices[0], maker: ffmpegMaker(t, DefaultLimits()), want: rehearsal.Files().Voices[0].Bytes},
	} {
		t.Run(name, func(t *testing.T) {
			if c.maker == nil {
				c.maker = plainMaker()
			}
			s := newStage(t, c.maker)
			sim, a := s.account(rehearsal.AccountConfig{}, nil)
			md := s.send(sim, a, rehearsal.Message{From: s.person(sim).Number, Type: c.kind, Asset: c.asset}, func(md *callbackd.Media) {
				md.PicURL = ""
				if c.noTwin {
					md.HighResID += "x"
				}
			})
			s.must(s.fetch(md))
			s.came(md, c.want)
			if n := s.platform.Counters("")["/rehearsal-video"]; (n == 1) != c.videoAt {
				t.Errorf("the second address was asked %d times", n)
			}
		})
	}
}

func TestFetch_IsCommittedWithItsCallbackForThreeDays(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{}, nil)
	s.send(sim, a, pictureBy(s.person(sim)), nil)
	j := s.claim(callbackd.JobMediaFetch)
	if j == nil || !j.Deadline.Equal(s.clock.Now().Add(72*time.Hour)) || j.DueAt.After(s.clock.Now()) {
		t.Errorf("%+v", j)
	}
}

// TestFetch_ASourceThatHasNoneIsPassedOverAtOnce: what the API answers, and
// what is tried next.
func TestFetch_ASourceThatHasNoneIsPassedOverAtOnce(t *testing.T) {
	code := func(code int) func(*rehearsal.Account) {
		return func(sim *rehearsal.Account) {
			sim.SetFaults(func(f *rehearsal.Faults) {
				f.Force = map[string]rehearsal.ForcedError{"/cgi-bin/media/get": {Code: code, N: -1}}
			})
		}
	}
	for name, c := range map[string]struct {
		fault  func(*rehearsal.Account)
		change func(*callbackd.Account)
	}{
		"40007": {fault: func(sim *rehearsal.Account) { sim.SetFaults(func(f *rehearsal.Faults) { f.MediaGone = true }) }},
		"40007 as text": {fault: func(sim *rehearsal.Account) {
			sim.SetFaults(func(f *rehearsal.Faults) { f.MediaGone, f.MediaErrorsAsText = true, true })
		}},
		"46001":           {fault: code(46001)},
		"48001":           {fault: code(48001)},
		"no app secret":   {change: noAPI},
		"whitelist 40164": {fault: code(40164)},
		"api forbidden":   {fault: code(48004)},
	} {
		for _, kind := range []rehearsal.MsgType{rehearsal.TypeImage, rehearsal.TypeVoice} {
			for _, pages := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/pages %v", name, kind, pages), func(t *testing.T) {
					s := newStage(t, plainMaker())
					cfg := rehearsal.AccountConfig{}
					if pages {
						cfg.MP = operator2014
					}
					sim, a := s.account(cfg, c.change)
					asset := rehearsal.Files().Voices[0]
					if kind == rehearsal.TypeImage {
						asset = picture()
					}
					md := s.send(sim, a, rehearsal.Message{From: s.person(sim).Number, Type: kind, Asset: asset}, nil)
					if c.fault != nil {
						c.fault(sim)
					}
					err := s.fetch(md)
					switch {
					case pages: // the pages first, then a picture's address
						s.must(err)
						s.absent(md)
						if j := s.claim(callbackd.JobMediaSearch); j == nil || j.Serial != store.MPWebSerial(a.ID) || !j.Deadline.Equal(s.clock.Now().Add(store.MediaDeadline)) {
							t.Errorf("%+v", j)
						}
					case kind == rehearsal.TypeImage:
						s.must(err)
						s.came(md, picture().Bytes)
					default:
						forGood(t, err, "")
						s.absent(md)
					}
				})
			}
		}
	}
}

func TestFetch_TriesAgainWhatMayWorkLater(t *testing.T) {
	for name, fault := range map[string]func(*rehearsal.Faults){
		"-1": func(f *rehearsal.Faults) {
			f.Force = map[string]rehearsal.ForcedError{"/cgi-bin/media/get": {Code: -1, N: 1}}
		},
		"45009":     func(f *rehearsal.Faults) { f.Force = map[string]rehearsal.ForcedError{"*": {Code: 45009, N: 1}} },
		"truncated": func(f *rehearsal.Faults) { f.TruncateMedia = true },
		"502":       func(f *rehearsal.Faults) { f.CloudDown = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, nil)
			md := s.send(sim, a, voiceBy(s.person(sim)), nil)
			sim.SetFaults(fault)
			again(t, s.fetch(md))
			s.absent(md)
			if s.claim(callbackd.JobMediaSearch) != nil {
				t.Error("the API was passed over for a bad day")
			}
			sim.SetFaults(func(f *rehearsal.Faults) { *f = rehearsal.Faults{} })
			s.must(s.fetch(md))
			s.came(md, rehearsal.Files().Voices[0].Bytes)
		})
	}
}

func TestFetch_RenewsTheTokenWithinOneRun(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{}, nil)
	c := s.person(sim)
	first := s.send(sim, a, voiceBy(c), nil)
	s.must(s.fetch(first))
	s.came(first, rehearsal.Files().Voices[0].Bytes)
	for _, fault := range []func(*rehearsal.Faults){func(f *rehearsal.Faults) { f.ExpireTokens = true }, func(f *rehearsal.Faults) { f.DropTokens = true }} {
		md := s.send(sim, a, pictureBy(c), func(md *callbackd.Media) { md.PicURL = "" })
		sim.SetFaults(fault)
		s.must(s.fetch(md))
		s.came(md, picture().Bytes)
	}
}

// TestFetch_AnErrorDressedAsAFileIsNone: a host that answers 200 with a page.
func TestFetch_AnErrorDressedAsAFileIsNone(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "JSON": `{"errcode":-1}`, "HTML": "\r\n <!DOCTYPE html><p>busy", "an old page": "\xef\xbb\xbf<HTML><body>busy", "a head": "<head><title>502",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{}, noAPI)
			answer := body
			at, _ := s.server(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "image/jpeg")
				_, _ = io.WriteString(w, answer)
			})
			s.allow(at)
			md := s.send(sim, a, pictureBy(s.person(sim)), func(md *callbackd.Media) { md.PicURL = at + "/p" })
			again(t, s.fetch(md))
			s.absent(md)
			answer = string(picture().Bytes)
			s.must(s.fetch(md))
			s.came(md, picture().Bytes)
		})
	}
}

func TestFromURL_Answers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		reason string
		final  bool
		head   map[string]string
	}{
		"404":       {status: 404, final: true},
		"410":       {status: 410, final: true},
		"500":       {status: 500},
		"cut off":   {},
		"403":       {status: 403}, // an address that has run out; the next push of the API brings another
		"too large": {status: 200, final: true, reason: ReasonTooLarge, head: map[string]string{"Content-Length": strconv.Itoa(maxDownload + 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{}, noAPI)
			at, _ := s.server(func(w http.ResponseWriter, _ *http.Request) {
				if c.status == 0 {
					panic(http.ErrAbortHandler)
				}
				for k, v := range c.head {
					w.Header().Set(k, v)
				}
				w.WriteHeader(c.status)
			})
			s.allow(at)
			md := s.send(sim, a, pictureBy(s.person(sim)), func(md *callbackd.Media) { md.PicURL = at + "/secret-path" })
			err := s.fetch(md)
			if c.final {
				forGood(t, err, c.reason)
			} else {
				again(t, err)
			}
			if strings.Contains(err.Error(), "secret-path") || strings.Contains(err.Error(), at) {
				t.Errorf("the error tells the address: %v", err)
			}
			s.absent(md)
		})
	}
}

// TestFromURL_TheGuardStandsBetween: addresses in a push and what they redirect
// to never reach this machine's own network.
func TestFromURL_TheGuardStandsBetween(t *testing.T) {
	for name, c := range map[string]struct {
		address func(inner, allowed string) string
	}{
		"private":              {func(inner, _ string) string { return inner + "/p" }},
		"by another name":      {func(inner, _ string) string { return strings.Replace(inner, "127.0.0.1", "localhost", 1) + "/p" }},
		"redirected":           {func(inner, allowed string) string { return allowed + "/go?to=" + inner + "/p" }},
		"file":                 {func(string, string) string { return "file:///etc/hostname" }},
		"carries a user":       {func(inner, _ string) string { return strings.Replace(inner, "http://", "http://a:b@", 1) }},
		"link-local":           {func(string, string) string { return "http://169.254.169.254/latest" }},
		"cannot be read":       {func(string, string) string { return "http://[::1" }},
		"redirected to a file": {func(_, allowed string) string { return allowed + "/go?to=file:///etc/hostname" }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{}, noAPI)
			inner, hits := s.server(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(picture().Bytes) })
			allowed, _ := s.server(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", r.URL.Query().Get("to"))
				w.WriteHeader(http.StatusFound)
			})
			s.allow(allowed)
			md := s.send(sim, a, pictureBy(s.person(sim)), func(md *callbackd.Media) { md.PicURL = c.address(inner, allowed) })
			forGood(t, s.fetch(md), "")
			s.absent(md)
			if *hits != 0 {
				t.Errorf("reached %d times", *hits)
			}
		})
	}
}

func TestFromPicURL_IsForPicturesAlone(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{}, noAPI)
	at, hits := s.server(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(picture().Bytes) })
	s.allow(at)
	md := s.send(sim, a, voiceBy(s.person(sim)), func(md *callbackd.Media) { md.PicURL = at })
	forGood(t, s.fetch(md), "")
	if *hits != 0 {
		t.Error("a voice was looked for at a picture's address")
	}
}

// TestFetch_APictureNeedNotWaitForDays: after half a minute of errors its
// address in the push is good enough.
func TestFetch_APictureNeedNotWaitForDays(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{}, nil)
	sim.SetFaults(func(f *rehearsal.Faults) { f.CloudDown = true })
	c := s.person(sim)
	md, spoken := s.send(sim, a, pictureBy(c), nil), s.send(sim, a, voiceBy(c), nil)
	for attempts := range 3 {
		j := s.job(callbackd.JobMediaFetch, md)
		j.Attempts = attempts
		again(t, s.Fetch(context.Background(), j))
		s.absent(md)
	}
	for _, m := range []*callbackd.Media{md, spoken} {
		j := s.job(callbackd.JobMediaFetch, m)
		j.Attempts = 3
		if err := s.Fetch(context.Background(), j); (err == nil) != (m == md) || callbackd.IsPermanent(err) {
			t.Errorf("%s: %v", m.Kind, err)
		}
	}
	s.came(md, picture().Bytes)
}

func TestCapped_RefusesAndNeverCuts(t *testing.T) {
	for n, ok := range map[int]bool{0: true, 9: true, 10: true, 11: false, 100: false} {
		got, err := io.ReadAll(&capped{r: strings.NewReader(strings.Repeat("x", n)), left: 10})
		if ok && (err != nil || len(got) != n) || !ok && reasonOf(err) != ReasonTooLarge {
			t.Errorf("%d bytes: %d, %v", n, len(got), err)
		}
	}
}

// TestKeep_AFileOverTheCapLeavesNothing: the cap counts what comes, whatever
// was announced.
func TestKeep_AFileOverTheCapLeavesNothing(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{}, nil)
	md := s.send(sim, a, pictureBy(s.person(sim)), nil)
	err := s.keep(context.Background(), md, io.MultiReader(bytes.NewReader(picture().Bytes), io.LimitReader(endless{}, maxDownload)))
	if reasonOf(err) != ReasonTooLarge || !isFinal(err) {
		t.Errorf("%v", err)
	}
	s.absent(md)
}

// endless never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestFetch_WhatCameIsNotFetchedAgain(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, nil)
	md := s.send(sim, a, voiceBy(s.person(sim)), nil)
	s.must(s.fetch(md))
	s.platform.ResetCounters()
	s.must(s.fetch(md)) // killed before the job's end was written
	s.must(s.search(md))
	if c := s.platform.Counters("gala"); len(c) != 0 {
		t.Errorf("asked again: %v", c)
	}
	s.must(s.GiveUp(context.Background(), s.job(callbackd.JobMediaFetch, md), errNotYet))
	s.came(md, rehearsal.Files().Voices[0].Bytes)
}

// TestFetch_KilledBetweenTheFileAndItsRow: the bytes are there, nobody knows;
// also where the commit fails, or fails although it happened.
func TestFetch_KilledBetweenTheFileAndItsRow(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{}, nil)
	md := s.send(sim, a, voiceBy(s.person(sim)), nil)
	_, err := s.Blobs.Put(context.Background(), blobKey(md, "source"), strings.NewReader("half of another try"))
	s.must(err)
	raw, err := sql.Open("sqlite3", s.path)
	s.must(err)
	defer raw.Close()
	_, err = raw.Exec(`CREATE TRIGGER broken BEFORE UPDATE OF source ON media BEGIN SELECT RAISE(ABORT, 'no'); END`)
	s.must(err)
	again(t, s.fetch(md))
	if keys := s.keys(); len(keys) != 1 {
		t.Errorf("%q", keys)
	}
	_, err = raw.Exec(`DROP TRIGGER broken`)
	s.must(err)
	s.must(s.fetch(md))
	s.came(md, rehearsal.Files().Voices[0].Bytes)
	if keys := s.keys(); len(keys) != 1 {
		t.Errorf("%q", keys)
	}
}

// TestFetch_NothingStaysOfAnAccountThatIsRemovedMeanwhile removes it while its
// file is on the way.
func TestFetch_NothingStaysOfAnAccountThatIsRemovedMeanwhile(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{}, noAPI)
	at, _ := s.server(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := s.DB.DeleteAccount(context.Background(), a.ID, "test"); err != nil {
			t.Error(err)
		}
		_, _ = w.Write(picture().Bytes)
	})
	s.allow(at)
	md := s.send(sim, a, pictureBy(s.person(sim)), func(md *callbackd.Media) { md.PicURL = at })
	if err := s.fetch(md); err == nil {
		t.Error("a file without a row")
	}
	if keys := s.keys(); len(keys) != 0 {
		t.Errorf("%q stay", keys)
	}
	for _, run := range []func(context.Context, callbackd.Job) error{s.Fetch, s.Search, s.Make} {
		if err := run(context.Background(), s.job(callbackd.JobMediaFetch, md)); err != nil {
			t.Errorf("a job of a removed account: %v", err)
		}
	}
	s.must(s.GiveUp(context.Background(), s.job(callbackd.JobMediaFetch, md), errNotYet))
}

func TestFetch_AccountsAreApart(t *testing.T) {
	s := newStage(t, plainMaker())
	simA, a := s.account(rehearsal.AccountConfig{Slug: "aa"}, nil)
	simB, b := s.account(rehearsal.AccountConfig{Slug: "bb"}, nil)
	mine := s.send(simA, a, voiceBy(s.person(simA)), nil)
	simA.SetFaults(func(f *rehearsal.Faults) { f.MediaGone = true })
	theirs := s.send(simB, b, voiceBy(s.person(simB)), func(md *callbackd.Media) { md.WeChatID = mine.WeChatID })
	forGood(t, s.fetch(theirs), "") // another account's media id names nothing here
	forGood(t, s.fetch(mine), "")
	s.absent(mine)
	s.absent(theirs)
}

func TestGiveUp_SaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		kind callbackd.JobKind
		why  error
		want string
	}{
		"no source":      {callbackd.JobMediaFetch, callbackd.Permanent(fmt.Errorf("w: %w", errPassedOver)), ReasonGone},
		"deadline":       {callbackd.JobMediaFetch, errors.New("HTTP 502"), ReasonTooLate},
		"never decided":  {callbackd.JobMediaSearch, errNotYet, ReasonTooLate},
		"waited too":     {callbackd.JobMediaSearch, callbackd.Snooze(time.Minute, "human"), ReasonTooLate},
		"too large":      {callbackd.JobMediaFetch, callbackd.Permanent(refuse(ReasonTooLarge, "")), ReasonTooLarge},
		"refused":        {callbackd.JobMediaMake, callbackd.Permanent(refuse(ReasonSilk, "")), ReasonSilk},
		"could not make": {callbackd.JobMediaMake, errors.New("disk full"), ReasonNotMade},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{}, nil)
			md := s.send(sim, a, voiceBy(s.person(sim)), nil)
			for range 2 { // it may run twice
				s.must(s.GiveUp(context.Background(), s.job(c.kind, md), c.why))
				if got := s.media(md); got.State != callbackd.MediaFailed || got.Reason != c.want {
					t.Errorf("%+v", got)
				}
			}
			s.must(s.fetch(md)) // what has ended is left alone
			s.must(s.Make(context.Background(), s.job(callbackd.JobMediaMake, md)))
			if got := s.media(md); got.State != callbackd.MediaFailed || got.Source != "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestJobs_AKeyThatIsNoneEndsThem(t *testing.T) {
	s := newStage(t, plainMaker())
	for _, run := range []func(context.Context, callbackd.Job) error{s.Fetch, s.Search, s.Make} {
		if err := run(context.Background(), callbackd.Job{Key: "x"}); !callbackd.IsPermanent(err) {
			t.Errorf("%v", err)
		}
	}
}
