//go:build e2e

package e2e_test

import (
	"strings"
	"testing"

	"callbackd"
	"callbackd/rehearsal"
)

// listen notes how far every player of the page has come.
func (p *page) listen() {
	p.t.Helper()
	p.do(`window.heard = {}; document.addEventListener('timeupdate', (e) => {
		const id = e.target.closest('.row')?.dataset.id;
		window.heard[id] = Math.max(window.heard[id] ?? 0, e.target.currentTime);
	}, true)`)
}

// played waits until the player of a message has really played for a while.
func (p *page) played(what string, id callbackd.PublicID) {
	p.t.Helper()
	p.until(what+" plays: its time advances", `window.heard['`+string(id)+`'] > 0.5`)
}

// shy fails the test when this browser lets a page be heard before a click:
// then a test that clicks would show nothing.
func (p *page) shy(id callbackd.PublicID) {
	p.t.Helper()
	why := eval[string](p, one(at(id, "audio, video"))+`.play().then(() => 'plays', (e) => e.name)`)
	if why != "NotAllowedError" {
		p.t.Errorf("before any click: %s", why)
	}
}

func TestMedia_AVoiceAndAVideoPlayAfterAClick(t *testing.T) {
	s := newStage(t)
	a := s.join(rehearsal.AccountConfig{Slug: "gala"})
	s.serve()
	who := s.people(2, a)
	p := openLive(t, s.wall(a))
	p.listen()
	files := rehearsal.Files()
	say(t, a, rehearsal.Message{From: who[0].Number, Type: rehearsal.TypeVoice, Asset: files.Voice("zh-1")})
	say(t, a, rehearsal.Message{From: who[1].Number, Type: rehearsal.TypeVideo, Asset: files.Video("fireworks")})
	p.until("voice and video arrive", `document.querySelectorAll('#rows [data-look=voice-ready], #rows [data-look=video-ready]').length === 2`)
	feed := s.feed(a)
	video, voice := feed[0], feed[1]
	if voice.Media.Type != "audio/mpeg" || video.Media.Type != "video/mp4" || video.Media.Poster == "" {
		t.Errorf("voice %+v, video %+v", voice.Media, video.Media)
	}
	if d := voice.Media.DurationMS - files.Voice("zh-1").Duration.Milliseconds(); d < -150 || d > 150 {
		t.Errorf("the voice is %d ms longer than what was said", d)
	}
	p.shy(voice.ID)
	p.click(at(voice.ID, ".pill"))
	p.played("the voice", voice.ID)
	p.click(at(video.ID, ".glyph"))
	p.played("the video", video.ID)
	p.equals(func() []callbackd.PublicMessage { return s.feed(a) })
	p.stayed()
}

// Without ffmpeg the page brings its own decoder, which must work under the
// policy of the page.
func TestMedia_AMRPlaysWithoutFFmpeg(t *testing.T) {
	s := newStage(t)
	a := s.join(rehearsal.AccountConfig{Slug: "gala"})
	s.withoutFFmpeg()
	s.serve()
	who := s.people(1, a)
	p := openLive(t, s.wall(a))
	p.listen()
	say(t, a, rehearsal.Message{From: who[0].Number, Type: rehearsal.TypeVoice, Asset: rehearsal.Files().Voice("zh-1")})
	p.until("the voice arrives", `document.querySelector('#rows [data-look=voice-amr]')`)
	voice := s.feed(a)[0]
	if voice.Media.Type != "audio/amr" {
		t.Errorf("the voice is %+v", voice.Media)
	}
	decoder := `performance.getEntriesByType('resource').some((r) => r.name.includes('amr'))`
	if eval[bool](p, decoder) {
		t.Error("the decoder is loaded before anybody wants it")
	}
	p.click(at(voice.ID, ".pill"))
	p.played("the voice", voice.ID)
	if !eval[bool](p, decoder) || !strings.HasPrefix(eval[string](p, one(at(voice.ID, "audio"))+".src"), "blob:") {
		t.Error("the browser plays AMR by itself: this test shows nothing")
	}
}

func TestMedia_PendingBecomesReadyInPlace(t *testing.T) {
	s := newStage(t)
	a := s.join(rehearsal.AccountConfig{Slug: "gala"})
	s.serve()
	who := s.people(1, a)
	p := openLive(t, s.wall(a))
	a.SetFaults(func(f *rehearsal.Faults) { f.CloudDown = true })
	text(t, a, who[0].Number, "先来一句话")
	say(t, a, rehearsal.Message{From: who[0].Number, Type: rehearsal.TypeImage, Asset: rehearsal.Files().Picture("stage.jpg")})
	say(t, a, rehearsal.Message{From: who[0].Number, Type: rehearsal.TypeVoice, Asset: rehearsal.Files().Voice("zh-2")})
	p.until("both wait in their places", `[...document.querySelectorAll('#rows .row')].map((r) => r.dataset.look).join() === 'voice-pending,image-pending,text'`)
	p.do(`window.first = [...document.querySelectorAll('#rows .row')]`)
	a.SetFaults(func(f *rehearsal.Faults) { f.CloudDown = false })
	p.until("both are ready", `[...document.querySelectorAll('#rows .row')].map((r) => r.dataset.look).join() === 'voice-ready,image-ready,text'`)
	if !eval[bool](p, `window.first.every((r, i) => r === document.querySelectorAll('#rows .row')[i])`) {
		t.Error("rows were replaced")
	}
	p.until("the picture is there", `document.querySelector('#rows a.image img').naturalWidth > 0`)
	p.equals(func() []callbackd.PublicMessage { return s.feed(a) })
	p.stayed()
}
