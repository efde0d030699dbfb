package media

import "time"

// Limits bound what one file may cost. Zero fields are not allowed; begin with
// DefaultLimits.
type Limits struct {
	VoiceBytes   int64 // size of a voice as it came; 60 s of AMR-NB are 96 KB
	VideoBytes   int64 // size of a video as it came
	PictureBytes int64 // size of a picture as it came

	VoiceDuration time.Duration // the platform allows 60 s
	VideoDuration time.Duration
	VideoPixels   int // width × height of a video as it came

	PicturePixels   int // width × height of a picture as it came
	AnimationFrames int // pictures in a GIF
	AnimationPixels int // pixels of all pictures in a GIF together

	PictureSide int // longest side of a picture that is shown; larger ones are made smaller
	ThumbSide   int // longest side of a small picture
	VideoSide   int // longest side of a video that is shown
	VideoRate   int // pictures per second of a video that is shown

	OutputBytes int64         // size of each file that is made
	VoiceTime   time.Duration // for ffmpeg on one voice
	VideoTime   time.Duration // for ffmpeg on one video
	Memory      uint64        // address space of ffmpeg, bytes
}

// DefaultLimits are generous for what people send from a phone, and small
// enough that a hostile file costs minutes of one core at most.
func DefaultLimits() Limits {
	return Limits{
		VoiceBytes:   8 << 20,
		VideoBytes:   64 << 20,
		PictureBytes: 24 << 20,

		VoiceDuration: 5 * time.Minute,
		VideoDuration: 10 * time.Minute,
		VideoPixels:   4096 * 2304,

		PicturePixels:   24_000_000, // 6000 × 4000; decoded up to 96 MB, 16-bit PNG and progressive JPEG 400 MB
		AnimationFrames: 300,
		AnimationPixels: 60_000_000,

		PictureSide: 2048,
		ThumbSide:   480,
		VideoSide:   1280,
		VideoRate:   30,

		OutputBytes: 96 << 20,
		VoiceTime:   time.Minute,
		VideoTime:   10 * time.Minute,
		Memory:      1 << 30,
	}
}
