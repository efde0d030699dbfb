package media

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"callbackd"
	"callbackd/blob"
	"callbackd/rehearsal"
)

// bucket is a real one whose writes a test steps into: before may refuse, after
// may fail what happened.
type bucket struct {
	blob.Bucket
	before, after func(key string) error
}

func (b *bucket) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if b.before != nil {
		if err := b.before(key); err != nil {
			return 0, err
		}
	}
	n, err := b.Bucket.Put(ctx, key, r)
	if err == nil && b.after != nil {
		err = b.after(key)
	}
	return n, err
}

// fetched is a stage with a picture that came.
func fetched(t *testing.T) (*stage, *callbackd.Account, *callbackd.Media) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{}, nil)
	md := s.send(sim, a, pictureBy(s.person(sim)), nil)
	s.must(s.fetch(md))
	return s, a, md
}

func (s *stage) make(md *callbackd.Media) error {
	return s.Make(context.Background(), s.job(callbackd.JobMediaMake, md))
}

// ready fails unless a picture can be seen.
func (s *stage) ready(md *callbackd.Media) {
	s.Helper()
	got := s.media(md)
	if got.State != callbackd.MediaReady || !got.Passed || got.Main == nil || got.Main.Type != "image/jpeg" || got.Width == 0 || got.Poster != nil {
		s.Fatalf("%+v\n%s", got, s.logs.String())
	}
	want := []string{blobKey(md, "main"), blobKey(md, "source")}
	for _, v := range []*callbackd.Variant{got.Main, got.Thumb} {
		if v == nil {
			continue
		}
		if b := s.blob(v.Blob); int64(len(b)) != v.Size {
			s.Errorf("%d bytes under %s, want %d", len(b), v.Blob, v.Size)
		}
	}
	if got.Thumb != nil {
		want = append(want, blobKey(md, "thumb"))
	}
	keys := s.keys()
	slices.Sort(keys)
	if !slices.Equal(keys, want) {
		s.Errorf("%q, want %q", keys, want)
	}
	left, err := os.ReadDir(s.WorkDir)
	s.must(err)
	if len(left) != 0 {
		s.Errorf("%d work folders stay", len(left))
	}
}

func TestMake_APictureThatCanBeSeen(t *testing.T) {
	s, _, md := fetched(t)
	s.must(s.make(md))
	s.ready(md)
	before := s.media(md)
	s.must(s.make(md)) // killed before the job's end was written
	if after := s.media(md); after.Main.ID != before.Main.ID {
		t.Error("it was made once more, under another id")
	}
}

func TestMake_WhatIsHeldDoesNotPassByBecomingReady(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{}, func(a *callbackd.Account) { a.Moderation = callbackd.ModerationHold })
	md := s.send(sim, a, pictureBy(s.person(sim)), nil)
	s.must(s.fetch(md))
	s.must(s.make(md))
	if got := s.media(md); got.State != callbackd.MediaReady || got.Passed {
		t.Errorf("%+v", got)
	}
}

func TestMake_WithEveryKindOfFile(t *testing.T) {
	for name, asset := range map[string]*rehearsal.Asset{"voice": rehearsal.Files().Voices[0], "video": rehearsal.Files().Videos[0]} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, ffmpegMaker(t, DefaultLimits()))
			sim, a := s.account(rehearsal.AccountConfig{}, nil)
			md := s.send(sim, a, rehearsal.Message{From: s.person(sim).Number, Type: rehearsal.MsgType(name), Asset: asset}, nil)
			s.must(s.fetch(md))
			s.must(s.make(md))
			got := s.media(md)
			if got.State != callbackd.MediaReady || got.Duration == 0 || (name == "video") != (got.Poster != nil) || (name == "voice") != (len(got.Waveform) == 48) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestMake_WhatIsRefusedEndsTheJob(t *testing.T) {
	s, _, md := fetched(t)
	_, err := s.Blobs.Put(context.Background(), blobKey(md, "source"), strings.NewReader("<svg xmlns='http://www.w3.org/2000/svg'/>"))
	s.must(err)
	err = s.make(md)
	if !callbackd.IsPermanent(err) || reasonOf(err) != ReasonFormat {
		t.Errorf("%v", err)
	}
}

// TestMake_EachWriteFailsAndFailsAlthoughItHappened: the next run makes it whole.
func TestMake_EachWriteFailsAndFailsAlthoughItHappened(t *testing.T) {
	broken := errors.New("the disk is away")
	for _, name := range []string{"main", "thumb"} {
		for _, happened := range []bool{false, true} {
			s, _, md := fetched(t)
			fail := func(key string) error {
				if strings.HasSuffix(key, "/"+name) {
					return broken
				}
				return nil
			}
			b := &bucket{Bucket: s.Blobs, before: fail}
			if happened {
				b.before, b.after = nil, fail
			}
			real := s.Blobs
			s.Blobs = b
			if err := s.make(md); !errors.Is(err, broken) || callbackd.IsPermanent(err) {
				t.Errorf("%s: %v", name, err)
			}
			if got := s.media(md); got.State != callbackd.MediaPending || got.Main != nil {
				t.Errorf("%s: %+v", name, got)
			}
			s.Blobs = real
			s.must(s.make(md))
			s.ready(md)
		}
	}
}

func TestMake_WithoutItsSourceTriesAgain(t *testing.T) {
	s, _, md := fetched(t)
	s.must(s.Blobs.Delete(context.Background(), blobKey(md, "source")))
	again(t, s.make(md))
}

// TestMake_NothingStaysOfAnAccountThatIsRemovedMeanwhile removes it after each
// of the writes.
func TestMake_NothingStaysOfAnAccountThatIsRemovedMeanwhile(t *testing.T) {
	for _, name := range []string{"thumb", "main"} {
		s, a, md := fetched(t)
		real := s.Blobs
		s.Blobs = &bucket{Bucket: real, after: func(key string) error {
			if strings.HasSuffix(key, "/"+name) {
				keys, err := s.DB.DeleteAccount(context.Background(), a.ID, "test")
				for _, key := range keys { // as the shell command does
					err = errors.Join(err, real.Delete(context.Background(), key))
				}
				return err
			}
			return nil
		}}
		if err := s.make(md); err == nil {
			t.Errorf("%s: files without a row", name)
		}
		if keys := s.keys(); len(keys) != 0 {
			t.Errorf("%s: %q stay", name, keys)
		}
	}
}

// TestLogs_HoldNothingOfPeople reads what the jobs logged at their loudest.
func TestLogs_HoldNothingOfPeople(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, nil)
	c := s.person(sim)
	md := s.send(sim, a, voiceBy(c), nil)
	s.known(a, sim, c)
	sim.SetFaults(func(f *rehearsal.Faults) { f.MediaGone, f.HintTail = true, true })
	s.must(s.fetch(md))
	sim.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Media.Empty = true })
	err := s.search(md)
	s.must(s.GiveUp(context.Background(), s.job(callbackd.JobMediaSearch, md), err))
	logged := s.logs.String() + err.Error()
	if !bytes.Contains([]byte(logged), []byte("media failed")) {
		t.Fatal("nothing was logged")
	}
	for _, secret := range []string{string(c.OpenID), string(c.Number), "小明", md.WeChatID, md.PicURL, a.AppSecret.Reveal(), a.Token.Reveal(), a.MPWeb.Password.Reveal()} {
		if secret != "" && strings.Contains(logged, secret) {
			t.Errorf("%q is told", secret)
		}
	}
}
