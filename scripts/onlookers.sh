#!/usr/bin/env bash
# Tests that look at another process, a browser or the built program. The race
# detector would watch the onlooker alone: what runs in that process is tested with it
# in packages of its own. onlookers.sh FLAGS-OF-GO-TEST
set -uo pipefail

usual=${TMPDIR:-/tmp}
export GOTMPDIR=$usual

# What is killed keeps a real disk, where more happens before a kill.
log=$(mktemp "$usual/callbackd-crash-XXXXXX")
trap 'rm -f "$log"' EXIT
go test "$@" ./cmd/callbackd/crashtest/ >"$log" 2>&1 &
crash=$!

failed=0
scripts/in-memory.sh go test "$@" ./web/ ./internal/e2e/ || failed=1
wait "$crash" || failed=1
cat "$log"
exit "$failed"
