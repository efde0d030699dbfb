package media

import (
	"context"
)

// copyableProfiles are the profiles of H.264 that every browser plays.
var copyableProfiles = map[string]bool{"Baseline": true, "Constrained Baseline": true, "Main": true, "High": true}

func (w *work) video(ctx context.Context) (*Result, error) {
	if err := checkMP4(w.in, w.size); err != nil {
		return nil, err
	}
	if w.transcoder == nil {
		return nil, refuse(ReasonNeedsFFmpeg, "%s", w.format)
	}
	source, err := w.probe(ctx, w.name)
	if err != nil {
		return nil, err
	}
	order := VideoOrder{In: w.name, Out: nameVideo, Video: *source.Video, Audio: source.Audio,
		CopyVideo: w.copyable(*source.Video), CopyAudio: source.Audio != nil && source.Audio.Codec == "aac"}
	if err := w.transcoder.Video(ctx, w.dir, order); err != nil {
		return nil, err
	}
	main, err := w.made(nameVideo, TypeMP4, FormatMP4)
	if err != nil {
		return nil, err
	}
	came, err := w.probe(ctx, nameVideo)
	if err != nil {
		return nil, err
	}
	if came.Duration == 0 {
		return nil, refuse(ReasonCorrupt, "no picture came out")
	}
	if err := w.transcoder.Poster(ctx, w.dir, nameVideo, namePoster); err != nil {
		return nil, err
	}
	poster, err := w.made(namePoster, TypeJPEG, FormatJPEG)
	if err != nil {
		return nil, err
	}
	width, height := came.Video.Shown()
	return &Result{Main: main, Poster: &poster, Duration: came.Duration, Width: width, Height: height}, nil
}

// probe looks at a video and refuses what is over the limits.
func (w *work) probe(ctx context.Context, name string) (Probe, error) {
	p, err := w.transcoder.Probe(ctx, w.dir, name)
	if err != nil {
		return Probe{}, err
	}
	switch v := p.Video; {
	case v == nil:
		return Probe{}, refuse(ReasonFormat, "a video without pictures")
	case v.Width <= 0 || v.Height <= 0:
		return Probe{}, refuse(ReasonCorrupt, "pictures without a size")
	case v.Width > w.limits.VideoPixels/v.Height:
		return Probe{}, refuse(ReasonTooLarge, "%d × %d pixels", v.Width, v.Height)
	case p.Duration > w.limits.VideoDuration:
		return Probe{}, refuse(ReasonTooLong, "plays %s", p.Duration)
	}
	return p, nil
}

// copyable says that browsers play the pictures as they are.
func (w *work) copyable(v VideoStream) bool {
	return v.Codec == "h264" && v.PixFmt == "yuv420p" && copyableProfiles[v.Profile] &&
		max(v.Width, v.Height) <= w.limits.VideoSide && v.Rate <= 2*float64(w.limits.VideoRate)
}
