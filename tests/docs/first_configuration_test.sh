#!/bin/bash
# What init writes is a configuration that check-config takes, once each side has the other's public key.
set -euo pipefail
low=$1 high=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$low" init "$folder"
"$high" init "$folder"
"$low" check-config --config "$folder/low.toml"

code=0
said=$("$high" check-config --config "$folder/high.toml" 2>&1) || code=$?
[[ $code == 3 && $said == *'[[stream]]'* ]] || { echo "without a stream: exit $code, $said" >&2; exit 1; }
sed -i '/^#\[\[stream\]\]/,/^#key/s/^#\([^ ]\)/\1/' "$folder/high.toml"
"$high" check-config --config "$folder/high.toml"

# Nothing is replaced by a second init.
digests() { find "$folder" -maxdepth 1 -type f -print0 | sort -z | xargs -0 sha256sum; }
before=$(digests)
"$low" init "$folder" && "$high" init "$folder"
[[ $(digests) == "$before" ]] || { echo "init replaced something" >&2; exit 1; }
# What is in effect loads again.
"$low" show-config --config "$folder/low.toml" >"$folder/shown.toml"
"$low" check-config --config "$folder/shown.toml"
