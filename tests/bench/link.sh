#!/bin/bash
# The link's speed on this machine, each side on one core, between two network namespaces: raw UDP, Sluice, udpcast, and what
# each stage costs. docs/testing.md says how to read it. Needs root, iproute2, ethtool, nftables, and udpcast (group bench).
#   tests/bench/link.sh [--json] [--quick | --slow-disk] [--disk FOLDER] [--memory FOLDER] [--cpus LOW,HIGH]
#     --json     one object a line instead of a table
#     --quick    MTU 1500 and 9000 without segmentation, random blobs in memory, without udpcast
#     --slow-disk  only MTU 9000 with segmentation, in memory and on a disk of 250 MB/s, which is slower than the link
#     --disk     where the store lies on a disk (default: the build folder)
#     --memory   where the spool lies, and the store in memory (default: a tmpfs of huge pages; /dev/shm shows what small ones cost)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/wire.sh"
. "$here/udpcast.sh"
. "$here/disk.sh"
. "$here/memory.sh"
cd "$here/../.."
json=() quick=0 slow=0 disk=$PWD/build/release memory= low_cpu=0 high_cpu=1
while (($#)); do
  case $1 in
    --json) json=(--json) ;;
    --quick) quick=1 ;;
    --slow-disk) slow=1 ;;
    --disk) disk=$2; shift ;;
    --memory) memory=$2; shift ;;
    --cpus) low_cpu=${2%,*} high_cpu=${2#*,}; shift ;;
    *) sed -n '2,/^set/{/^#/p}' "$here/link.sh" >&2; exit 2 ;;
  esac
  shift
done
[[ $EUID == 0 ]] || { echo "link.sh: run as root: it makes network namespaces" >&2; exit 1; }
[[ -f build/release/build.ninja ]] || cmake --preset release >&2
cmake --build --preset release --target link_bench >&2

scratch=$(mktemp -d --tmpdir sluice-bench-XXXXXX)
trap 'wire_down; disk_down; memory_down; rm -rf "$scratch"' EXIT
# Room for the largest case twice.
[[ -n $memory ]] || memory_up "$scratch" 8192

# measure MTU SEGMENTATION [OPTION...]
measure() {
  local mtu=$1 segmentation=$2 udpcast=0
  shift 2
  wire_up "$mtu" "$segmentation"
  ((quick)) || udpcast=$(udpcast_gigabits "$memory")
  build/release/tests/bench/link_bench --low-network "$low_network" --high-network "$high_network" --address "$high_address" \
    --low-cpu "$low_cpu" --high-cpu "$high_cpu" --mtu "$mtu" --segmentation "$segmentation" --spool "$memory" \
    --udpcast "$udpcast" "${json[@]}" "$@"
  wire_down
}

# Where the disk is the bottleneck and not a core.
measure_slow_disk() {
  if disk_up "$memory" 250; then
    quick=1 measure 9000 on --store "$memory" "$slow_disk"
    disk_down
  else
    echo "link.sh: no slow disk: $throttle cannot be written" >&2
  fi
}
if ((slow)); then
  measure_slow_disk
  exit
fi

for mtu in 1500 9000; do
  if ((quick)); then
    measure "$mtu" off --store "$memory"
    continue
  fi
  for segmentation in off on; do
    measure "$mtu" "$segmentation" --store "$memory" "$disk"
  done
done
if ! ((quick)); then
  measure_slow_disk
  quick=1 measure 1500 off --store "$memory" --case small --megabytes 384
  # Long enough that the end, when the last window is under way and nothing is left to compress, does not set the figure.
  for mtu in 1500 9000; do
    quick=1 measure "$mtu" off --store "$memory" --case text --megabytes 1536
  done
fi
