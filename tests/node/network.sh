# shellcheck shell=bash
# shellcheck disable=SC2034  # what is defined here is used by the tests
# The network between the two nodes. Part of harness.sh.
# shellcheck source=scripts/lib/tcpdump.sh
source "$CUTTLE_ROOT/scripts/lib/tcpdump.sh"

# Not for what runs in the background: $! would be a shell's.
in_space() { # SPACE COMMAND...
  ip netns exec "$NET-$1" "${@:2}"
}

# Ends every process in our namespaces, and removes these.
remove_network() {
  local space pid
  for space in a b c m ga gb; do
    [[ -e /run/netns/$NET-$space ]] || continue
    for pid in $(ip netns pids "$NET-$space"); do kill -KILL "$pid" 2>/dev/null || true; done
    ip netns del "$NET-$space"
  done
}

# Fresh namespaces; nothing connects ma and mb yet. MTU may be set before.
network() {
  local mtu=${MTU:-1500} node space
  remove_network
  rm -rf "${WORK:?}"/*
  for space in a m b; do
    ip netns add "$NET-$space"
    ip -n "$NET-$space" link set dev lo up
  done
  in_space m sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  for node in a b; do
    ip link add u0 netns "$NET-$node" mtu "$mtu" type veth peer name "m$node" netns "$NET-m" mtu "$mtu"
    in_space "$node" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.u0.rp_filter=0 \
      net.ipv6.conf.u0.accept_dad=0
    # One frame a datagram on the wire, with its checksum, as a network card would send it.
    in_space "$node" ethtool -K u0 tx off tso off gso off gro off tx-udp-segmentation off >/dev/null
    ip -n "$NET-$node" addr add "${V4[$node]}/24" dev u0
    ip -n "$NET-$node" addr add "${V6[$node]}/64" dev u0 nodad
    ip -n "$NET-$node" link set dev u0 up
    ip -n "$NET-m" link set dev "m$node" up
  done
  # Until then addresses and routes come by themselves, and a test would take them for the agent's.
  for node in a b; do eventually 10 has_link_local "$node" || fail "no link-local address at $node"; done
}
has_link_local() { # NODE
  ip -n "$NET-$1" -6 route show table local | grep -q '^local fe80::'
}

# A network without faults.
connect() {
  ip -n "$NET-m" link add br0 type bridge mcast_snooping 0
  ip -n "$NET-m" link set dev br0 up
  ip -n "$NET-m" link set dev ma master br0
  ip -n "$NET-m" link set dev mb master br0
}

# impair OPTIONS...: a network with faults (tests/tools/impair.cc) until stop_impairing.
impair() {
  ip netns exec "$NET-m" timeout 120 "$CUTTLE_TOOLS/impair" ma mb "$@" >"$WORK/impair.json" 2>"$WORK/impair.log" &
  echo $! >"$WORK/impair.pid"
}

# What it did, both directions together: one number a COUNTER.
stop_impairing() {
  end_process TERM "$(<"$WORK/impair.pid")"
  [[ -s $WORK/impair.json ]] || fail "impair: $(<"$WORK/impair.log")"
  jq -r '"  the network: " + ([.[]] | [(.[0] | keys[]) as $k | "\($k) \(map(.[$k]) | add)"] | join(", "))' \
    "$WORK/impair.json"
}
impaired() { # COUNTER
  jq "[.[].$1] | add" "$WORK/impair.json"
}

# --- observing

# start_capture NAME INTERFACE [SNAPLEN]: of m; ma sees all that a sends and gets.
# CAPTURE_SECONDS: that it lasts at most.
start_capture() {
  ip netns exec "$NET-m" timeout "${CAPTURE_SECONDS:-120}" tcpdump -Z root -i "$2" -s "${3:-0}" -B 131072 -U -n -w "$WORK/$1.pcap" \
    2>"$WORK/$1.capture" &
  echo $! >"$WORK/$1.capture.pid"
  eventually 10 grep -qs 'listening on' "$WORK/$1.capture" || fail "tcpdump: $(<"$WORK/$1.capture")"
}

# Fails when tcpdump lost packets, unless `any` says that some will do.
stop_capture() { # NAME [any]
  tcpdump_catches_up
  end_process TERM "$(<"$WORK/$1.capture.pid")"
  [[ ${2:-} != any ]] || return 0
  grep -q '^0 packets dropped by kernel' "$WORK/$1.capture" || fail "tcpdump lost packets: $(<"$WORK/$1.capture")"
}

# captured NAME FILTER: the packets, a line each, with the time in seconds first.
captured() {
  tcpdump -Z root -tt -n -r "$WORK/$1.pcap" "$2" 2>/dev/null
}
count_captured() {
  captured "$@" | wc -l
}

# Filters. Between the nodes, whoever sent it; and cells of CELL bytes to and from our ports.
BETWEEN="((ip host ${V4[a]} and ip host ${V4[b]}) or (ip6 host ${V6[a]} and ip6 host ${V6[b]}))"
# Don't-fragment alone set, TOS 0, TTL 64, no options: nothing in the headers varies.
cells_v4() { # CELL PORT [LAST_PORT]
  echo "(ip[0] = 0x45 and ip[1] = 0 and ip[2:2] = $(($1 + 28)) and ip[6:2] = 0x4000 and ip[8] = 64" \
    "and udp src portrange $2-${3:-$2} and udp dst portrange $2-${3:-$2} and udp[4:2] = $(($1 + 8)))"
}
cells_v6() { # CELL PORT [LAST_PORT]
  echo "(ip6[0:4] = 0x60000000 and ip6[4:2] = $(($1 + 8)) and ip6[6] = 17 and ip6[7] = 64" \
    "and udp src portrange $2-${3:-$2} and udp dst portrange $2-${3:-$2})"
}
# Neighbour discovery is to IPv6 what ARP is to IPv4.
NEIGHBOURS='(ip6[6] = 58 and (ip6[40] = 135 or ip6[40] = 136))'
