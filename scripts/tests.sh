#!/usr/bin/env bash
# All tests: tests.sh FLAGS-OF-GO-TEST
#
# Those that look at another process, a browser or the built program run without the
# race detector, which would watch the onlooker alone: what runs in that process is
# tested with it in packages of its own. So does arithmetic that knows one goroutine.
# They wait more than they work, so they run beside the others. What is killed runs
# last and keeps a real disk, where more happens before a kill.
set -uo pipefail

onlookers='callbackd/(web|internal/e2e|internal/match|cmd/callbackd/crashtest)'
here=$(dirname "$0")
log=$(mktemp "${TMPDIR:-/tmp}/callbackd-tests-XXXXXX")
trap 'rm -f "$log"' EXIT

failed=0
"$here/in-memory.sh" go test -p 1 "$@" ./internal/match/ ./internal/e2e/ ./web/ >"$log" 2>&1 &
beside=$!
mapfile -t rest < <(go list ./... | grep -vxE "$onlookers")
echo "== with the race detector"
"$here/in-memory.sh" go test -race "$@" "${rest[@]}" || failed=1
echo "== what looks at a browser or the built program from outside"
wait "$beside" || failed=1
cat "$log"
go test "$@" ./cmd/callbackd/crashtest/ || failed=1
exit "$failed"
