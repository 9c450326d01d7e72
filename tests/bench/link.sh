#!/bin/bash
# The link's speed on this machine's loopback against the raw UDP rate, in one run, with the processor time of each stage.
#   tests/bench/link.sh [--json] [--mtu 1500 9000] [--rate GBIT] [--store FOLDER]        link.sh --help names all
set -euo pipefail
cd "$(dirname "$0")/../.."
[[ -f build/release/build.ninja ]] || cmake --preset release >&2
cmake --build --preset release --target link_bench >&2
exec build/release/tests/bench/link_bench "$@"
