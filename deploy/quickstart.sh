#!/bin/bash
# Sluice on one machine, end to end: installs what is needed, builds, makes keys and configuration, starts both sides joined by UDP on loopback, mirrors a small
# real want-list and installs it from the high side with npm and apt. On Debian 12, as root.
#
#   deploy/quickstart.sh [--once] [--dir DIR] [--stop]
#     --once     stop both sides at the end; exit 0 only if all was installed and every digest equals the upstream's
#     --dir DIR  where keys, configuration, stores and logs go (default /var/lib/sluice-quickstart)
#     --stop     stop what an earlier run left running
#
# The registries are those that this machine's npm and apt are set to use.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
source_root="$(dirname "$here")"
dir=/var/lib/sluice-quickstart
once=0 stop=0
apt_package=jq
while (($#)); do
  case $1 in
    --once) once=1 ;;
    --stop) stop=1 ;;
    --dir) dir=${2:?--dir needs a folder}; shift ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "quickstart.sh: unknown argument '$1' (see --help)" >&2; exit 2 ;;
  esac
  shift
done

low_status=7070 high_status=7080 serve=7081 link=7400
steps=()
step_name='' step_started=0

now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }
step() {
  end_step
  step_name=$1 step_started=$(now)
  printf '\n==> %s\n' "$1"
}
end_step() {
  [[ -n $step_name ]] || return 0
  steps+=("$(printf '%7.1f s  %s' "$(since "$step_started")" "$step_name")")
  step_name=''
}
fail() { printf 'quickstart.sh: %s\n' "$*" >&2; exit 1; }
say() { printf '    %s\n' "$*"; }

stop_daemons() {
  local side pid
  for side in low high; do
    [[ -f $dir/$side.pid ]] || continue
    pid=$(<"$dir/$side.pid")
    if kill -TERM "$pid" 2>/dev/null; then
      while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    fi
    rm -f "$dir/$side.pid"
  done
}

if ((stop)); then
  stop_daemons
  echo "stopped"
  exit 0
fi
[[ $EUID == 0 ]] || fail "run as root: it installs Debian packages"
trap 'status=$?; if ((status != 0)); then
        for side in low high; do [[ -f $dir/$side.log ]] && { echo "--- last lines of $dir/$side.log"; tail -n 15 "$dir/$side.log"; }; done >&2
        stop_daemons
      fi' EXIT

step "Installing Debian packages"
"$here/install-packages.sh" build run

step "Building"
cd "$source_root"
cmake --preset release -Wno-dev >/dev/null
cmake --build --preset release --target sluice-low sluice-high
low=$source_root/build/release/lowside/daemon/sluice-low
high=$source_root/build/release/highside/daemon/sluice-high

step "Making keys and configuration in $dir"
stop_daemons
rm -rf "$dir"
mkdir -p "$dir"
"$high" init "$dir/high"
"$low" init "$dir/low"
mapfile -t sources < <(find /etc/apt/sources.list.d /etc/apt/sources.list -maxdepth 1 -name '*.sources' -o -maxdepth 1 -name 'sources.list' 2>/dev/null |
  xargs -r grep -lE '^(Types:.*deb|deb )' | sort)
