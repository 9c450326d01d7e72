# Memory that costs what memory costs: sourced by link.sh.

reporting=/sys/module/page_reporting/parameters/page_reporting_order

# memory_up FOLDER MEBIBYTES: mounts at $memory a tmpfs of huge pages, which takes 2 MiB for what otherwise takes 512 pages, and has as much memory
# backed where the machine's host takes back what is free (backed_memory.py says why).
memory_up() {
  memory=$1/memory
  mkdir "$memory"
  mount -t tmpfs -o huge=always,size=80% tmpfs "$memory"
  mounted=$memory
  [[ -w $reporting ]] || return 0
  reported_before=$(<"$reporting")
  # The largest blocks there are: half of each may then be a huge page.
  echo 10 >"$reporting" 2>/dev/null || true
  coproc backed { exec python3 -B "$here/backed_memory.py" "$2"; }
  backed_process=$backed_PID
  read -r -u "${backed[0]:-}" _ 2>/dev/null || echo "link.sh: the host does not back the memory: figures will be those of its page faults" >&2
}

memory_down() {
  if [[ -n ${backed_process:-} ]]; then
    kill "$backed_process" 2>/dev/null || true
    wait "$backed_process" 2>/dev/null || true
    echo "$reported_before" >"$reporting"
    backed_process=
  fi
  [[ -n ${mounted:-} ]] || return 0
  umount "$mounted" || true
  mounted=
}
