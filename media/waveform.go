package media

import (
	"math"
	"time"
)

const (
	pcmRate     = 8000 // samples per second of the PCM that a waveform is drawn from
	waveBars    = 48
	waveWindow  = pcmRate / 50 // samples whose energy is kept as one number: 20 ms
	waveSilence = 0.003        // of full scale; below it a voice is silence, and noise is not blown up
)

// waveform is a writer of 8 kHz mono 16-bit little-endian PCM that measures
// its length and draws its loudness.
type waveform struct {
	limit   time.Duration // longer sound is refused
	samples int
	half    []byte    // an odd byte of the write before
	sum     float64   // energy of the window that is being filled
	windows []float64 // mean energy of each full window, full scale is 1
}

func (w *waveform) Write(p []byte) (int, error) {
	n := len(p)
	if len(w.half) == 1 && n > 0 {
		w.add(w.half[0], p[0])
		w.half, p = w.half[:0], p[1:]
	}
	for ; len(p) >= 2; p = p[2:] {
		w.add(p[0], p[1])
	}
	w.half = append(w.half, p...)
	if w.duration() > w.limit {
		return 0, refuse(ReasonTooLong, "plays longer than %s", w.limit)
	}
	return n, nil
}

func (w *waveform) add(low, high byte) {
	v := float64(int16(uint16(low)|uint16(high)<<8)) / 32768
	w.sum += v * v
	if w.samples++; w.samples%waveWindow == 0 {
		w.windows = append(w.windows, w.sum/waveWindow)
		w.sum = 0
	}
}

func (w *waveform) duration() time.Duration {
	return time.Duration(w.samples) * time.Second / pcmRate
}

// bars are 48 heights of 0–255: the loudness of each part of the sound against
// its loudest.
func (w *waveform) bars() []byte {
	var loud [waveBars]float64
	var most float64
	for i := range loud {
		from, to := i*len(w.windows)/waveBars, (i+1)*len(w.windows)/waveBars
		if to == from && from < len(w.windows) { // less than 48 windows
			to++
		}
		var sum float64
		for _, e := range w.windows[from:to] {
			sum += e
		}
		if to > from {
			loud[i] = math.Sqrt(sum / float64(to-from))
		}
		most = max(most, loud[i])
	}
	bars := make([]byte, waveBars)
	if most < waveSilence {
		return bars
	}
	for i, l := range loud {
		bars[i] = byte(math.Round(255 * l / most))
	}
	return bars
}
