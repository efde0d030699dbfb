package web_test

import (
	"strings"
	"testing"

	"callbackd"
	"callbackd/internal/testkit/walltest"
)

// The files in testdata: two seconds of a tone as MP3 (ffmpeg) and AMR-NB
// (sox), two seconds of bars as MP4 and their first picture.
func mediaWall(t *testing.T) *walltest.Wall {
	t.Helper()
	w := walltest.New(t)
	w.File("/media/mp3", "audio/mpeg", fixture(t, "tone.mp3"))
	w.File("/media/amr", "audio/amr", fixture(t, "tone.amr"))
	w.File("/media/mp4", "video/mp4", fixture(t, "bars.mp4"))
	w.File("/media/jpg", "image/jpeg", fixture(t, "bars.jpg"))
	w.File("/media/rubbish", "audio/amr", []byte("no voice at all"))
	return w
}

func voice(url, kind string) callbackd.PublicMessage {
	return callbackd.PublicMessage{Kind: callbackd.KindVoice, Media: &callbackd.PublicMedia{State: callbackd.MediaReady, URL: url, Type: kind, DurationMS: 2000}}
}

func video() callbackd.PublicMessage {
	return callbackd.PublicMessage{Kind: callbackd.KindVideo, Media: &callbackd.PublicMedia{State: callbackd.MediaReady, URL: "/media/mp4", Type: "video/mp4", Poster: "/media/jpg", Width: 320, Height: 240}}
}

// sounds is true while the player of a row really plays: its time advances.
func sounds(row string) string {
	return `(() => { const p = document.querySelector('` + row + ` audio, ` + row + ` video'); return p && !p.paused && p.currentTime > 0.2; })()`
}

func at(id callbackd.PublicID) string { return `[data-id="` + string(id) + `"]` }

func TestBrowser_AVoicePlaysAndTheWaveFills(t *testing.T) {
	w := mediaWall(t)
	b := openLive(t, w)
	id := w.Show(voice("/media/mp3", "audio/mpeg"))
	b.until("the pill is there", `document.querySelector('`+at(id)+` .pill')?.checkVisibility()`)
	if bars := eval[int](b, `document.querySelectorAll('`+at(id)+` .wave rect').length`); bars != 48 {
		t.Errorf("%d bars", bars)
	}
	b.do(`document.querySelector('` + at(id) + ` .pill').click()`)
	b.until("the voice plays", sounds(at(id)))
	b.until("bars fill", `document.querySelectorAll('`+at(id)+` .wave .on').length > 3`)
	b.do(`document.querySelector('` + at(id) + ` .pill').click()`)
	b.until("it pauses", `document.querySelector('`+at(id)+` audio').paused`)
}

// Without ffmpeg on the server: our decoder plays it, under the policy.
func TestBrowser_AMRPlays(t *testing.T) {
	w := mediaWall(t)
	id := w.Show(voice("/media/amr", "audio/amr"))
	b := openLive(t, w)
	if eval[bool](b, `performance.getEntriesByType('resource').some((r) => r.name.includes('amr'))`) {
		t.Error("the decoder is loaded before anybody wants it")
	}
	b.do(`document.querySelector('` + at(id) + ` .pill').click()`)
	b.until("the voice plays", sounds(at(id)))
	if d := eval[float64](b, `document.querySelector('`+at(id)+` audio').duration`); d < 1.9 || d > 2.1 {
		t.Errorf("two seconds became %v", d)
	}
	if !strings.HasPrefix(eval[string](b, `document.querySelector('`+at(id)+` audio').src`), "blob:") {
		t.Error("the browser plays AMR by itself: this test shows nothing")
	}
}

func TestBrowser_AVoiceThatIsNoneSaysSo(t *testing.T) {
	w := mediaWall(t)
	id := w.Show(voice("/media/rubbish", "audio/amr"))
	b := openLive(t, w)
	b.do(`document.querySelector('` + at(id) + ` .pill').click()`)
	b.until("a small line says so", `document.querySelector('`+at(id)+` .failed')?.textContent === '这条语音在此无法播放'`)
}

func TestBrowser_AVideoPlaysInItsOwnShape(t *testing.T) {
	w := mediaWall(t)
	id := w.Show(video())
	b := openLive(t, w)
	b.do(`document.querySelector('` + at(id) + ` .glyph').click()`)
	b.until("the video plays", sounds(at(id)))
	if r := eval[float64](b, `(() => { const r = document.querySelector('`+at(id)+` video').getBoundingClientRect(); return r.width / r.height; })()`); r < 1.32 || r > 1.35 {
		t.Errorf("4:3 is shown as %.2f", r)
	}
}

