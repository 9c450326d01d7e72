# A disk that is slower than the link: sourced by link.sh.

throttle=/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device

# disk_up FOLDER MEGABYTES: mounts at $slow_disk an ext4 file system in a file under FOLDER that takes so many megabytes a second, as a
# solid-state disk on SATA does. Fails where there is no such throttle (only version 1 of control groups has it for the whole machine).
disk_up() {
  local folder=$1 megabytes=$2
  [[ -w $throttle ]] || return 1
  slow_disk=$folder/slow
  truncate -s 6G "$folder/slow.image"
  slow_device=$(losetup --find --show "$folder/slow.image")
  mkfs.ext4 -q "$slow_device"
  mkdir "$slow_disk"
  mount "$slow_device" "$slow_disk"
  slow_number=$(cat "/sys/block/${slow_device#/dev/}/dev")
  echo "$slow_number ${megabytes}000000" > "$throttle"
}

disk_down() {
  [[ -n ${slow_device:-} ]] || return 0
  echo "$slow_number 0" > "$throttle" || true
  umount "$slow_disk" || true
  losetup --detach "$slow_device"
  slow_device=
}