((${#sources[@]})) || fail "no apt sources on this machine: nothing to mirror Debian from"
printf -v source_list '"%s", ' "${sources[@]}"
cat >"$dir/low.toml" <<TOML
[daemon]
stream = "quickstart"
state = "$dir/low/state"

[status]
listen = "127.0.0.1:$low_status"

[keys]
signing = "$dir/low/signing.key"
receivers = ["$dir/high/opening.pub"]

[link]
destination = ["127.0.0.1:$link"]
rate = "1Gbit/s"

[[npm]]
name = "npm"
files = ["$here/quickstart/project/package.json", "$here/quickstart/project/package-lock.json"]

[[apt]]
name = "debian"
archive = "debian"
mode = "subset"
sources = [${source_list%, }]
packages = ["$apt_package"]
TOML
cat >"$dir/high.toml" <<TOML
[daemon]
state = "$dir/high/state"

[status]
listen = "127.0.0.1:$high_status"

[keys]
opening = "$dir/high/opening.key"

[[stream]]
name = "quickstart"
key = "$dir/low/signing.pub"

[link]
listen = ["127.0.0.1:$link"]

[serve]
listen = ["127.0.0.1:$serve"]

[[apt]]
archive = "debian"
keyrings = ["$dir/low/apt/site.asc"]
TOML
"$low" check-config --config "$dir/low.toml"
"$high" check-config --config "$dir/high.toml"

step "Starting both sides"
nohup "$high" run --config "$dir/high.toml" >"$dir/high.log" 2>&1 &
echo $! >"$dir/high.pid"
nohup "$low" run --config "$dir/low.toml" >"$dir/low.log" 2>&1 &
echo $! >"$dir/low.pid"
for side in low high; do
  port_name=${side}_status
  until curl -fsS -o /dev/null "http://127.0.0.1:${!port_name}/healthz" 2>/dev/null; do
    kill -0 "$(<"$dir/$side.pid")" 2>/dev/null || fail "sluice-$side did not start"
    sleep 0.2
  done
  say "sluice-$side runs: http://127.0.0.1:${!port_name}/"
done

step "Mirroring: the want-list crosses the link"
shown=''
while :; do
  for side in low high; do kill -0 "$(<"$dir/$side.pid")" 2>/dev/null || fail "sluice-$side has stopped"; done
  # One line of progress a change; ends when all sources were polled and all that was made is visible on the high side.
  line=$(node "$here/quickstart/progress.js" "http://127.0.0.1:$low_status/status" "http://127.0.0.1:$high_status/status")
  [[ $line == "$shown" ]] || { say "${line#done }"; shown=$line; }
  [[ $line == done* ]] && break
  [[ $line == failed* ]] && fail "${line#failed }"
  sleep 0.5
done

client=$dir/client
npm_client() { # npm as a developer inside runs it: an empty home, one setting
  env -i PATH="$PATH" HOME="$client/home" npm --registry="http://127.0.0.1:$serve/npm/" --cache="$client/cache-$1" --userconfig="$client/npmrc-user" \
    --globalconfig="$client/npmrc-global" --no-audit --no-fund --no-update-notifier "${@:2}"
}
mkdir -p "$client/home" && touch "$client"/npmrc-{user,global}

step "npm ci, from the high side"
cp -r "$here/quickstart/project" "$client/ci"
(cd "$client/ci" && npm_client ci ci)

step "npm install without a lock file, from the high side"
mkdir "$client/fresh" && cp "$here/quickstart/project/package.json" "$client/fresh/"
(cd "$client/fresh" && npm_client fresh install)

step "Comparing every npm tarball with the upstream's digests"
node "$here/quickstart/compare-npm.js" "http://127.0.0.1:$serve/npm" "$client/ci/package-lock.json" "$client/fresh/package-lock.json" "$dir"/low/state/work/npm

step "apt-get update and install --download-only, from the high side"
apt=$client/apt
mkdir -p "$apt"/{lists/partial,archives/partial,etc/preferences.d,etc/apt.conf.d} && : >"$apt/status"
curl -fsS "http://127.0.0.1:$serve/apt/debian/debian.asc" -o "$apt/debian.asc"
curl -fsS "http://127.0.0.1:$serve/apt/debian/debian.sources?signed-by=$apt/debian.asc" -o "$apt/etc/debian.sources"
apt_client() {
  apt-get -q -y -o "Dir::Etc=$apt/etc" -o "Dir::Etc::sourcelist=$apt/etc/debian.sources" -o "Dir::Etc::sourceparts=-" -o "Dir::State=$apt" \
    -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt" -o "Dir::Cache::archives=$apt/archives" \
    -o APT::Sandbox::User=root -o Acquire::AllowInsecureRepositories=false "$@"
}
apt_client update
apt_client install --download-only --no-install-recommends "$apt_package"

step "Comparing every Debian package with the upstream's digests"
"$here/quickstart/compare-debs.sh" "$apt/archives" "$dir/low/state/work/debian"

end_step
printf '\nDone. What it took:\n'
printf '%s\n' "${steps[@]}"
if ((once)); then
  stop_daemons
  exit 0
fi
cat <<TEXT

Both sides run on. Look at
  http://127.0.0.1:$low_status/   the low side's status       $dir/low.log
  http://127.0.0.1:$high_status/   the high side's status      $dir/high.log
and use the high side:
  npm --registry=http://127.0.0.1:$serve/npm/ install express
  curl http://127.0.0.1:$serve/apt/debian/dists/
Stop them with: $0 --stop --dir $dir
TEXT
