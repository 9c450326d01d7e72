#!/bin/bash
# The long version of the crash tests, on a built tree: every named point, with and without loss of power, and then N kills of each daemon at random
# moments. As root: tests/crash.sh [--kills N] [--seed S] [--side low|high|both] [--power-loss] [--apt]
#   PRESET=asan tests/crash.sh      the same with another build
set -euo pipefail
cd "$(dirname "$0")/.."
export SLUICE_BUILD="$PWD/build/${PRESET:-release}"
python3 tests/crash/points_test.py
python3 tests/crash/points_test.py --sigkill
python3 tests/crash/kill_test.py --kills 200 "$@"
