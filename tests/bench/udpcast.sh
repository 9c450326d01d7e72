# udpcast, the peer that Debian has, over the wire of wire.sh: sourced by link.sh.

# udpcast_gigabits FOLDER: prints the best rate at which a file of 256 MiB arrived whole, each side on its core, or 0.
udpcast_gigabits() {
  local folder=$1 best=0 rate reached
  head -c $((256 << 20)) /dev/urandom >"$folder/sent"
  # Bits a second; its option takes no more than 2147 million, so that the last is without a limit.
  for rate in 300m 450m 600m 800m 1000m 1200m 1500m 1800m 2147m none; do
    reached=$(udpcast_once "$folder" "$rate")
    # A loss at one rate is tried once more: another process may have had the core.
    [[ $reached != 0 ]] || reached=$(udpcast_once "$folder" "$rate")
    [[ $reached != 0 ]] || break
    best=$(awk -v a="$best" -v b="$reached" 'BEGIN { print (a > b) ? a : b }')
  done
  rm -f "$folder/sent" "$folder/received"
  echo "$best"
}

# Prints the rate from the sender's first to the receiver's last line, 0 if the file did not arrive whole.
udpcast_once() {
  local folder=$1 rate=$2 limit=() receiver begin end
  [[ $rate == none ]] || limit=(--max-bitrate "$rate")
  rm -f "$folder/received"
  ip netns exec "$high_network" timeout 60 taskset -c "$high_cpu" udp-receiver --nosync --nokbd --no-progress --interface "$high_device" \
    --mcast-rdv-address 239.1.1.1 --rcvbuf 4194304 --start-timeout 15 --receive-timeout 3 --exit-wait 0 \
    --file "$folder/received" 2>&1 | stamp >"$folder/receiver" &
  receiver=$!
  until ip netns exec "$high_network" ss -ulnH | grep -q .; do sleep 0.05; done
  ip netns exec "$low_network" timeout 60 taskset -c "$low_cpu" udp-sender --async --nokbd --no-progress --interface "$low_device" \
    --mcast-rdv-address 239.1.1.1 --mcast-data-address 239.1.1.2 --fec 8x8/128 "${limit[@]}" \
    --rexmit-hello-interval 100 --autostart 2 --file "$folder/sent" 2>&1 | stamp >"$folder/sender" || true
  wait "$receiver" || true
  begin=$(awk '/Starting transfer/ { at = $1 } END { printf "%.6f", at }' "$folder/sender")
  end=$(awk '/Transfer complete/ { at = $1 } END { printf "%.6f", at }' "$folder/receiver")
  cmp -s "$folder/sent" "$folder/received" || end=0
  awk -v begin="$begin" -v end="$end" -v bytes=$((256 << 20)) 'BEGIN { print (end > begin) ? bytes * 8e-9 / (end - begin) : 0 }'
}

# Puts the time before each line.
stamp() {
  local line
  while IFS= read -r line; do echo "$EPOCHREALTIME $line"; done
}
