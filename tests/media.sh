#!/bin/bash
# Exports and imports large files, of 20 GB at the most, and prints both rates beside the disk's own and what both daemons took of memory.
#
# Usage: tests/media.sh [GIGABYTES [RANDOM]]     2 unless given; 100 takes 350 GB of disk for a while
#
# RANDOM is how many bytes of each 4096 are random, 4096 unless given; the others are zeros. With 256 on a file system that compresses, 100 GB take 40 GB of
# disk. TMPDIR says where it all lies.
#
# The disk's own rate is that of a copy with sync of the first file, uncached, on the same file system, before and after each: it reads and writes once, as an
# export and an import do (which write or read a fifth more, of parity, and check every digest). SLUICE_BUILD names the build folder.
set -euo pipefail
cd "$(dirname "$0")/end_to_end"
exec python3 media_rate.py "${1:-2}" "${2:-4096}"
