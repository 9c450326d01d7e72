#!/bin/bash
# Holds every package that apt took from the high side against the digests in the vendor's indices as the low side fetched and verified them.
# compare-debs.sh ARCHIVES_FOLDER LOW_WORK_FOLDER
set -euo pipefail
archives=$1 work=$2
upstream=$(mktemp)
trap 'rm -f "$upstream"' EXIT
find "$work" -type f \( -name 'Packages' -o -name '*_Packages' \) -print0 |
  xargs -0 -r awk '/^SHA256: / { print $2 }' | sort -u >"$upstream"
[[ -s $upstream ]] || { echo "compare-debs.sh: no vendor index below $work" >&2; exit 1; }
count=0
for deb in "$archives"/*.deb; do
  digest=$(sha256sum "$deb" | cut -d' ' -f1)
  grep -qx "$digest" "$upstream" || { echo "compare-debs.sh: $deb is not what the upstream publishes ($digest)" >&2; exit 1; }
  count=$((count + 1))
done
((count > 1)) || { echo "compare-debs.sh: $count packages: the package was meant to have dependencies" >&2; exit 1; }
echo "    $count packages: every SHA-256 equals the upstream's"
