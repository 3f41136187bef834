#!/bin/sh
# Usage: run.sh BUILD SECONDS TARGET...   Runs libFuzzer programs one after the other. What they learn stays in BUILD/corpus, inputs that fail
# in BUILD/failures, printed with the assertion or report; exit 1 then. Try one again: BUILD/tests/fuzz/TARGET FILE.
set -u
build=$1 seconds=$2
shift 2
mkdir -p "$build/failures"
failed=
for target in "$@"; do
	name=${target%_fuzz}
	log=$build/failures/$name.log
	mkdir -p "$build/corpus/$name"
	if "$build/tests/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$build/failures/$name-" "$build/corpus/$name" "tests/fuzz/seeds/$name" >"$log" 2>&1; then
		echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, nothing found"
		rm -f "$log"
	else
		failed="$failed $name"
		echo "fuzz: $name: FAILED, see $log"
		grep -vE '^(#[0-9]+	|INFO:|NEW_FUNC)' "$log" | tail -n 60
	fi
done
if [ -n "$failed" ]; then
	echo "fuzz: failing inputs are in $build/failures:"
	for name in $failed; do
		ls "$build/failures/" | grep "^$name-" | sed "s|^|  $build/failures/|"
	done
	exit 1
fi
