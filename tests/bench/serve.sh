#!/bin/bash
# How fast the high side serves, against nginx, verdaccio and docker-registry with the same bytes, one load generator for all, plain and over TLS.
# docs/testing.md says how to read it.
#   tests/bench/serve.sh [--json] [case…]      cases: file-10k file-10m pypi-index npm-packument oci-manifest oci-blob-10k oci-blob-10m, each with -tls; all unless named
set -euo pipefail
cd "$(dirname "$0")/../.."
deploy/install-packages.sh bench >&2
[[ -f build/release/build.ninja ]] || cmake --preset release >&2
cmake --build --preset release --target sluice-low sluice-high >&2
exec python3 tests/bench/serve.py "$@"
