package media

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"callbackd"
)

// fake is a Transcoder that says and writes what a test wants: programs that
// end well and yet did something else.
type fake struct {
	sound  time.Duration     // of the PCM
	files  map[string][]byte // by name of the output
	probes map[string]Probe  // by name of the input
	err    error
}

func (f *fake) write(dir, name string) error {
	if data, ok := f.files[name]; ok {
		return os.WriteFile(filepath.Join(dir, name), data, 0o600)
	}
	return f.err
}

func (f *fake) Probe(_ context.Context, _, name string) (Probe, error) { return f.probes[name], f.err }

func (f *fake) Voice(_ context.Context, dir string, v VoiceOrder, pcm io.Writer) error {
	if _, err := pcm.Write(tone(f.sound, func(float64) float64 { return 1 })); err != nil {
		return err
	}
	return f.write(dir, v.Out)
}

func (f *fake) Video(_ context.Context, dir string, v VideoOrder) error { return f.write(dir, v.Out) }

func (f *fake) Poster(_ context.Context, dir, _, out string) error { return f.write(dir, out) }

func TestMake_BelievesNoTranscoderAboutAVoice(t *testing.T) {
	mp3 := fixture(t, "voice.mp3")
	small := DefaultLimits()
	small.OutputBytes = int64(len(mp3)) - 1
	out := map[string][]byte{nameVoice: mp3}
	for name, tt := range map[string]struct {
		source string
		fake   *fake
		limits Limits
		want   string
	}{
		"fine":            {"voice.amr", &fake{sound: 2 * time.Second, files: out}, DefaultLimits(), ""},
		"too short":       {"voice.amr", &fake{sound: time.Second, files: out}, DefaultLimits(), ReasonCorrupt},
		"too long":        {"voice.amr", &fake{sound: 3 * time.Second, files: out}, DefaultLimits(), ReasonCorrupt},
		"no sound":        {"voice.mp3", &fake{files: out}, DefaultLimits(), ReasonCorrupt},
		"no file":         {"voice.mp3", &fake{sound: time.Second}, DefaultLimits(), ReasonCorrupt},
		"an empty file":   {"voice.mp3", &fake{sound: time.Second, files: map[string][]byte{nameVoice: nil}}, DefaultLimits(), ReasonCorrupt},
		"another format":  {"voice.mp3", &fake{sound: time.Second, files: map[string][]byte{nameVoice: fixture(t, "voice.spx")}}, DefaultLimits(), ReasonCorrupt},
		"a web page":      {"voice.mp3", &fake{sound: time.Second, files: map[string][]byte{nameVoice: []byte("<html>")}}, DefaultLimits(), ReasonCorrupt},
		"a large file":    {"voice.mp3", &fake{sound: time.Second, files: out}, small, ReasonTooLarge},
		"just over limit": {"voice.mp3", &fake{sound: DefaultLimits().VoiceDuration + time.Second/2, files: out}, DefaultLimits(), ReasonTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := makeIn(t, NewMaker(tt.fake, tt.limits), callbackd.KindVoice, fixture(t, tt.source))
			if tt.want == "" && err != nil {
				t.Fatal(err)
			}
			wantReason(t, err, tt.want)
		})
	}
}

func TestMake_BelievesNoTranscoderAboutAVideo(t *testing.T) {
	movie, poster := fixture(t, "index-last.mp4"), jpegOf(t, quarters(16, 16))
	seen := Probe{Duration: time.Second, Video: &VideoStream{Codec: "h264", PixFmt: "yuv420p", Profile: "High", Width: 16, Height: 16}}
	still := seen
	still.Duration = 0
	long := seen
	long.Duration = time.Hour
	blank := seen
	blank.Video = &VideoStream{}
	for name, tt := range map[string]struct {
		files         map[string][]byte
		before, after Probe
		want          string
	}{
		"fine":                 {map[string][]byte{nameVideo: movie, namePoster: poster}, seen, seen, ""},
		"nothing came out":     {nil, seen, seen, ReasonCorrupt},
		"no poster came out":   {map[string][]byte{nameVideo: movie}, seen, seen, ReasonCorrupt},
		"a poster in disguise": {map[string][]byte{nameVideo: movie, namePoster: []byte("<svg/>")}, seen, seen, ReasonCorrupt},
		"a video in disguise":  {map[string][]byte{nameVideo: []byte("#EXTM3U"), namePoster: poster}, seen, seen, ReasonCorrupt},
		"without pictures":     {map[string][]byte{nameVideo: movie, namePoster: poster}, seen, Probe{Duration: time.Second}, ReasonFormat},
		"without a length":     {map[string][]byte{nameVideo: movie, namePoster: poster}, seen, still, ReasonCorrupt},
		"longer than it said":  {map[string][]byte{nameVideo: movie, namePoster: poster}, seen, long, ReasonTooLong},
		"without a size":       {nil, blank, seen, ReasonCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{files: tt.files, probes: map[string]Probe{"source": tt.before, nameVideo: tt.after}}
			_, _, err := makeIn(t, NewMaker(f, DefaultLimits()), callbackd.KindVideo, movie)
			if tt.want == "" && err != nil {
				t.Fatal(err)
			}
			wantReason(t, err, tt.want)
		})
	}
}

