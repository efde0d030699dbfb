package media

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"callbackd"
)

// FFmpeg is the Transcoder over the system's ffmpeg and ffprobe, each run as a
// bounded child process (see child_linux.go).
type FFmpeg struct {
	ffmpeg  string // path
	ffprobe string
	limits  Limits
}

// FindFFmpeg looks for ffmpeg and ffprobe in PATH. The error, of kind
// ErrUnavailable, says what to install; the Transcoder is then nil.
func FindFFmpeg(l Limits) (Transcoder, error) {
	if !canBound {
		return nil, fmt.Errorf("ffmpeg is run on Linux alone, where its limits can be set: %w", callbackd.ErrUnavailable)
	}
	f := &FFmpeg{limits: l}
	for name, path := range map[string]*string{"ffmpeg": &f.ffmpeg, "ffprobe": &f.ffprobe} {
		found, err := exec.LookPath(name)
		if err != nil {
			return nil, fmt.Errorf("%s is not in PATH; install it (apt-get install ffmpeg): %w", name, callbackd.ErrUnavailable)
		}
		*path = found
	}
	return f, nil
}

// The demuxer of each format and the decoders that it may use, by ffmpeg's
// names. Nothing is left to ffmpeg's own guess.
var (
	demuxers = map[Format]string{FormatAMRNB: "amr", FormatAMRWB: "amr", FormatMP3: "mp3", FormatSpeex: "ogg", FormatMP4: "mov"}
	decoders = map[Format]string{
		FormatAMRNB: "amrnb,libopencore_amrnb",
		FormatAMRWB: "amrwb,libopencore_amrwb",
		FormatMP3:   "mp3,mp3float",
		FormatSpeex: "speex,libspeex",
		FormatMP4:   "h264,hevc,mpeg4,h263,mjpeg,aac,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,mp3,mp3float,pcm_s16le,pcm_s16be",
	}
)

// input are the arguments for a file of a format: its demuxer by name, its
// decoders, files of the folder and pipes alone, no movie that leads elsewhere.
func (f *FFmpeg) input(format Format, name string) []string {
	args := []string{
		"-protocol_whitelist", "file,pipe", "-format_whitelist", demuxers[format], "-codec_whitelist", decoders[format],
		"-max_pixels", strconv.Itoa(f.limits.VideoPixels), "-f", demuxers[format],
	}
	if format == FormatMP4 {
		args = append(args, "-enable_drefs", "0", "-use_absolute_path", "0")
	}
	return append(args, "-i", "file:"+name)
}

// ffmpegFirst are the arguments of every run of ffmpeg.
func ffmpegFirst() []string {
	return []string{"-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-threads", "1", "-filter_threads", "1"}
}

// bare drops everything from an output that is not sound or picture, names of
// encoders included.
func bare() []string {
	return []string{"-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"}
}

// Voice implements Transcoder.
//
// ffmpeg drops the frames of AMR that hold no speech: async fills the gaps
// with silence, and apad those at the end.
func (f *FFmpeg) Voice(ctx context.Context, dir string, v VoiceOrder, pcm io.Writer) error {
	filter := "aresample=async=1:first_pts=0"
	if v.AtLeast > 0 {
		filter += ",apad=whole_dur=" + seconds(v.AtLeast)
	}
	output := func(rate int, codec ...string) []string {
		args := append([]string{"-map", "0:a:0", "-vn"}, bare()...)
		args = append(args, "-t", seconds(f.limits.VoiceDuration+overrun), "-af", filter, "-ac", "1", "-ar", strconv.Itoa(rate))
		return append(args, codec...)
	}
	args := append(ffmpegFirst(), "-max_error_rate", "1") // a frame without speech counts as an error
	args = append(args, f.input(v.Format, v.In)...)
	args = append(args, output(16000, "-c:a", "libmp3lame", "-b:a", "32k", "-id3v2_version", "0", "-f", "mp3", "file:"+v.Out)...)
	args = append(args, output(v.Rate, "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1")...)
	return f.run(ctx, f.limits.VoiceTime, dir, pcm, f.ffmpeg, args...)
}

// overrun is how far past a limit a file is read, so that one at the limit and
// one over it differ.
const overrun = 2 * time.Second

// Video implements Transcoder. What is copied keeps its rotation as a note of
// the file, without the messages that encoders put beside the pictures (SEI);
// what is encoded is turned upright.
func (f *FFmpeg) Video(ctx context.Context, dir string, v VideoOrder) error {
	args := append(ffmpegFirst(), f.input(FormatMP4, v.In)...)
	args = append(args, "-map", fmt.Sprintf("0:%d", v.Video.Index))
	if v.Audio != nil {
		args = append(args, "-map", fmt.Sprintf("0:%d", v.Audio.Index))
	}
	args = append(args, bare()...)
	args = append(args, "-t", seconds(f.limits.VideoDuration+overrun))
	if v.CopyVideo {
		args = append(args, "-c:v", "copy", "-bsf:v", "filter_units=remove_types=6")
	} else {
		args = append(args, f.encodeVideo(v.Video)...)
	}
	if v.CopyAudio {
		args = append(args, "-c:a", "copy")
	} else {
		args = append(args, "-c:a", "aac", "-b:a", "96k", "-ac", "2", "-ar", "44100")
	}
	args = append(args, "-threads", "1", "-movflags", "+faststart", "-write_tmcd", "0", "-f", "mp4", "file:"+v.Out)
	return f.run(ctx, f.limits.VideoTime, dir, io.Discard, f.ffmpeg, args...)
}

