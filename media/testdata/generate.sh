#!/bin/sh
# Makes the files of this folder anew: synthetic speech, test patterns.
# Needs espeak-ng, sox with AMR (libsox-fmt-all) and ffmpeg. The AMR-WB voice is
# cut from rehearsal/crowd/voices, whose generator has an encoder for it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
ff() { ffmpeg -nostdin -loglevel error -y "$@"; }

espeak-ng -v cmn -w "$tmp/say.wav" "大家好，我在现场"
sox "$tmp/say.wav" -r 8000 -c 1 "$tmp/say8.wav" trim 0 2
sox "$tmp/say8.wav" -t amr-nb -C 7 "$here/voice.amr"

# a minute with long pauses: the encoder leaves frames out
sox -n -r 8000 -c 1 "$tmp/quiet.wav" trim 0 18
sox "$tmp/say8.wav" "$tmp/quiet.wav" "$tmp/say8.wav" "$tmp/quiet.wav" "$tmp/say8.wav" "$tmp/quiet.wav" "$tmp/minute.wav"
sox "$tmp/minute.wav" -t amr-nb -C 0 "$here/pauses.amr" trim 0 60

head -c $((9 + 33 * 100)) "$here/../../rehearsal/crowd/voices/zh-2.16k.amr" >"$here/voice.awb"
ff -i "$tmp/say8.wav" -f lavfi -i color=red:s=16x16:d=1 -map 0:a -map 1:v -frames:v 1 -c:v mjpeg -disposition:v attached_pic \
	-c:a libmp3lame -b:a 32k -metadata title=canary-title -metadata comment=canary-comment "$here/voice.mp3"
ff -i "$tmp/say8.wav" -c:a libspeex -metadata title=canary-title "$here/voice.spx"
ff -i "$tmp/say8.wav" -c:a libvorbis "$here/vorbis.ogg"

pattern="testsrc2=s=192x108:r=15:d=2"
tone="sine=440:d=2"
x264="-c:v libx264 -preset veryslow -crf 36 -pix_fmt yuv420p"
aac="-c:a aac -b:a 24k -ar 22050"
# shellcheck disable=SC2086
ff -f lavfi -i $pattern -f lavfi -i $tone $x264 $aac \
	-metadata title=canary-title -metadata location=+31.2304+121.4737/ "$here/index-last.mp4"
# shellcheck disable=SC2086
ff -f lavfi -i $pattern -f lavfi -i $tone -c:v libx265 -preset slow -crf 38 -x265-params log-level=error -pix_fmt yuv420p -tag:v hvc1 $aac "$here/hevc.mp4"
# shellcheck disable=SC2086
ff -f lavfi -i $pattern $x264 "$tmp/upright.mp4"
ff -i "$tmp/upright.mp4" -c copy -metadata:s:v rotate=270 -metadata com.apple.quicktime.model=canary-model -movflags use_metadata_tags -f mov "$here/turned.mov"
ff -f lavfi -i $pattern -c:v mpeg4 -q:v 20 "$tmp/mpeg4.mp4"
ff -i "$tmp/mpeg4.mp4" -c copy -metadata:s:v rotate=270 -f mov "$here/turned-mpeg4.mov"
# shellcheck disable=SC2086
ff -f lavfi -i $tone $aac "$here/sound.mp4"
ff -f lavfi -i testsrc2=s=96x64 -frames:v 1 -c:v libwebp -quality 60 "$here/picture.webp"
ff -f lavfi -i color=red@0.5:s=96x64,format=rgba -frames:v 1 -c:v libwebp -lossless 1 "$here/alpha.webp"
ff -f lavfi -i testsrc2=s=32x32:r=5:d=1 -c:v libwebp_anim -quality 30 "$here/animated.webp"
