#!/bin/bash
# Completion offers exactly the subcommands that --help lists, and files behind --config.
#   completion_test.sh SLUICE-LOW SLUICE-HIGH deploy/completion
set -euo pipefail
completions=$3
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
touch site.toml && mkdir keys

# complete_words WORD…: what is offered for the last of them.
complete_words() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  "$function"
  printf '%s\n' "${COMPREPLY[@]}" | sort
}
expect() { # expect WHAT GOT WANTED
  [[ $2 == "$3" ]] || { printf '%s: %s offers\n%s\nrather than\n%s\n' "$name" "$1" "$2" "$3" >&2; exit 1; }
}

for program in "$1" "$2"; do
  name=$(basename "$program")
  file=$completions/$name.bash
  bash -n "$file"
  # shellcheck disable=SC1090
  source "$file"
  function=_${name//-/_}
  [[ $(complete -p "$name") == *"-F $function "* ]] || { echo "$file: completes nothing" >&2; exit 1; }
  listed=$("$program" --help | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z-]*\).*/\1/p' | sort)
  [[ -n $listed ]] || { echo "$name --help lists no subcommands" >&2; exit 1; }
  expect 'the first word' "$(complete_words "$name" '' | grep -v '^-')" "$listed"
  expect 'a word behind --config FILE' "$(complete_words "$name" --config site.toml che)" check-config
  expect '--config' "$(complete_words "$name" run --config si)" site.toml
  expect 'init' "$(complete_words "$name" init ke)" keys
  expect 'status --j' "$(complete_words "$name" status --j)" --json
  if [[ $name == sluice-low ]]; then
    verbs=$("$program" request --help | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z-]*\).*/\1/p' | sort)
    expect 'request' "$(complete_words "$name" request '' | grep -v '^-')" "$verbs"
    for verb in $verbs; do
      options=$("$program" request "$verb" --help | sed -n 's/^  \(--[a-z]*\).*/\1/p' | sort)
      expect "request $verb" "$(complete_words "$name" --config site.toml request "$verb" --)" "$(printf '%s\n--config\n--help' "$options" | sort -u)"
    done
    expect 'request add --file' "$(complete_words "$name" request add --file si)" site.toml
  fi
done
