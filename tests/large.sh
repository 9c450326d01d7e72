#!/bin/bash
# One file much larger than memory, from a registry of images and from the drop folder: crosses, is resumed and served, in bounded memory.
#
# Usage: tests/large.sh [GIGABYTES]     12 unless given; both sides' stores hold it once each for a while
#
# SLUICE_BUILD names the build folder. The same test with 1 GiB is among those of tests/run.sh.
set -euo pipefail
cd "$(dirname "$0")/end_to_end"
SLUICE_LARGE_BYTES=$((${1:-12} * 1000000000)) SLUICE_TEST_LIMIT=${SLUICE_TEST_LIMIT:-3600} exec python3 large_test.py
