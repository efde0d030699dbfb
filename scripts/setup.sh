#!/usr/bin/env bash
# What a Debian with Go still needs: setup.sh demo|build|test|fixtures|proxy
# As root it installs what is missing; else it prints the one command that does, and fails.
# Packages that only make things better (ffmpeg for the demo) never stop it.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }

have() { command -v "$1" >/dev/null 2>&1; }

c_compiler() { have gcc && printf '#include <stdlib.h>\nint main(void){return 0;}\n' | gcc -x c - -o /dev/null 2>/dev/null; }
browser()    { have chromium || have chromium-browser || have google-chrome || have google-chrome-stable; }
postgres()   { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || have initdb; }
# As root the server runs as the user that Debian's package makes.
pg_user()    { [ "$(id -u)" != 0 ] || id postgres >/dev/null 2>&1; }
font()       { compgen -G "/usr/share/fonts/*/*/$1*" >/dev/null; }
installed()  { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

need=() # packages without which it cannot go on
want=() # packages that make it better
require()   { local package=$1; shift; "$@" || need+=("$package"); }
recommend() { local package=$1; shift; "$@" || want+=("$package"); }

for_build() {
    require "gcc libc6-dev" c_compiler                                  # SQLite is C, through cgo
    require ca-certificates test -s /etc/ssl/certs/ca-certificates.crt  # modules come over TLS
}

case ${1:-} in
demo)
    for_build
    recommend ffmpeg have ffmpeg
    ;;
build)
    for_build
    ;;
test)
    for_build
    require git have git
    require curl have curl                                              # runs the examples of docs/api.md
    require ffmpeg have ffmpeg
    require chromium browser
    require fonts-noto-cjk font NotoSansCJK
    require fonts-noto-color-emoji font NotoColorEmoji
    require postgresql postgres
    require postgresql pg_user
    ;;
fixtures)
    for_build
    require ffmpeg have ffmpeg
    require sox have sox
    require espeak-ng have espeak-ng
    require chromium browser                                            # draws the pictures
    require python3 have python3
    require fonts-noto-cjk font NotoSansCJK
    require libopencore-amrnb-dev installed libopencore-amrnb-dev       # fixtures/amr.c writes the voices
    require libvo-amrwbenc-dev installed libvo-amrwbenc-dev
    ;;
proxy)
    for_build
    require openssl have openssl
    ;;
*)
    say "usage: setup.sh demo|build|test|fixtures|proxy"
    exit 2
    ;;
esac

if ! have go; then
    say "Go is missing: install 1.26 or newer (https://go.dev/dl/) and put its bin folder in PATH."
    exit 1
fi

mapfile -t need < <(printf '%s\n' "${need[@]-}" | awk 'NF && !seen[$0]++')
mapfile -t want < <(printf '%s\n' "${want[@]-}" | awk 'NF && !seen[$0]++')
if [ ${#need[@]} -eq 0 ] && [ ${#want[@]} -eq 0 ]; then
    exit 0
fi

command_for() { printf 'apt-get update && apt-get install -y --no-install-recommends %s' "$*"; }

install() {
    say "== installing: $*"
    apt-get update -qq </dev/null >&2 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $* </dev/null >&2
}

if have apt-get && [ "$(id -u)" = 0 ]; then
    [ ${#need[@]} -eq 0 ] || install "${need[@]}" || { say "The packages could not be installed."; exit 1; }
    [ ${#want[@]} -eq 0 ] || install "${want[@]}" || say "== going on without: ${want[*]}"
    exit 0
fi

if [ ${#want[@]} -gt 0 ]; then
    say "== ffmpeg is missing: voices play in the browser by the decoder that is shipped, videos do not."
    have apt-get && say "   To have them: sudo sh -c '$(command_for "${want[@]}")'"
fi
if [ ${#need[@]} -gt 0 ]; then
    say "== missing: ${need[*]}"
    if have apt-get; then
        say "   Run: sudo sh -c '$(command_for "${need[@]}")'"
    else
        say "   This is not a Debian: install what these packages of Debian hold."
    fi
    exit 1
fi
