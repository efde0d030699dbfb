package media

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbackd"
)

// plays is how long ffprobe finds a file to play after decoding all of it.
func plays(t testing.TB, f File) time.Duration {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal(err)
	}
	const rate = 8000
	out, err := exec.CommandContext(t.Context(), ffmpeg, "-nostdin", "-loglevel", "error", "-i", f.Path,
		"-map", "0:a:0", "-ac", "1", "-ar", strconv.Itoa(rate), "-f", "s16le", "pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(len(out)/2) * time.Second / rate
}

func near(got, want, by time.Duration) bool { return (got - want).Abs() <= by }

func TestMake_VoiceOfEachFormatBecomesMP3(t *testing.T) {
	m := ffmpegMaker(t, DefaultLimits())
	for name, want := range map[string]time.Duration{
		"voice.amr": 2 * time.Second, "voice.awb": 2 * time.Second, "voice.mp3": 2 * time.Second, "voice.spx": 2 * time.Second,
		"pauses.amr": time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := mustMake(t, m, callbackd.KindVoice, fixture(t, name))
			if r.Main.Type != TypeMP3 {
				t.Errorf("type %s", r.Main.Type)
			}
			slack := want/100 + 150*time.Millisecond
			if !near(r.Duration, want, slack) {
				t.Errorf("duration %s, want about %s", r.Duration, want)
			}
			if got := plays(t, r.Main); !near(got, want, slack) {
				t.Errorf("what came out plays %s, want about %s", got, want)
			}
			if len(r.Waveform) != waveBars || bytes.Equal(r.Waveform, make([]byte, waveBars)) {
				t.Errorf("waveform %v", r.Waveform)
			}
			if r.Poster != nil || r.Thumb != nil || r.Width != 0 {
				t.Errorf("a voice with a picture: %+v", r)
			}
			out := content(t, r.Main)
			for _, word := range []string{"canary", "ID3", "TIT2", "APIC", "Lavf5", "Lavc5", "Lavf6", "Lavc6"} {
				if bytes.Contains(out, []byte(word)) {
					t.Errorf("what came out holds %q", word)
				}
			}
		})
	}
}

// A minute with pauses: ffmpeg drops the frames without speech, so that the
// words would come too early.
func TestMake_PausesOfAVoiceStayWhereTheyAre(t *testing.T) {
	r, _ := mustMake(t, ffmpegMaker(t, DefaultLimits()), callbackd.KindVoice, fixture(t, "pauses.amr"))
	if r.Duration != time.Minute {
		t.Errorf("duration %s, want that of the frames, a minute", r.Duration)
	}
	// words at 0, 20 and 40 s, each of 2 s; a bar is 1.25 s
	for _, second := range []float64{0.6, 20.6, 40.6} {
		if h := r.Waveform[int(second/1.25)]; h < 60 {
			t.Errorf("%.1f s: height %d, want words", second, h)
		}
	}
	for _, second := range []float64{10, 18, 30, 38, 50, 59} {
		if h := r.Waveform[int(second/1.25)]; h > 10 {
			t.Errorf("%.1f s: height %d, want silence", second, h)
		}
	}
}

func TestMake_WithoutFFmpegACheckedAMRVoiceIsPassedOn(t *testing.T) {
	data := fixture(t, "pauses.amr")
	r, _ := mustMake(t, plainMaker(), callbackd.KindVoice, data)
	if r.Main.Type != TypeAMR || r.Duration != time.Minute || r.Waveform != nil {
		t.Errorf("got %+v", r)
	}
	if !bytes.Equal(content(t, r.Main), data) {
		t.Error("the file changed")
	}
}

func TestMake_WithoutFFmpegNoOtherFileIsPassedOn(t *testing.T) {
	for name, kind := range map[string]callbackd.Kind{
		"voice.awb": callbackd.KindVoice, "voice.mp3": callbackd.KindVoice, "voice.spx": callbackd.KindVoice, "index-last.mp4": callbackd.KindVideo,
	} {
		_, _, err := makeIn(t, plainMaker(), kind, fixture(t, name))
		wantReason(t, err, ReasonNeedsFFmpeg)
	}
	broken := append(fixture(t, "voice.amr"), "PK\x03\x04"...)
	_, _, err := makeIn(t, plainMaker(), callbackd.KindVoice, broken)
	wantReason(t, err, ReasonCorrupt)
}

func TestMake_RefusesVoicesThatAreBroken(t *testing.T) {
	amr := fixture(t, "voice.amr")
	spx := fixture(t, "voice.spx")
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"amr cut within a frame":     {amr[:len(amr)-3], ReasonTruncated},
		"amr without frames":         {amr[:6], ReasonCorrupt},
		"amr of silence alone":       {append([]byte(magicAMRNB), bytes.Repeat([]byte{0x7c}, 50)...), ReasonCorrupt},
		"amr with a frame of noise":  {append(bytes.Clone(amr), 0x54, 0, 0, 0), ReasonCorrupt},
		"multi-channel amr":          {[]byte("#!AMR_MC1.0\n\x00\x00\x00\x02"), ReasonFormat},
		"silk":                       {[]byte("\x02#!SILK_V3\x1f\x00"), ReasonSilk},
		"silk without its first":     {[]byte("#!SILK_V3\x1f\x00"), ReasonSilk},
		"vorbis in ogg":              {fixture(t, "vorbis.ogg"), ReasonFormat},
		"a picture":                  {fixture(t, "picture.webp"), ReasonFormat},
		"a video":                    {fixture(t, "index-last.mp4"), ReasonFormat},
		"speex with its header only": {spx[:200], ReasonCorrupt},
		"mp3 tag alone":              {[]byte("ID3\x03\x00\x00\x00\x00\x00\x00"), ReasonCorrupt},
		"nothing":                    {nil, ReasonTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := makeIn(t, ffmpegMaker(t, DefaultLimits()), callbackd.KindVoice, tt.data)
			wantReason(t, err, tt.want)
		})
	}
}

func TestMake_HoldsVoicesToTheirLimits(t *testing.T) {
	short := DefaultLimits()
	short.VoiceDuration = time.Second
	for _, name := range []string{"voice.amr", "voice.awb", "voice.mp3", "voice.spx"} {
		if name == "voice.mp3" || name == "voice.spx" { // told by decoding, a second late at most
			short.VoiceDuration = time.Second / 2
		}
		_, _, err := makeIn(t, ffmpegMaker(t, short), callbackd.KindVoice, fixture(t, name))
		wantReason(t, err, ReasonTooLong)
	}
	small := DefaultLimits()
	small.VoiceBytes = 1000
	_, _, err := makeIn(t, ffmpegMaker(t, small), callbackd.KindVoice, fixture(t, "voice.amr"))
	wantReason(t, err, ReasonTooLarge)
	_, _, err = makeIn(t, plainMaker(), callbackd.KindVoice, append([]byte(magicAMRNB+"\x3c"+strings.Repeat("\x00", 31)), bytes.Repeat([]byte{0x7c}, 20_000)...))
	wantReason(t, err, ReasonTooLong)
}

func TestMake_TakesSourcesFromItsFolderOnly(t *testing.T) {
	_, dir, err := makeIn(t, plainMaker(), callbackd.KindVoice, fixture(t, "voice.amr"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plainMaker().Make(t.Context(), callbackd.KindVoice, filepath.Join(dir, "source"), t.TempDir()); err == nil {
		t.Error("a source of another folder was taken")
	}
}
