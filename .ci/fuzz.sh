#!/usr/bin/env bash
# Runs each fuzz target for a time, such as 2s. It fails on a finding, which go then keeps in testdata, and on everything
# else but one: up to Go 1.26 the fuzzer now and then takes its own deadline for a failure (golang/go#75804).
set -euo pipefail
cd "$(dirname "$0")/.."
fuzztime=$1

out=$(mktemp -d)
trap 'rm -r "$out"' EXIT
known=$(go env GOCACHE)/fuzz/$(go list -m)

fuzz() {
	(cd "$1" && "$out/fuzz" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "$fuzztime" -test.fuzzcachedir "$known/$1" </dev/null)
}

deadlineAlone() {
	grep -q '^    context deadline exceeded$' "$out/log" && ! grep -qE 'Failing input|panic|fuzzing process' "$out/log"
}

for folder in $(grep -rlE --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u); do
	go test -C "$folder" -c -fuzz . -o "$out/fuzz" .
	for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$folder"/*_test.go | cut -c 6-); do
		echo "$target in $folder"
		if ! fuzz "$folder" "$target" 2>&1 | tee "$out/log"; then
			deadlineAlone || exit 1
			echo "$target: ended by its deadline, with no finding"
		fi
	done
done
