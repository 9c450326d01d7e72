#!/bin/bash
# Installs the Debian packages of the given groups (build, run, test, fuzz, bench) from packages.txt, and of GROUP-MACHINE where there is
# such a line; those that are there already are not asked for again.
set -euo pipefail
list="$(dirname "$0")/packages.txt"
wanted=()
for group in "$@"; do
  mapfile -t names < <(awk -v group="$group" -v machine="$(dpkg --print-architecture)" '$1 == group || $1 == group "-" machine { for (i = 2; i <= NF; i++) print $i }' "$list")
  [[ ${#names[@]} -gt 0 ]] || { echo "install-packages.sh: no group '$group' in $list" >&2; exit 2; }
  wanted+=("${names[@]}")
done
missing=()
for name in "${wanted[@]}"; do
  # A machine may have Node.js and npm from elsewhere; Debian's npm would not install beside it.
  if [[ $name == npm ]] && command -v npm >/dev/null; then continue; fi
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null || true) == installed ]] || missing+=("$name")
done
((${#missing[@]})) || exit 0
[[ $EUID == 0 ]] || { echo "install-packages.sh: run as root to install: ${missing[*]}" >&2; exit 1; }
echo "installing ${#missing[@]} Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null
