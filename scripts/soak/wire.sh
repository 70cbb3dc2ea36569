# shellcheck shell=bash
# What leaves each node, seen at its end of the cable: everything but cells and ARP is kept, and must be nothing. A
# count of the cells shows that the observer was awake.
# shellcheck source=scripts/lib/tcpdump.sh
source "$CUTTLE_ROOT/scripts/lib/tcpdump.sh"

# Don't-fragment alone, TOS 0, TTL 64, no options, the configured size, from our port to our port. A train that no
# device has cut yet is a whole number of cells.
cell_filter() {
  echo "(ip[0] = 0x45 and ip[1] = 0 and (ip[2:2] - 28) % $LAB_CELL = 0 and ip[6:2] = 0x4000 and ip[8] = 64" \
    "and udp src port $PORT and udp dst port $PORT and (udp[4:2] - 8) % $LAB_CELL = 0 and udp[4:2] > 8)"
}

watches() { grep -qs 'listening on' "$SOAK/wire-$1.err"; }
watch_wire() {
  local node
  for node in "${NODES[@]}"; do
    in_background "wire-$node" nsenter --net="/run/netns/$(namespace fabric)" -- tcpdump -Z root -i "$node" -Q in -n \
      -B 65536 -s 256 -U -w "$SOAK/unshaped-$node.pcap" "not arp and not $(cell_filter)"
    wait_for 10 "tcpdump at $node" watches "$node"
    cells_from "$node" >"$SOAK/wire-$node.before"
  done
}
# Packets that the fabric's end of a node's cable took so far.
cells_from() { in_node fabric ip -s -j link show dev "$1" | jq ".[0].stats64.rx.packets"; }

stop_watching_wire() {
  local node
  tcpdump_catches_up
  for node in "${NODES[@]}"; do
    echo $(($(cells_from "$node") - $(<"$SOAK/wire-$node.before"))) >"$SOAK/wire-$node.seen"
    end_ours "wire-$node"
    grep -q '^0 packets dropped by kernel' "$SOAK/wire-$node.err"
  done
}
unshaped_from() { tcpdump -Z root -tt -n -r "$SOAK/unshaped-$1.pcap" 2>/dev/null; }