func (f *FFmpeg) encodeVideo(v VideoStream) []string {
	side := f.limits.VideoSide
	filter := fmt.Sprintf("scale=w='min(%d,iw)':h='min(%d,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2,format=yuv420p", side, side)
	if v.Rate > float64(f.limits.VideoRate) {
		filter = fmt.Sprintf("fps=%d,", f.limits.VideoRate) + filter
	}
	return []string{
		"-vf", filter, "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-profile:v", "high",
		"-maxrate", "3M", "-bufsize", "6M", "-x264-params", "threads=1:lookahead-threads=1",
		"-bsf:v", "filter_units=remove_types=6",
	}
}

// Poster implements Transcoder.
func (f *FFmpeg) Poster(ctx context.Context, dir, name, out string) error {
	args := append(ffmpegFirst(), f.input(FormatMP4, name)...)
	args = append(args, "-map", "0:v:0", "-an")
	args = append(args, bare()...)
	args = append(args, "-frames:v", "1", "-vf", "format=yuvj420p", "-c:v", "mjpeg", "-q:v", "4", "-threads", "1",
		"-f", "image2", "-update", "1", "file:"+out)
	return f.run(ctx, f.limits.VoiceTime, dir, io.Discard, f.ffmpeg, args...)
}

// probed is ffprobe's JSON, as far as it is of interest.
type probed struct {
	Streams []struct {
		Index       int    `json:"index"`
		Type        string `json:"codec_type"`
		Codec       string `json:"codec_name"`
		Profile     string `json:"profile"`
		PixFmt      string `json:"pix_fmt"`
		Width       int    `json:"width"`
		Height      int    `json:"height"`
		Rate        string `json:"avg_frame_rate"` // a fraction
		Disposition struct {
			AttachedPic int `json:"attached_pic"`
		} `json:"disposition"`
		Tags struct {
			Rotate string `json:"rotate"` // ffmpeg 4, clockwise
		} `json:"tags"`
		SideData []struct {
			Rotation *float64 `json:"rotation"` // ffmpeg 5 on, counter-clockwise
		} `json:"side_data_list"`
	} `json:"streams"`
	Format struct {
		Duration string `json:"duration"`
	} `json:"format"`
}

// Probe implements Transcoder.
func (f *FFmpeg) Probe(ctx context.Context, dir, name string) (Probe, error) {
	args := append([]string{"-hide_banner", "-loglevel", "error", "-of", "json", "-show_entries",
		"format=duration:stream=index,codec_type,codec_name,profile,pix_fmt,width,height,avg_frame_rate:" +
			"stream_disposition=attached_pic:stream_tags=rotate:stream_side_data=rotation"},
		f.input(FormatMP4, name)...)
	out := &buffer{limit: 1 << 20}
	if err := f.run(ctx, f.limits.VoiceTime, dir, out, f.ffprobe, args...); err != nil {
		return Probe{}, err
	}
	var p probed
	if err := json.Unmarshal(out.data, &p); err != nil {
		return Probe{}, fmt.Errorf("read ffprobe's answer: %w", err)
	}
	return p.probe(), nil
}

func (p *probed) probe() Probe {
	var found Probe
	if s, err := strconv.ParseFloat(p.Format.Duration, 64); err == nil && s > 0 && s < 1e9 {
		found.Duration = time.Duration(s * float64(time.Second))
	}
	for _, s := range p.Streams {
		switch {
		case s.Type == "video" && s.Disposition.AttachedPic == 0 && found.Video == nil:
			found.Video = &VideoStream{Index: s.Index, Codec: s.Codec, Profile: s.Profile, PixFmt: s.PixFmt,
				Width: s.Width, Height: s.Height, Rate: fraction(s.Rate)}
			if turn, err := strconv.Atoi(s.Tags.Rotate); err == nil {
				found.Video.Rotation = quarter(-float64(turn))
			}
			for _, d := range s.SideData {
				if d.Rotation != nil {
					found.Video.Rotation = quarter(*d.Rotation)
				}
			}
		case s.Type == "audio" && found.Audio == nil:
			found.Audio = &AudioStream{Index: s.Index, Codec: s.Codec}
		}
	}
	return found
}

// quarter is the nearest of 0, 90, 180 and 270 degrees.
func quarter(degrees float64) int {
	if math.IsNaN(degrees) || math.IsInf(degrees, 0) {
		return 0
	}
	q := int(math.Round(math.Mod(degrees, 360)/90)) * 90
	return (q + 360) % 360
}

// fraction reads "30000/1001"; 0 when it is none.
func fraction(s string) float64 {
	above, below, _ := strings.Cut(s, "/")
	a, err1 := strconv.ParseFloat(above, 64)
	b, err2 := strconv.ParseFloat(below, 64)
	if err1 != nil || err2 != nil || b == 0 {
		return 0
	}
	return a / b
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', 3, 64)
}
