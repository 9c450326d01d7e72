#!/bin/bash
# The reference of settings is what the programs print.
#   settings_test.sh SLUICE-LOW SLUICE-HIGH docs/operating/settings.md [--write]
set -euo pipefail
low=$1 high=$2 document=$3
expected=$(mktemp)
trap 'rm -f "$expected"' EXIT
{
  cat <<'TEXT'
# Settings

Made by `sluice-low man --settings` and `sluice-high man --settings`; a test compares them. `[name]` is a section,
`[[name]]` one that may be repeated. Durations, sizes and rates are text with a unit: `"1h30m"`, `"4MiB"`, `"500Mbit/s"`.
Relative paths start from the configuration file's folder. `check-config` names everything that is wrong with a file,
`show-config` prints what is in effect.

## sluice-low

TEXT
  "$low" man --settings
  printf '\n## sluice-high\n\n'
  "$high" man --settings
} >"$expected"
if [[ ${4:-} == --write ]]; then
  cp "$expected" "$document"
  exit
fi
diff -u "$document" "$expected" || {
  echo "$document is not what the programs print. Mend it with: $0 $low $high $document --write" >&2
  exit 1
}
