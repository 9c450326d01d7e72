# Two network namespaces joined by a veth pair that carries one way: sourced by link.sh.

# wire_up MTU SEGMENTATION: makes $low_network and $high_network, with addresses $low_address and $high_address on $low_device
# and $high_device. SEGMENTATION off: each datagram is a packet of its own on the way, as on a cable. On: what one system call sends
# crosses whole, as between a device that cuts packets itself and one that joins them again.
wire_up() {
  local mtu=$1 segmentation=$2
  low_network=bench-low-$$ high_network=bench-high-$$ low_device=bl$$ high_device=bh$$ low_address=192.0.2.1 high_address=192.0.2.2
  ip netns add "$low_network"
  ip netns add "$high_network"
  ip link add "$low_device" netns "$low_network" type veth peer name "$high_device" netns "$high_network"
  wire_end "$low_network" "$low_device" "$low_address" "$mtu" "$segmentation"
  wire_end "$high_network" "$high_device" "$high_address" "$mtu" "$segmentation"
  ip -n "$low_network" neigh replace "$high_address" dev "$low_device" nud permanent \
    lladdr "$(ip -n "$high_network" -br link show "$high_device" | awk '{print $3}')"
  # Nothing comes back, as over a diode.
  ip netns exec "$high_network" nft -f - <<'NFT'
table inet diode {
  chain out { type filter hook output priority 0; policy drop; oifname "lo" accept; }
}
NFT
}

wire_end() {
  local network=$1 device=$2 address=$3 mtu=$4 segmentation=$5
  ip -n "$network" link set lo up
  ip netns exec "$network" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
  ip -n "$network" link set "$device" mtu "$mtu" arp off up
  ip -n "$network" addr add "$address/24" dev "$device"
  ip -n "$network" route add 224.0.0.0/4 dev "$device"
  if [[ $segmentation == off ]]; then
    ip netns exec "$network" ethtool -K "$device" tx-udp-segmentation off tso off gso off gro off >/dev/null
  fi
}

wire_down() {
  ip netns del "bench-low-$$" 2>/dev/null || true
  ip netns del "bench-high-$$" 2>/dev/null || true
}
