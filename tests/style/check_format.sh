#!/bin/bash
# Every source file is as clang-format writes it. check_format.sh ROOT CLANG_FORMAT
set -euo pipefail
cd "$1"
git ls-files -co --exclude-standard -- '*.h' '*.cpp' | while read -r file; do [[ -f $file ]] && printf '%s\0' "$file"; done |
  xargs -0 "$2" --dry-run --Werror
