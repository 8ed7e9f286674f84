#!/bin/sh
# Runs every fuzz target of the module, one after another, each for the time given (default 30s).
set -eu
time="${1:-30s}"
cd "$(dirname "$0")/.."
grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' . | sort | while read -r file; do
	for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9]+)\(.*/\1/p' "$file"); do
		echo "== $target ($(dirname "$file"))"
		go test -run '^$' -fuzz "^${target}\$" -fuzztime "$time" "$(dirname "$file")" </dev/null
	done
done
