#!/bin/bash
# Peers that the mesh names, as cuttle-mesh writes them: what is wrong with one of them is a matter of its link alone,
# and none begins open for ever.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# mesh_of_a LINES: a's file gets a [mesh] with these lines more, and an empty peers file.
mesh_of_a() {
  printf '[mesh]\npeers = "%s"\n%s\n' "$WORK/peers.toml" "$1" >>"$WORK/a.toml"
  echo 'closed = []' >"$WORK/peers.toml"
}
# Two nodes of which a knows nobody but who is named in that file.
mesh_alone() { # LINES
  network
  connect
  RATE="20 Mb/s" configure
  sed -i '/^\[\[peer\]\]/,$d' "$WORK/a.toml"
  mesh_of_a "${1:-}"
}
add_peer() { # NAME ADDRESS [LINES]
  printf '[[peer]]\nname = "%s"\npublic_key = "%s"\nendpoint = "%s:4410"\nredirect = ["%s"]\n%s\n' \
    "$1" "$("$CUTTLE" genkey | "$CUTTLE" pubkey)" "$2" "$2" "${3:-}" >>"$WORK/peers.toml"
}
links_of_a() { status a '[.links[].name] | sort | join(" ")'; }

# Any member may publish such an endpoint: an agent that would not start, or not reload, would be its doing.
one_of_them_keeps_nobody_down() {
  local device
  network
  connect
  RATE="20 Mb/s" RUNTIME='release = "queue"' configure
  mesh_of_a ""
  ip -n "$NET-a" addr add 10.99.7.1/32 dev lo
  ip -n "$NET-a" link add small mtu 1300 type veth peer name to-small
  ip -n "$NET-a" link add strict type veth peer name to-strict
  ip -n "$NET-a" addr add 10.99.8.1/24 dev small
  ip -n "$NET-a" addr add 10.99.9.1/24 dev strict
  for device in small to-small strict to-strict; do ip -n "$NET-a" link set dev "$device" up; done
  in_space a sysctl -qw net.ipv4.conf.strict.rp_filter=1
  add_peer own 10.99.7.1
  add_peer small 10.99.8.2
  start_agents
  expect_same "links at the start" "b own small" "$(links_of_a)"
  grep -q "10.99.7.1 is this machine's own address; its link waits" <(in_space a "$CUTTLE" check "$WORK/a.toml" 2>&1) ||
    fail "check does not say what is wrong: $(in_space a "$CUTTLE" check "$WORK/a.toml" 2>&1)"
  add_peer strict 10.99.9.2
  reload a || fail "what the mesh says of one peer keeps the agent from reloading: $(<"$WORK/a.reload")"
  expect_same "links after the reload" "b own small strict" "$(links_of_a)"
  is_up a || fail "the good link is gone"
  [[ $(status a '.links[] | select(.name == "b") | .release') != thread ]] || fail "no queue keeps time for the good link"
  stop_agent a KILL
  start_agent a
  wait_up
  # Of root's own peer it is an error as ever.
  sed -n '/name = "small"/,/redirect/p' "$WORK/peers.toml" | sed '1i [[peer]]' >>"$WORK/a.toml"
  echo 'closed = []' >"$WORK/peers.toml"
  ! reload a || fail "a cell that does not fit, to a peer of root's own, is no error"
}

# Of a name that somebody else gave to an interface of his own: that one stays as it is, and the others' links go on.
another_ones_interface() {
  local foreign
  network
  connect
  RATE="20 Mb/s" configure
  mesh_of_a ""
  ip -n "$NET-a" link add ct-cable type veth peer name to-cable
  ip -n "$NET-a" tuntap add dev ct-tunnel mode tun
  ip -n "$NET-a" link set dev ct-tunnel alias "somebody's" mtu 1280
  foreign=$(ip -n "$NET-a" -o link show | grep -E 'ct-(cable|tunnel)')
  add_peer cable 10.99.7.2
  start_agents
  expect_same "links at the start" "b cable" "$(links_of_a)"
  grep -q "ct-cable exists and is not this node's; its link waits" <(in_space a "$CUTTLE" check "$WORK/a.toml" 2>&1) ||
    fail "check does not say what is wrong: $(in_space a "$CUTTLE" check "$WORK/a.toml" 2>&1)"
  add_peer tunnel 10.99.7.3
  add_peer good 10.99.7.4
  ! reload a || fail "the reload does not say that two peers have no link"
  expect_same "links after the reload" "b cable good tunnel" "$(links_of_a)"
  is_up a || fail "the good link is gone"
  sleep 2.5 # it is looked at whether all is whole
  expect_same "somebody else's interfaces" "$foreign" "$(ip -n "$NET-a" -o link show | grep -E 'ct-(cable|tunnel)')"
  expect_same "the ways to their peers" "blackhole 10.99.7.2 blackhole 10.99.7.3" \
    "$(ip -n "$NET-a" route show table 4410 | awk '/10.99.7.[23]/ {print $1, $2}' | sort | paste -sd ' ')"
  ! grep -q 'cannot be put back' "$WORK/a.log" || fail "what nobody took away is missed"
  ip -n "$NET-a" link del ct-tunnel
  ip -n "$NET-a" link del ct-cable
  reload a || fail "the reload: $(<"$WORK/a.reload")"
  expect_same "links when the names are free" "b cable good tunnel" "$(links_of_a)"
  # They go from the list while somebody else has the name of one.
  stop_agent a KILL
  ip -n "$NET-a" link del ct-tunnel
  ip -n "$NET-a" tuntap add dev ct-tunnel mode tun
  ip -n "$NET-a" link set dev ct-tunnel alias "somebody's"
  start_agent a
  wait_up
  echo 'closed = []' >"$WORK/peers.toml"
  reload a || fail "the reload: $(<"$WORK/a.reload")"
  expect_same "links in the end" "b" "$(links_of_a)"
  [[ $(ip -n "$NET-a" -o link show dev ct-tunnel) == *"somebody's"* ]] || fail "somebody else's interface is gone"
}

