#!/bin/sh
# Builds the simulation and runs seeds of it: tests/simulate.sh [--seeds N] [--first S] [--jobs J] [--verbose]
# Ends at the first seed that fails, after saying which, why, and how to run it alone.
set -eu
cd "$(dirname "$0")/.."
seeds=1 first=1 jobs=1 verbose=
while [ $# -gt 0 ]; do
  case "$1" in
    --seeds | --first | --jobs)
      [ $# -ge 2 ] || { echo "$1 wants a number" >&2; exit 2; }
      case "$1" in --seeds) seeds=$2 ;; --first) first=$2 ;; --jobs) jobs=$2 ;; esac
      shift 2 ;;
    --verbose) verbose=--verbose; shift ;;
    *) echo "usage: tests/simulate.sh [--seeds N] [--first S] [--jobs J] [--verbose]" >&2; exit 2 ;;
  esac
done
preset=${PRESET:-release}
[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" > /dev/null
cmake --build --preset "$preset" --target simulate > /dev/null
simulate=build/$preset/tests/simulation/simulate
if [ "$jobs" -eq 1 ]; then
  exec "$simulate" --first "$first" --seeds "$seeds" $verbose
fi
# Each process takes pieces of a hundred seeds; xargs stops when one says 255.
seq "$first" 100 $((first + seeds - 1)) | xargs -P "$jobs" -I '{}' sh -c '
  count=$(($2 + $3 - $4)); [ "$count" -le 100 ] || count=100
  "$1" --first "$4" --seeds "$count" || exit 255' sh "$simulate" "$first" "$seeds" '{}'
