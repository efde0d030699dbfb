package media

import (
	"context"
	"io"
	"time"
)

// MIME types of what is made.
const (
	TypeMP3  = "audio/mpeg"
	TypeAMR  = "audio/amr" // the page decodes it itself
	TypeMP4  = "video/mp4"
	TypeJPEG = "image/jpeg"
	TypePNG  = "image/png"
	TypeGIF  = "image/gif"
)

func (w *work) voice(ctx context.Context) (*Result, error) {
	var known time.Duration // from the frames, where the format has them
	if w.format == FormatAMRNB || w.format == FormatAMRWB {
		if _, err := w.in.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		frames, err := CheckAMR(w.format, w.in)
		if err != nil {
			return nil, err
		}
		known = frames.Duration
	}
	if known > w.limits.VoiceDuration {
		return nil, refuse(ReasonTooLong, "plays %s", known)
	}
	if w.transcoder == nil {
		return w.plainVoice(known)
	}
	sound := &waveform{limit: w.limits.VoiceDuration + overrun/2}
	order := VoiceOrder{In: w.name, Format: w.format, Out: nameVoice, AtLeast: known, Rate: pcmRate}
	if err := w.transcoder.Voice(ctx, w.dir, order, sound); err != nil {
		return nil, err
	}
	duration := sound.duration()
	if known > 0 && (duration-known).Abs() > known/100+100*time.Millisecond {
		return nil, refuse(ReasonCorrupt, "%s of %s came out", duration, known)
	}
	if known > 0 {
		duration = known
	}
	if duration == 0 {
		return nil, refuse(ReasonCorrupt, "no sound came out")
	}
	if duration > w.limits.VoiceDuration {
		return nil, refuse(ReasonTooLong, "plays %s", duration)
	}
	main, err := w.made(nameVoice, TypeMP3, FormatMP3)
	if err != nil {
		return nil, err
	}
	return &Result{Main: main, Duration: duration, Waveform: sound.bars()}, nil
}

// plainVoice is what is left without ffmpeg: an AMR-NB voice as it came, every
// byte of which belongs to a frame that was checked.
func (w *work) plainVoice(known time.Duration) (*Result, error) {
	if w.format != FormatAMRNB {
		return nil, refuse(ReasonNeedsFFmpeg, "%s", w.format)
	}
	return &Result{Main: File{Path: w.in.Name(), Type: TypeAMR, Size: w.size}, Duration: known}, nil
}