# hold_tun SECONDS: ct-b of a, made by a VPN's program: it has no alias, and goes with the program. What that
# reads to b's address is in $WORK/vpn.
hold_tun() {
  ip netns exec "$NET-a" timeout "$1" python3 -c 'import fcntl, os, struct, sys
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH14s", b"ct-b", 0x1001, b""))
while True:
    packet = os.read(tun, 2000)
    if packet[16:20] == bytes(map(int, sys.argv[1].split("."))):
        print("a packet to b", flush=True)' "${V4[b]}" >"$WORK/vpn" 2>&1 &
  disown
  eventually 10 has_link ct-b || fail "there is no VPN"
  ip -n "$NET-a" link set dev ct-b up mtu 1400
}
# And a starts with b as its peer.
b_meets_a_vpn() {
  hold_tun 100
  add_peer b "${V4[b]}"
  start_agent a
  eventually 20 has_failed || fail "the link of b has an interface: $(state_of_b)"
}
has_link() { ip -n "$NET-a" link show dev "$1" >/dev/null 2>&1; }
state_of_b() { status a '.links[] | select(.name == "b") | .state'; }
has_failed() { [[ $(state_of_b 2>/dev/null) == failed ]]; }
ways_to_b() { ip -n "$NET-a" route show table 4410 | awk -v b="${V4[b]}" '$1 == b || $2 == b {print $1, $2}'; }

# An interface without any alias is not ours either: its program would read what b is sent.
a_tun_of_a_vpn() {
  local foreign
  mesh_alone
  b_meets_a_vpn
  foreign=$(ip -n "$NET-a" -o link show dev ct-b)
  sleep 2.5 # it is looked at whether all is whole
  in_space a timeout 5 ping -q -c 2 -i 0.1 -W 1 "${V4[b]}" >/dev/null 2>&1 || true
  expect_same "what the VPN reads" "" "$(<"$WORK/vpn")"
  expect_same "the VPN's interface" "$foreign" "$(ip -n "$NET-a" -o link show dev ct-b)"
  expect_same "the way to b" "blackhole ${V4[b]}" "$(ways_to_b)"
  # Nor does it become ours when root names b, or all is taken down.
  sed '/^closed/d' "$WORK/peers.toml" >>"$WORK/a.toml"
  echo 'closed = []' >"$WORK/peers.toml"
  ! reload a || fail "a peer of root's own gets the VPN's interface"
  expect_same "the VPN's interface after the reload" "$foreign" "$(ip -n "$NET-a" -o link show dev ct-b)"
  stop_agent a
  take_down a || true
  expect_same "the VPN's interface after all is taken down" "$foreign" "$(ip -n "$NET-a" -o link show dev ct-b)"
  # One that nobody holds at the moment is somebody's as well.
  for pid in $(ip netns pids "$NET-a"); do kill -KILL "$pid" 2>/dev/null || true; done
  eventually 10 has_no_link ct-b || fail "the VPN goes on"
  ip -n "$NET-a" tuntap add dev ct-b mode tun user 0
  foreign=$(ip -n "$NET-a" -o link show dev ct-b)
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" >"$WORK/a.start" 2>&1 || fail "a start takes the interface"
  grep -q "ct-b exists and is not this node's" "$WORK/a.start" || fail "the start says: $(<"$WORK/a.start")"
  take_down a || true
  expect_same "the interface that nobody holds" "$foreign" "$(ip -n "$NET-a" -o link show dev ct-b)"
}
has_no_link() { ! has_link "$1"; }

