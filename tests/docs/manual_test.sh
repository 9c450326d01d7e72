#!/bin/bash
# The manual pages are formatted without a warning and have every subcommand that --help lists.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for program in "$@"; do
  page=$folder/$(basename "$program").8
  "$program" man >"$page"
  plain=$(tr -d '\\' <"$page")
  for command in $("$program" --help | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z-]*\).*/\1/p'); do
    grep -q "^\.B $command\( \|$\)" <<<"$plain" || { echo "$program man does not tell of '$command'" >&2; exit 1; }
  done
done
if ! command -v groff >/dev/null; then
  echo "groff is not installed: warnings were not looked for"
  exit 77
fi
for page in "$folder"/*.8; do
  warnings=$(groff -man -Tutf8 -ww -z "$page" 2>&1)
  [[ -z $warnings ]] || { echo "$warnings" >&2; exit 1; }
done
