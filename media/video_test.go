package media

import (
	"bytes"
	"context"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"callbackd"
)

func probeOf(t testing.TB, dir, name string) Probe {
	t.Helper()
	f, err := FindFFmpeg(DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.Probe(t.Context(), dir, name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// indexFirst reports whether the movie box comes before the data, so that a
// browser starts to play before it has all.
func indexFirst(data []byte) bool {
	moov, mdat := bytes.Index(data, []byte("moov")), bytes.Index(data, []byte("mdat"))
	return moov > 0 && moov < mdat
}

// watched notes the orders that a Transcoder gets.
type watched struct {
	Transcoder
	video VideoOrder
}

func (w *watched) Video(ctx context.Context, dir string, v VideoOrder) error {
	w.video = v
	return w.Transcoder.Video(ctx, dir, v)
}

func TestMake_VideosBecomeMP4ThatStartsAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name          string
		copied        bool
		sound         bool
		width, height int
	}{
		{"index-last.mp4", true, true, 192, 108},
		{"turned.mov", true, false, 108, 192},
		{"hevc.mp4", false, true, 192, 108},
		{"turned-mpeg4.mov", false, false, 108, 192},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := FindFFmpeg(DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			order := &watched{Transcoder: f}
			source := fixture(t, tt.name)
			r, dir := mustMake(t, NewMaker(order, DefaultLimits()), callbackd.KindVideo, source)
			if order.video.CopyVideo != tt.copied {
				t.Errorf("copied: %v, want %v", order.video.CopyVideo, tt.copied)
			}
			if r.Main.Type != TypeMP4 || r.Poster == nil || r.Poster.Type != TypeJPEG || !near(r.Duration, 2*time.Second, 150*time.Millisecond) {
				t.Errorf("got %+v", r)
			}
			if r.Width != tt.width || r.Height != tt.height {
				t.Errorf("%d × %d, want %d × %d as shown", r.Width, r.Height, tt.width, tt.height)
			}
			poster, err := jpeg.DecodeConfig(bytes.NewReader(content(t, *r.Poster)))
			if err != nil || poster.Width != tt.width || poster.Height != tt.height {
				t.Errorf("the poster is %d × %d (%v), want %d × %d", poster.Width, poster.Height, err, tt.width, tt.height)
			}
			p := probeOf(t, dir, nameVideo)
			if p.Video.Codec != "h264" || p.Video.PixFmt != "yuv420p" || (p.Audio != nil) != tt.sound {
				t.Errorf("holds %+v, %+v", p.Video, p.Audio)
			}
			out := content(t, r.Main)
			if !indexFirst(out) {
				t.Error("the index is not first")
			}
			if err := checkMP4(bytes.NewReader(out), int64(len(out))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMake_VideosLoseWhatIsNoPictureAndNoSound(t *testing.T) {
	for name, words := range map[string][]string{"index-last.mp4": {"canary", "loci", "x264"}, "turned.mov": {"canary", "x264"}} {
		source := fixture(t, name)
		r, _ := mustMake(t, ffmpegMaker(t, DefaultLimits()), callbackd.KindVideo, source)
		for _, word := range words {
			if !bytes.Contains(source, []byte(word)) {
				t.Fatalf("the fixture %s holds no %q", name, word)
			}
			for _, f := range []File{r.Main, *r.Poster} {
				if bytes.Contains(content(t, f), []byte(word)) {
					t.Errorf("%s: what came out holds %q", name, word)
				}
			}
		}
	}
}

func TestMake_LargeVideosBecomeSmaller(t *testing.T) {
	limits := DefaultLimits()
	limits.VideoSide, limits.VideoRate = 64, 5
	r, dir := mustMake(t, ffmpegMaker(t, limits), callbackd.KindVideo, fixture(t, "index-last.mp4"))
	if r.Width != 64 || r.Height != 36 {
		t.Errorf("%d × %d, want 64 × 36", r.Width, r.Height)
	}
	if rate := probeOf(t, dir, nameVideo).Video.Rate; rate < 4 || rate > 6 {
		t.Errorf("%.1f pictures a second, want 5", rate)
	}
}

func TestMake_HoldsVideosToTheirLimits(t *testing.T) {
	for reason, tighten := range map[string]func(*Limits){
		ReasonTooLong:  func(l *Limits) { l.VideoDuration = time.Second },
		ReasonTooLarge: func(l *Limits) { l.VideoBytes = 1000 },
	} {
		l := DefaultLimits()
		tighten(&l)
		_, _, err := makeIn(t, ffmpegMaker(t, l), callbackd.KindVideo, fixture(t, "index-last.mp4"))
		wantReason(t, err, reason)
	}
	l := DefaultLimits()
	l.VideoPixels = 192*108 - 1
	f, err := FindFFmpeg(DefaultLimits()) // so that our own check is seen, not ffmpeg's
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = makeIn(t, NewMaker(f, l), callbackd.KindVideo, fixture(t, "index-last.mp4"))
	wantReason(t, err, ReasonTooLarge)
}

func TestMake_RefusesVideosThatAreBroken(t *testing.T) {
	whole := fixture(t, "index-last.mp4")
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"cut in the data":       {whole[:len(whole)/2], ReasonTruncated},
		"cut in the index":      {whole[:len(whole)-100], ReasonTruncated},
		"without an index":      {whole[:bytes.Index(whole, []byte("moov"))-4], ReasonCorrupt},
		"sound alone":           {fixture(t, "sound.mp4"), ReasonFormat},
		"something after it":    {append(bytes.Clone(whole), "PK\x03\x04 a zip file follows"...), ReasonTruncated},
		"a web page after it":   {append(bytes.Clone(whole), "<script>"...), ReasonTruncated},
		"its data is elsewhere": {elsewhere(t, whole), ReasonFormat},
		"a voice":               {fixture(t, "voice.amr"), ReasonFormat},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := makeIn(t, ffmpegMaker(t, DefaultLimits()), callbackd.KindVideo, tt.data)
			wantReason(t, err, tt.want)
		})
	}
}

// elsewhere takes the flag from each data reference that says "this file".
func elsewhere(t testing.TB, movie []byte) []byte {
	t.Helper()
	here, there := []byte("url \x00\x00\x00\x01"), []byte("url \x00\x00\x00\x00")
	if !bytes.Contains(movie, here) {
		t.Fatal("the movie has no data reference")
	}
	return bytes.ReplaceAll(movie, here, there)
}

// The second wall: a playlist that somehow got past Sniff. Without the guards
// ffmpeg would follow it (this one does, with its own guess of the format).
func TestFFmpeg_FollowsNoPlaylist(t *testing.T) {
	l := DefaultLimits()
	f, err := FindFFmpeg(l)
	if err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	canary := filepath.Join(outside, "canary.ts")
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-c:v", "libx264", canary)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, text := range map[string]string{
		"hls":    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://" + canary + "\n#EXT-X-ENDLIST\n",
		"concat": "ffconcat version 1.0\nfile inside.ts\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			inside, err := os.ReadFile(canary)
			if err != nil {
				t.Fatal(err)
			}
			for file, data := range map[string][]byte{"source": []byte(text), "inside.ts": inside} {
				if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if p, err := f.Probe(t.Context(), dir, "source"); reasonOf(err) == "" {
				t.Errorf("probed as %+v, %v", p, err)
			}
			err = f.Video(t.Context(), dir, VideoOrder{In: "source", Out: "out.mp4"})
			if reasonOf(err) == "" {
				t.Errorf("followed: %v", err)
			}
			if info, err := os.Stat(filepath.Join(dir, "out.mp4")); err == nil && info.Size() > 0 {
				t.Errorf("%d bytes came out", info.Size())
			}
			for _, format := range []Format{FormatMP3, FormatSpeex, FormatAMRNB} {
				sound := &waveform{limit: l.VoiceDuration}
				err := f.Voice(t.Context(), dir, VoiceOrder{In: "source", Format: format, Out: "out.mp3", Rate: pcmRate}, sound)
				if reasonOf(err) == "" || sound.samples > 0 {
					t.Errorf("%s: %d samples, %v", format, sound.samples, err)
				}
			}
		})
	}
}