# What it has the name of closes its addresses whole: guard and lock let nothing through it.
guard_and_lock_know_it() {
  mesh_alone
  b_meets_a_vpn
  ip -n "$NET-a" route add default dev ct-b
  # What removes our rules and routes leaves both.
  helper_stops
  remove_rules_and_routes
  ip -n "$NET-a" route add "${V4[b]}/32" dev ct-b
  in_space a ping -q -c 2 -i 0.1 -W 1 "${V4[b]}" >/dev/null 2>&1 || true
  expect_same "what passes guard and lock" "" "$(<"$WORK/vpn")"
  in_space a nft delete table inet cuttle
  in_space a ping -q -c 2 -i 0.1 -W 1 "${V4[b]}" >/dev/null 2>&1 || true
  expect_same "what passes the lock alone" "" "$(<"$WORK/vpn")"
  tc -n "$NET-a" qdisc del dev ct-b clsact
  in_space a ping -q -c 2 -i 0.1 -W 1 "${V4[b]}" >/dev/null 2>&1 || true
  [[ -s $WORK/vpn ]] || fail "without any of them nothing passes either, so this test shows nothing"
}
# Nobody puts back what is gone.
helper_stops() { kill -STOP "$(helper_of a)"; }

# An interface without a carrier loses its IPv6 addresses, and a failover takes one: who is revoked meanwhile is.
an_address_that_is_away_keeps_no_revocation_waiting() {
  mesh_alone
  add_peer c 10.99.0.7
  add_peer d 10.99.0.8
  start_agent a
  eventually 20 has_links "c d" || fail "the agent does not start"
  ip -n "$NET-a" addr del "${V6[a]}/64" dev u0
  echo 'closed = []' >"$WORK/peers.toml"
  add_peer d 10.99.0.8
  reload a || fail "the reload: $(<"$WORK/a.reload")"
  expect_same "links without c" "d" "$(links_of_a)"
  grep -q "${V6[a]} is no address of this machine at the moment" "$WORK/a.reload" || fail "it is not said: $(<"$WORK/a.reload")"
  ip -n "$NET-a" addr del "${V4[a]}/24" dev u0
  echo 'closed = []' >"$WORK/peers.toml"
  reload a || fail "the reload without the address of the cells: $(<"$WORK/a.reload")"
  expect_same "links without d" "" "$(links_of_a)"
  # Whoever starts an agent may have mistyped it.
  stop_agent a
  ! in_space a timeout 20 "$CUTTLE" up --config "$WORK/a.toml" >"$WORK/a.start" 2>&1 || fail "a start without its address is none"
  grep -q "${V4[a]} is no address of this machine; name one" "$WORK/a.start" || fail "the start says: $(<"$WORK/a.start")"
}
has_links() { [[ $(links_of_a 2>/dev/null) == "$1" ]]; }

# Closed while the mesh's file was away, every interface had the lock, those of links as well: it goes from these when
# the file is back.
a_lock_of_before_goes() {
  local named
  network
  connect
  RATE="20 Mb/s" configure
  sed -i '/^preshared_key_file/d' "$WORK"/[ab].toml
  named=$(sed -n '/^\[\[peer\]\]/,$p' "$WORK/a.toml")
  mesh_alone_of "$named"
  start_agents
  stop_agent a KILL
  mv "$WORK/peers.toml" "$WORK/away.toml"
  in_space a timeout 20 "$CUTTLE" close --config "$WORK/a.toml" >/dev/null 2>&1 || fail "close"
  is_locked ct-b || fail "nothing locks the link's interface, so this test shows nothing"
  mv "$WORK/away.toml" "$WORK/peers.toml"
  start_agent a
  wait_up
  eventually 5 is_not_locked ct-b || fail "the link's interface stays locked"
  in_space a ping -q -c 3 -i 0.1 -W 2 "${V4[b]}" >/dev/null || fail "nothing gets into the link"
  tc -n "$NET-a" filter show dev u0 egress | grep -q cuttle-lock || fail "the way out is not locked"
}
mesh_alone_of() { # PEERS
  sed -i '/^\[\[peer\]\]/,$d' "$WORK/a.toml"
  mesh_of_a 'networks = ["10.99.0.0/16", "fd99::/16"]'
  printf '%s\n' "$1" >>"$WORK/peers.toml"
}
is_locked() { tc -n "$NET-a" filter show dev "$1" egress | grep -q 'pref 20 .*cuttle-lock'; }
is_not_locked() { ! is_locked "$1"; }

# Somebody who drops every handshake does not keep it open, and nobody has to have written down until when.
joining_has_an_end() {
  mesh_alone 'joining_limit = "3 s"'
  add_peer b "${V4[b]}" 'joining = true'
  start_agent a
  eventually 2 is_open || fail "a does not say that its link is open"
  eventually 20 is_closed || fail "a is still open: $(status a '.links[0]')"
}
is_open() { [[ $(status a '.links[0].open') == true ]]; }
is_closed() { [[ $(status a '.links[0].open') == false ]]; }

run_case one_of_them_keeps_nobody_down
run_case another_ones_interface
run_case a_tun_of_a_vpn
run_case guard_and_lock_know_it
run_case an_address_that_is_away_keeps_no_revocation_waiting
run_case a_lock_of_before_goes
run_case joining_has_an_end
finish
