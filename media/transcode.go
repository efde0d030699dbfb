package media

import (
	"context"
	"io"
	"time"
)

// Transcoder reads and writes sound and moving pictures. It is the boundary to
// another program (FFmpeg): its errors are a RefusedError where the file is to
// blame, and anything else where another try may help. All names are of files
// in the work folder dir; nothing outside it is read or written.
type Transcoder interface {
	// Probe tells what a video holds, without decoding all of it.
	Probe(ctx context.Context, dir, name string) (Probe, error)
	// Voice writes a sound as MP3, and the same as 8 kHz mono 16-bit PCM to pcm.
	Voice(ctx context.Context, dir string, v VoiceOrder, pcm io.Writer) error
	// Video writes a video as MP4 whose index comes first.
	Video(ctx context.Context, dir string, v VideoOrder) error
	// Poster writes the first picture of a video as JPEG.
	Poster(ctx context.Context, dir, name, out string) error
}

// Probe is what a video file holds. Claims of a hostile file are in it: use it
// to refuse, never to allow.
type Probe struct {
	Duration time.Duration
	Video    *VideoStream // nil: none
	Audio    *AudioStream // nil: none
}

// VideoStream is the first moving picture of a file.
type VideoStream struct {
	Index    int
	Codec    string // ffmpeg's name
	Profile  string
	PixFmt   string
	Width    int // as coded, before Rotation
	Height   int
	Rotation int     // degrees, counter-clockwise: 0, 90, 180, 270
	Rate     float64 // pictures per second, on average
}

// Shown is the stream's size in pixels as a viewer sees it.
func (v VideoStream) Shown() (width, height int) {
	if v.Rotation == 90 || v.Rotation == 270 {
		return v.Height, v.Width
	}
	return v.Width, v.Height
}

// AudioStream is the first sound of a file.
type AudioStream struct {
	Index int
	Codec string // ffmpeg's name
}

// VoiceOrder is what is wanted of a voice.
type VoiceOrder struct {
	In      string
	Format  Format
	Out     string
	AtLeast time.Duration // silence is added at the end up to it; 0: none
	Rate    int           // of the PCM, samples per second
}

// VideoOrder is what is wanted of a video.
type VideoOrder struct {
	In        string
	Out       string
	Video     VideoStream
	Audio     *AudioStream // nil: without sound
	CopyVideo bool         // the pictures are fine as they are
	CopyAudio bool         // the sound is fine as it is
}