func TestMake_ATranscoderOutOfOrderIsNoRefusal(t *testing.T) {
	broken := errors.New("out of order")
	for kind, name := range map[callbackd.Kind]string{callbackd.KindVoice: "voice.amr", callbackd.KindVideo: "index-last.mp4"} {
		_, _, err := makeIn(t, NewMaker(&fake{err: broken}, DefaultLimits()), kind, fixture(t, name))
		if !errors.Is(err, broken) || reasonOf(err) != "" {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestCopyable_OnlyWhatEveryBrowserPlays(t *testing.T) {
	w := &work{Maker: plainMaker()}
	good := VideoStream{Codec: "h264", Profile: "High", PixFmt: "yuv420p", Width: 1280, Height: 720, Rate: 30}
	if !w.copyable(good) {
		t.Fatal("a plain video is encoded again")
	}
	for name, change := range map[string]func(*VideoStream){
		"codec":    func(v *VideoStream) { v.Codec = "hevc" },
		"profile":  func(v *VideoStream) { v.Profile = "High 10" },
		"pixels":   func(v *VideoStream) { v.PixFmt = "yuv444p" },
		"width":    func(v *VideoStream) { v.Width = 1920 },
		"height":   func(v *VideoStream) { v.Height = 1920 },
		"pictures": func(v *VideoStream) { v.Rate = 120 },
	} {
		v := good
		change(&v)
		if w.copyable(v) {
			t.Errorf("copied in spite of its %s: %+v", name, v)
		}
	}
}

func TestProbe_ReadsBothWaysToSayRotation(t *testing.T) {
	for degrees, want := range map[float64]int{0: 0, -90: 270, 90: 90, 180: 180, -180: 180, 270: 270, 89.6: 90, 450: 90, 1e300: 0} {
		if got := quarter(degrees); got != want && degrees != 1e300 || got < 0 || got > 270 {
			t.Errorf("%v° is %d°, want %d°", degrees, got, want)
		}
	}
	old := scripted(t, DefaultLimits(), `cat <<'END'
{"streams":[{"index":0,"codec_type":"data"},{"index":1,"codec_type":"video","codec_name":"png","disposition":{"attached_pic":1}},
{"index":2,"codec_type":"audio","codec_name":"aac"},{"index":3,"codec_type":"video","codec_name":"h264","width":4,"height":2,"avg_frame_rate":"30000/1001","tags":{"rotate":"90"}}],
"format":{"duration":"2.500000"}}
END`)
	p, err := old.Probe(t.Context(), t.TempDir(), "source")
	if err != nil {
		t.Fatal(err)
	}
	if p.Duration != 2500*time.Millisecond || p.Audio == nil || p.Audio.Index != 2 || p.Video == nil || p.Video.Index != 3 || p.Video.Rotation != 270 {
		t.Errorf("read %+v %+v %+v", p, p.Video, p.Audio)
	}
	if w, h := p.Video.Shown(); w != 2 || h != 4 || p.Video.Rate < 29.9 || p.Video.Rate > 30 {
		t.Errorf("shown %d × %d at %v", w, h, p.Video.Rate)
	}
	for said, want := range map[string]float64{"25/1": 25, "0/0": 0, "": 0, "x/1": 0, "30": 0} {
		if got := fraction(said); got != want {
			t.Errorf("%q is %v, want %v", said, got, want)
		}
	}
}
