#!/bin/bash
# Runs every test of resource faults, as root, on a build that is there: tests/faults.sh [ROUNDS] [SCRIPT...]
#   tests/faults.sh 10 disk_full_test.py    ten times the tests of one script
# PRESET chooses the build (release). Ends at the first round that has a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
export SLUICE_BUILD=$PWD/build/${PRESET:-release}
rounds=1
if [[ ${1:-} =~ ^[0-9]+$ ]]; then rounds=$1; shift; fi
scripts=("$@")
if [[ ${#scripts[@]} -eq 0 ]]; then for script in tests/faults/*_test.py; do scripts+=("${script##*/}"); done; fi
for ((round = 1; round <= rounds; round++)); do
  failed=0
  for script in "${scripts[@]}"; do
    echo "== round $round, $script"
    python3 "tests/faults/$script" || failed=1
  done
  if ((failed)); then exit 1; fi
done
