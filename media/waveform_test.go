package media

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// tone is PCM of a sine whose loudness changes with time (0–1).
func tone(d time.Duration, loud func(at float64) float64) []byte {
	n := int(d.Seconds() * pcmRate)
	var pcm []byte
	for i := range n {
		v := loud(float64(i)/float64(n)) * 20000 * math.Sin(float64(i)*2*math.Pi*400/pcmRate)
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(v)))
	}
	return pcm
}

func draw48(t *testing.T, pcm []byte) ([]byte, time.Duration) {
	t.Helper()
	w := &waveform{limit: time.Hour}
	for rng := rand.New(rand.NewPCG(1, 2)); len(pcm) > 0; { // pieces of any length, odd ones too
		n := min(len(pcm), 1+rng.IntN(4097))
		if _, err := w.Write(pcm[:n]); err != nil {
			t.Fatal(err)
		}
		pcm = pcm[n:]
	}
	return w.bars(), w.duration()
}

func TestWaveform_FollowsTheLoudness(t *testing.T) {
	bars, d := draw48(t, tone(3*time.Second, func(at float64) float64 { return at }))
	if d != 3*time.Second || len(bars) != 48 {
		t.Fatalf("%d bars of %s", len(bars), d)
	}
	for i, got := range bars {
		want := 255 * (float64(i) + 0.5) / 47.5
		if math.Abs(float64(got)-want) > 8 {
			t.Errorf("bar %d: %d, want about %.0f", i, got, want)
		}
	}
}

func TestWaveform_SilenceIsFlat(t *testing.T) {
	for _, loud := range []float64{0, 0.001} {
		bars, _ := draw48(t, tone(time.Second, func(float64) float64 { return loud }))
		for _, b := range bars {
			if b != 0 {
				t.Fatalf("loudness %v: %v", loud, bars)
			}
		}
	}
}

func TestWaveform_OfAMomentFillsItsBars(t *testing.T) {
	bars, d := draw48(t, tone(200*time.Millisecond, func(float64) float64 { return 1 })) // ten windows
	if d != 200*time.Millisecond {
		t.Errorf("duration %s", d)
	}
	for i, b := range bars {
		if b < 250 {
			t.Errorf("bar %d: %d", i, b)
		}
	}
	if bars, d := draw48(t, nil); d != 0 || len(bars) != 48 {
		t.Errorf("nothing: %v, %s", bars, d)
	}
}

func TestWaveform_StopsAtItsLimit(t *testing.T) {
	w := &waveform{limit: time.Second}
	pcm := tone(time.Second, func(float64) float64 { return 1 })
	if _, err := w.Write(pcm); err != nil {
		t.Fatal(err)
	}
	_, err := w.Write(pcm[:2])
	wantReason(t, err, ReasonTooLong)
}
