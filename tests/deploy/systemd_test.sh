#!/bin/bash
# The units must be accepted by `systemd-analyze verify` and be rated OK or better by `systemd-analyze security`; every line of the
# kernel settings must name a setting. systemd_test.sh DEPLOY_FOLDER
set -euo pipefail
deploy=$1
command -v systemd-analyze >/dev/null || { echo "SKIPPED: systemd-analyze is not installed (apt-get install systemd)"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
fail() { echo "FAILED: $*"; failed=1; }

# The programs and their user are not installed where tests run: the units are verified in a root of their own, with stand-ins.
root=$folder/root
mkdir -p "$root"/{usr/bin,bin,etc/systemd/system,usr/lib/systemd/system}
printf 'sluice:x:990:990::/:/usr/sbin/nologin\n' >"$root/etc/passwd"
printf 'sluice:x:990:\n' >"$root/etc/group"
for program in usr/bin/sluice-low usr/bin/sluice-high bin/kill; do printf '#!/bin/sh\n' >"$root/$program"; chmod 755 "$root/$program"; done
for unit in /lib/systemd/system/*.target; do cp -L "$unit" "$root/usr/lib/systemd/system/"; done

for name in sluice-low sluice-high; do
  cp "$deploy/systemd/$name.service" "$root/etc/systemd/system/"
  if ! systemd-analyze verify --root="$root" --man=no --generators=no "$name.service" >"$folder/said" 2>&1 || [[ -s $folder/said ]]; then
    fail "systemd-analyze verify $name.service:"; cat "$folder/said"
  fi
  # "→ Overall exposure level for sluice-low.service: 1.9 OK :-)"; the threshold is in tenths and OK ends below 5.0.
  if ! systemd-analyze security --offline=true --threshold=49 --no-pager "$deploy/systemd/$name.service" >"$folder/said" 2>&1; then
    fail "systemd-analyze security $name.service:"; cat "$folder/said"
  fi
  grep 'Overall exposure' "$folder/said" || fail "systemd-analyze security gave no rating for $name.service"
done

# A unit that is wrong must be seen: else the checks above prove nothing.
sed 's/^Type=notify$/Type=notfy/; s/^ProtectSystem=.*/ProtectSytem=strict/' "$deploy/systemd/sluice-high.service" >"$root/etc/systemd/system/broken.service"
systemd-analyze verify --root="$root" --man=no --generators=no broken.service >"$folder/said" 2>&1 || true
grep -q 'ProtectSytem' "$folder/said" || fail "systemd-analyze verify does not see a misspelt setting"

while read -r key _; do
  [[ -z $key || $key == \#* ]] || [[ -e /proc/sys/${key//.//} ]] || [[ ! -d /proc/sys/net/core ]] || fail "90-sluice.conf: no kernel setting $key"
done <"$deploy/sysctl/90-sluice.conf"
exit $failed
