#!/usr/bin/env bash
# Runs every fuzz target of the tree, one after the other: fuzz.sh [time for each, 2m]
# Ends with one line a target, as docs/operations.md keeps them; fails when one failed.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-2m}

mapfile -t targets < <(grep -rHoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' . | sed -E 's|/[^/]*:func |:|' | sort -u)
[ ${#targets[@]} -gt 0 ] || { echo "no fuzz target found" >&2; exit 1; }
printf '%d targets, %s each\n' "${#targets[@]}" "$time"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
results=()
for target in "${targets[@]}"; do
    package=${target%%:*} name=${target##*:}
    printf '\n== %s %s\n' "$package" "$name"
    outcome=passed
    go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 1x "$package" 2>&1 | tee "$log" || { outcome=FAILED; failed=1; }
    runs=$(grep -oE 'execs: [0-9]+' "$log" | tail -n 1 | tr -dc 0-9 || true)
    results+=("| \`${package#./}\` | \`$name\` | $time | ${runs:-0} | $outcome |")
done

printf '\n%s, %s\n\n| package | target | time | runs | outcome |\n|---|---|---|---|---|\n' "$(date -u +%F)" "$(go env GOVERSION)"
printf '%s\n' "${results[@]}"
exit $failed
