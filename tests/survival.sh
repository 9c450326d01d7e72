#!/bin/sh
# Builds the survival test and prints its whole table: tests/survival.sh [--seeds N] [--short]
# Exit status 1 if a promise is broken or something is short that is not named. docs/link-tuning.md has the table.
set -eu
cd "$(dirname "$0")/.."
preset=${PRESET:-release}
[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" > /dev/null
cmake --build --preset "$preset" --target survival > /dev/null
exec "build/$preset/tests/survival/survival" "$@"
