#!/bin/bash
# Fuzzes the targets of tests/fuzz: builds the preset "fuzz" and runs each target from its corpus and seeds for so much processor time.
#
#   tests/fuzz.sh [--minutes M] [--jobs J] [target…]      M of user time for each (default 1), J at once (default: all cores)
#
# Prints executions, coverage and findings. A finding is kept in tests/fuzz/findings/<target>/, where it is a regression test from then on, and the
# run ends with 1. What was learned stays in build/fuzz/corpus/<target>; --minimise puts the smallest set of the same coverage back into
# tests/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=1 jobs=$(nproc) minimise=false targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) minutes=$2; shift 2 ;;
    --jobs) jobs=$2; shift 2 ;;
    --minimise) minimise=true; shift ;;
    -*) sed -n 's/^# \{0,1\}//p' "$0"; exit 2 ;;
    *) targets+=("$1"); shift ;;
  esac
done
binaries=build/fuzz/tests/fuzz
learned=build/fuzz/corpus
deploy/install-packages.sh build fuzz
cmake --preset fuzz > /dev/null
if [ ${#targets[@]} -gt 0 ]; then
  cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"
else
  cmake --build --preset fuzz
  for binary in "$binaries"/fuzz_*; do targets+=("${binary##*/fuzz_}"); done
fi
tests/fuzz/make_seeds.py . "$learned"

# 512 MiB for one allocation and 2 GiB in all are beyond every limit in the code; what needs more allocates on a stranger's word. 20 seconds for an
# input of 8 KiB are a loop without end.
limits=(-max_len=8192 -malloc_limit_mb=512 -rss_limit_mb=2048 -timeout=20)
export UBSAN_OPTIONS=print_stacktrace=1
export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19 UBSAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19

# Sets `spent` to the user seconds that the children of this shell took. Not by a substitution: that is a shell of its own, without children.
count_spent() {
  times > "$log.times"
  spent=$(tail -1 "$log.times" | sed 's/m/ /; s/s.*//' | awk '{ print int($1 * 60 + $2) }')
}

run() (
  target=$1 log=$learned/$1.log spent=0 executions=0
  mkdir -p "$learned/$target" "tests/fuzz/corpus/$target"
  while [ "$spent" -lt "$((minutes * 60))" ]; do
    # Wall time is no processor time: in slices, until it is enough.
    if ! "$binaries/fuzz_$target" "${limits[@]}" -max_total_time=$(((minutes * 60 - spent + 3) / 2 + 1)) -print_final_stats=1 \
        -artifact_prefix="$learned/$target.finding-" "$learned/$target" "tests/fuzz/corpus/$target" > "$log" 2>&1; then
      mkdir -p "tests/fuzz/findings/$target"
      for finding in "$learned/$target".finding-*; do
        mv "$finding" "tests/fuzz/findings/$target/${finding##*.finding-}"
        echo "$target: FINDING; replay it with: $binaries/fuzz_$target tests/fuzz/findings/$target/${finding##*.finding-}   (log: $log)"
      done
      exit 1
    fi
    executions=$((executions + $(sed -n 's/^stat::number_of_executed_units: *//p' "$log")))
    count_spent
  done
  echo "$target: $executions executions in $spent s of processor time, $(grep -ao 'cov: [0-9]* ft: [0-9]*' "$log" | tail -1)"
)

failed=0 running=0
for target in "${targets[@]}"; do
  run "$target" &
  running=$((running + 1))
  if [ "$running" -ge "$jobs" ]; then
    wait -n || failed=1
    running=$((running - 1))
  fi
done
while [ "$running" -gt 0 ]; do
  wait -n || failed=1
  running=$((running - 1))
done

if $minimise; then
  for target in "${targets[@]}"; do
    smallest=$learned/$target.smallest
    rm -rf "$smallest" && mkdir -p "$smallest"
    "$binaries/fuzz_$target" -set_cover_merge=1 -use_counters=0 -max_len=4096 "$smallest" "$learned/$target" "tests/fuzz/corpus/$target" > "$learned/$target.merge.log" 2>&1
    rm -rf "tests/fuzz/corpus/$target" && mv "$smallest" "tests/fuzz/corpus/$target"
    echo "$target: $(find "tests/fuzz/corpus/$target" -type f | wc -l) inputs, $(cat "tests/fuzz/corpus/$target"/* | wc -c) bytes"
  done
fi
exit $failed
