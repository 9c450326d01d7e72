#!/bin/bash
# How long a want-list takes from the request until it can be installed on the high side, and the plain client straight from the same upstream with a
# cold cache; then a poll that finds nothing new. docs/testing.md says how to read it.
#   tests/bench/ingest.sh [--json] [case…]      cases: npm-300 pypi-300 poll-2000; all unless named
set -euo pipefail
cd "$(dirname "$0")/../.."
[[ -f build/release/build.ninja ]] || cmake --preset release >&2
cmake --build --preset release --target sluice-low sluice-high >&2
exec python3 tests/bench/ingest.py "$@"
