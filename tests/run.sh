#!/bin/bash
# Installs what is needed, builds, and runs every test. On a fresh Debian 12, as root: tests/run.sh [ctest arguments]
#   PRESET=asan tests/run.sh        the same under a sanitizer (release, debug, asan, tsan)
#   TARGET=threaded_tests PRESET=tsan tests/run.sh -L threads     builds one target, and runs the tests with that label
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${PRESET:-release}
deploy/install-packages.sh build run test
cmake --preset "$preset"
cmake --build --preset "$preset" ${TARGET:+--target "$TARGET"}
ctest --preset "$preset" -j "$(nproc)" "$@"
