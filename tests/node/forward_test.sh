#!/bin/bash
# A network behind node b, which forwards: host c there has a link of 1,400 bytes, less than the nodes think of.
# Checksums that c's packets bring are what they were, and TCP to c is cut as its sender cut it.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
BEHIND_V4=10.88.0.2
BEHIND_V6=fd88::2

network_behind_b() { # MTU
  ip netns add "$NET-c"
  ip link add w0 netns "$NET-b" mtu "$1" type veth peer name u0 netns "$NET-c" mtu "$1"
  in_space c sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.u0.rp_filter=0 net.ipv6.conf.u0.accept_dad=0
  in_space b sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  # A cable of its own: whole checksums, no long packets.
  in_space c ethtool -K u0 tx off tso off gso off gro off >/dev/null
  in_space b ethtool -K w0 tx off tso off gso off gro off >/dev/null
  ip -n "$NET-b" addr add 10.88.0.1/24 dev w0
  ip -n "$NET-b" addr add fd88::1/64 dev w0 nodad
  ip -n "$NET-c" addr add "$BEHIND_V4/24" dev u0
  ip -n "$NET-c" addr add "$BEHIND_V6/64" dev u0 nodad
  ip -n "$NET-b" link set dev w0 up
  ip -n "$NET-c" link set dev u0 up
  ip -n "$NET-c" link set dev lo up
  ip -n "$NET-c" route add default via 10.88.0.1
  ip -n "$NET-c" -6 route add default via fd88::1
}

# The two agents, and c behind b.
set_up() {
  network
  connect
  network_behind_b 1400
  RATE=${RATE:-100 Mb/s} configure
  sed -i "s|^redirect = .*|redirect = [\"${V4[b]}\", \"${V6[b]}\", \"10.88.0.0/24\", \"fd88::/64\"]|" "$WORK/a.toml"
  start_agents
}

# As many bytes as would take minutes at the rate of a connection that loses every long segment (0.23 Mb/s).
tcp_to_a_host_with_a_smaller_mtu() {
  local address server
  set_up
  for address in "$BEHIND_V4" "$BEHIND_V6"; do
    eventually 10 in_space a ping -c 1 -W 1 "$address" >/dev/null || fail "no way to $address"
    ip netns exec "$NET-c" timeout 60 "$CUTTLE_TOOLS/stream" serve >/dev/null 2>"$WORK/serve.log" &
    server=$!
    eventually 5 listens_on_tcp c 7008 || fail "stream serve does not listen: $(<"$WORK/serve.log")"
    in_space a timeout 30 "$CUTTLE_TOOLS/stream" send --to "$address" --bytes 12000000 >"$WORK/transfer.json" \
      2>"$WORK/transfer.log" || fail "transfer to $address: $(<"$WORK/transfer.log")$(<"$WORK/serve.log")"
    wait "$server"
    expect_same "the checksum is the sender's" true "$(transferred match)"
  done
}

send_from_c() { # CHECKSUM
  in_space c "$CUTTLE_TOOLS/forge" --from "$BEHIND_V4" --to "${V4[a]}" --port 7109 --checksum "$1" --count 5
}
arrived() { # TEXT in tcpdump's words
  tcpdump -Z root -n -vv -r "$WORK/inside.pcap" "src host $BEHIND_V4 and udp dst port 7109" 2>/dev/null | grep -c "$1" || true
}

checksums_are_what_they_were() {
  set_up
  ip netns exec "$NET-a" timeout 60 tcpdump -Z root -i ct-b -U -n -w "$WORK/inside.pcap" 2>"$WORK/inside.capture" &
  local capture=$!
  eventually 10 grep -qs 'listening on' "$WORK/inside.capture" || fail "tcpdump: $(<"$WORK/inside.capture")"
  send_from_c wrong
  send_from_c none
  send_from_c right
  eventually 5 all_came || fail "not all of them came"
  tcpdump_catches_up
  end_process TERM "$capture"
  expect_same "packets that came" 10 "$(arrived 'UDP, length')"
  expect_same "packets dropped for their checksum" 5 "$(drops b packet_checksum_wrong)"
  expect_same "packets without a checksum" 5 "$(arrived 'no cksum')"
  expect_same "packets with a right checksum" 5 "$(arrived 'udp sum ok')"
}
all_came() { (($(arrived 'UDP, length') >= 10)); }

# What b says that it forwards, and nothing else.
forwards_where_it_says() {
  network
  connect
  network_behind_b 1500
  RATE="20 Mb/s" configure
  sed -i "s|^redirect = .*|redirect = [\"${V4[b]}\", \"${V6[b]}\", \"10.88.0.0/24\", \"fd88::/64\"]|" "$WORK/a.toml"
  sed -i "s|^addresses = .*|&\naccept = [\"${V4[b]}\", \"fd88::/64\"]|" "$WORK/b.toml"
  start_agents
  in_space a ping -c 1 -W 5 "${V4[b]}" >/dev/null || fail "b does not answer itself"
  in_space a ping -c 1 -W 5 "$BEHIND_V6" >/dev/null || fail "b does not forward what it accepts"
  ! in_space a ping -c 2 -i 0.1 -W 1 "$BEHIND_V4" >/dev/null || fail "b forwards what it does not accept"
  ! in_space a ping -c 2 -i 0.1 -W 1 "${V6[b]}" >/dev/null || fail "b answers where it does not accept"
  expect_same "packets to elsewhere" 4 "$(drops b packet_foreign_destination)"
}

run_case tcp_to_a_host_with_a_smaller_mtu
run_case forwards_where_it_says
run_case checksums_are_what_they_were
finish