func TestBrowser_OnePlayerAtATime(t *testing.T) {
	w := mediaWall(t)
	first, second := w.Show(voice("/media/mp3", "audio/mpeg")), w.Show(video())
	b := openLive(t, w)
	b.do(`document.querySelector('` + at(first) + ` .pill').click()`)
	b.until("the voice plays", sounds(at(first)))
	b.do(`document.querySelector('` + at(second) + ` .glyph').click()`)
	b.until("the video plays", sounds(at(second)))
	if !eval[bool](b, `document.querySelector('`+at(first)+` audio').paused`) {
		t.Error("two players at a time")
	}
}

func TestBrowser_ArmedSoundPlaysArrivingVoicesInTurn(t *testing.T) {
	w := mediaWall(t)
	b := openLive(t, w)
	silent := w.Show(voice("/media/mp3", "audio/mpeg"))
	b.until("the voice is there", `document.querySelector('`+at(silent)+` .pill')`)
	if !eval[bool](b, `document.querySelector('`+at(silent)+` audio').paused`) {
		t.Error("a voice plays that nobody asked for")
	}
	b.do(`document.getElementById('sound').click()`)
	b.until("the switch says so", `document.getElementById('sound').getAttribute('aria-pressed') === 'true' && document.getElementById('sound').textContent.trim() === '声音已开'`)
	b.do(`window.heard = []; document.addEventListener('playing', (e) => window.heard.push(e.target.closest('.row').dataset.id), true)`)
	broken := w.Show(voice("/media/rubbish", "audio/amr"))
	pending := callbackd.PublicMessage{Kind: callbackd.KindVoice, Media: &callbackd.PublicMedia{State: callbackd.MediaPending}}
	first, second := w.Show(pending), w.Show(voice("/media/amr", "audio/amr"))
	w.Update(first, func(m *callbackd.PublicMessage) { m.Media = voice("/media/mp3", "audio/mpeg").Media })
	b.until("both have had their turn", `window.heard.length === 2 && window.heard.includes('`+string(first)+`') && window.heard.includes('`+string(second)+`')`)
	b.until("it is quiet again", `document.querySelectorAll('#rows .playing').length === 0`)
	if !eval[bool](b, `document.querySelector('`+at(broken)+` .failed') !== null`) {
		t.Error("a broken voice says nothing")
	}
}

func TestBrowser_MediaArriveInPlace(t *testing.T) {
	w := mediaWall(t)
	b := openLive(t, w)
	id := w.Show(callbackd.PublicMessage{Kind: callbackd.KindImage, Media: &callbackd.PublicMedia{State: callbackd.MediaPending, Width: 320, Height: 240}})
	b.until("the place is kept", `document.querySelector('`+at(id)+` .pending .shape')?.getBoundingClientRect().width > 100`)
	w.Update(id, func(m *callbackd.PublicMessage) {
		m.Media = &callbackd.PublicMedia{State: callbackd.MediaReady, URL: "/media/jpg", Type: "image/jpeg", Width: 320, Height: 240}
	})
	b.until("the picture is there", `document.querySelector('`+at(id)+` a.image img')?.naturalWidth === 320 && !document.querySelector('`+at(id)+` .pending')`)
	b.do(`document.querySelector('` + at(id) + ` a.image').click()`)
	b.until("it opens whole", `document.getElementById('whole').open && document.querySelector('#whole img').naturalWidth === 320`)
	w.Remove(id)
	b.until("what is taken down is nowhere", `!document.getElementById('whole').open && !document.querySelector('`+at(id)+`')`)
	failed := w.Show(callbackd.PublicMessage{Kind: callbackd.KindVideo, Media: &callbackd.PublicMedia{State: callbackd.MediaFailed}})
	b.until("a failed one is a small line", `document.querySelector('`+at(failed)+` .failed')?.textContent === '这段视频没有到达'`)
}

// A change of the name must not stop the voice that plays.
func TestBrowser_AnUpdateLeavesThePlayerAlone(t *testing.T) {
	w := mediaWall(t)
	id := w.Show(voice("/media/mp3", "audio/mpeg"))
	b := openLive(t, w)
	b.do(`document.querySelector('` + at(id) + ` .pill').click()`)
	b.until("the voice plays", sounds(at(id)))
	b.do(`window.player = document.querySelector('` + at(id) + ` audio')`)
	w.Update(id, func(m *callbackd.PublicMessage) { m.Sender.Name = "林小满" })
	b.until("the name is there", `document.querySelector('`+at(id)+` .name').textContent === '林小满'`)
	if !eval[bool](b, `window.player === document.querySelector('`+at(id)+` audio') && (!window.player.paused || window.player.ended)`) {
		t.Error("the player was replaced or stopped")
	}
}
