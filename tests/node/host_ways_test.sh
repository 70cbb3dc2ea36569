#!/bin/bash
# An ordinary host's ways: a peer that no route leads to at the moment, IPv6 switched off for new interfaces, a second
# network, somebody's routing rule before ours, a network manager that changes an interface.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

prepare() {
  network
  connect
  RATE="20 Mb/s" configure
}
set_key() { # NODE LINE: in [node]
  sed -i "s|^control_socket = .*|&\n$2|" "$WORK/$1.toml"
}
pings() { in_space a timeout 10 ping -q -c 2 -i 0.1 -W 2 "$@" >/dev/null 2>&1; }
way_trouble() { status a .guard.way_trouble; }

# c, which is nowhere yet, waits; b and a reload are none the worse. When there is a route, the cells find it.
# Of all keys its is the largest, so a is the one that speaks first.
no_route() { # FAMILY
  local far=10.98.0.3 endpoint=10.98.0.3:4410 via=${V4[b]} host="ip host 10.98.0.3"
  [[ $1 == 4 ]] || { far=fd98::3 endpoint='[fd98::3]:4410' via=${V6[b]} host="ip6 host fd98::3"; }
  UNDERLAY=$1 prepare
  cat >>"$WORK/a.toml" <<END
[[peer]]
name = "c"
public_key = "//////////8BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
endpoint = "$endpoint"
redirect = ["$far"]
END
  in_space a timeout 20 "$CUTTLE" check "$WORK/a.toml" >"$WORK/check.out" 2>&1 ||
    fail "check refuses it: $(<"$WORK/check.out")"
  grep -q "endpoint of peer c: no route to $far.*waits until there is one" "$WORK/check.out" ||
    fail "check does not say that it waits: $(<"$WORK/check.out")"
  start_capture wire ma
  start_agents
  expect_same "the link without a route" connecting "$(status a '.links[1].state')"
  expect_same "rules that were lent" "" "$(ip -n "$NET-a" "-$1" rule show pref 1)"
  reload a || fail "reload: $(<"$WORK/a.reload")"
  sed -i 's/^rate = .*/rate = "30 Mb\/s"/' "$WORK/a.toml"
  reload a || fail "a reload that starts the links anew: $(<"$WORK/a.reload")"
  ! pings "$far" || fail "somebody answers there"
  stop_capture wire any
  expect_same "packets to $far without a route" "" "$(captured wire "$host" | head -n 3)"
  # A way, but another than its queue was set up for.
  ip -n "$NET-a" link add d0 type veth peer name d1
  ip -n "$NET-a" link set dev d0 up
  ip -n "$NET-a" link set dev d1 up
  ip -n "$NET-a" "-$1" route add "$far" dev d0
  eventually 20 goes_another_way || fail "the status says: $(status a .queue_why_not)"
  ip -n "$NET-a" link del dev d0
  start_capture wire ma
  ip -n "$NET-a" "-$1" route add "$far" via "$via" dev u0
  eventually 20 has_captured wire "$host and udp port 4410" || fail "no cells leave once there is a route"
  ! pings "$far" || fail "somebody answers there"
  stop_capture wire any
  expect_same "packets to $far that are no cells" "" "$(captured wire "$host and not udp port 4410" | head -n 3)"
  eventually 20 is_up a || fail "the link to b is not up again"
}
goes_another_way() {
  [[ $(status a .queue_why_not) == "the way to c goes by d0 now, while other cells still leave by u0" ]]
}
has_captured() { (($(count_captured "$@") > 0)); }

ipv6_off() {
  local node
  prepare
  for node in a b; do in_space "$node" sysctl -qw net.ipv6.conf.default.disable_ipv6=1; done
  start_agents
  pings "${V4[b]}" || fail "no way over IPv4"
  pings "${V6[b]}" || fail "no way over IPv6"
  stop_agent a
  take_down a
  # Where the agent may not switch it on, as under its unit: IPv4 goes on, IPv6 waits, and all of it is said.
  # shellcheck disable=SC2016  # the inner shell's
  ip netns exec "$NET-a" sh -c 'mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys &&
    exec "$0" "$@"' "$CUTTLE" up --config "$WORK/a.toml" >>"$WORK/a.log" 2>&1 &
  echo $! >"$WORK/a.pid"
  disown
  wait_up
  grep -q 'link b: IPv6 is off on its interface.*sysctl -w net/ipv6/conf/ct-b/disable_ipv6=0' "$WORK/a.log" ||
    fail "the log does not say that IPv6 is off"
  pings "${V4[b]}" || fail "no way over IPv4 where IPv6 stays off"
  ! pings "${V6[b]}" || fail "IPv6 leaves where it cannot go into the link"
  in_space a sysctl -qw net.ipv6.conf.ct-b.disable_ipv6=0
  eventually 15 pings "${V6[b]}" || fail "IPv6 does not go on once it is on"
}

ipv6_off_said_before() {
  prepare
  in_space a sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  in_space a timeout 20 "$CUTTLE" check "$WORK/a.toml" >"$WORK/check.out" 2>&1 || fail "check: $(<"$WORK/check.out")"
  grep -q 'warning.*new interfaces are without IPv6' "$WORK/check.out" ||
    fail "check does not say that new interfaces have no IPv6"
}

second_network() {
  local node
  prepare
  for node in a b; do
    ip -n "$NET-$node" addr add "10.98.0.${V4[$node]##*.}/24" dev u0
    sed -i 's/^addresses = \["10.99.0\(..\)"/addresses = ["10.99.0\1", "10.98.0\1"/;
            s/^redirect = \["10.99.0\(..\)"/redirect = ["10.99.0\1", "10.98.0\1"/' "$WORK/$node.toml"
  done
  start_agents
  expect_same "the source of traffic to the first network" 1 \
    "$(ip -n "$NET-a" route get 10.99.0.2 | grep -c 'dev ct-b.* src 10.99.0.1 ')"
  expect_same "the source of traffic to the second network" 1 \
    "$(ip -n "$NET-a" route get 10.98.0.2 | grep -c 'dev ct-b.* src 10.98.0.1 ')"
  pings 10.98.0.2 || fail "no way to the second network"
}

# Everything that somebody's rule leads past the link is dropped, and it is said which rule it is.
rule_ahead() {
  prepare
  start_agents
  expect_same "what is said while all is well" "" "$(way_trouble)"
  ip -n "$NET-a" rule add pref 50 lookup main
  ! pings "${V4[b]}" || fail "traffic passes beside the link"
  [[ $(way_trouble) == *"to ${V4[b]} of peer b does not go into ct-b but to u0"*"'pref 50 lookup main'"* ]] ||
    fail "the status says: $(way_trouble)"
  eventually 10 grep -q "'pref 50 lookup main' comes before Cuttle's" "$WORK/a.log" || fail "the log does not say it"
  in_space a timeout 30 "$CUTTLE" doctor --config "$WORK/a.toml" >"$WORK/doctor.out" 2>&1 || true
  grep -q "^BAD .*'pref 50 lookup main'" "$WORK/doctor.out" || fail "the doctor says: $(<"$WORK/doctor.out")"
  stop_agent a
  set_key a 'rule_preference = 40'
  start_agent a
  wait_up
  expect_same "rules of ours" "40:" "$(ip -n "$NET-a" rule show | grep 'lookup 4410' | cut -f 1)"
  pings "${V4[b]}" || fail "no way by a rule before that one"
  pings "${V6[b]}" || fail "no way over IPv6 by a rule before that one"
  expect_same "what is said then" "" "$(way_trouble)"
  stop_agent a
  take_down a
  expect_same "rules of ours after down" "" "$(ip -n "$NET-a" rule show | grep 'proto 199' || true)"
  ip -n "$NET-a" rule del pref 50
}

rule_that_asks_for_the_mark() {
  prepare
  ip -n "$NET-a" rule add pref 30000 fwmark 0x40/0xf0 lookup 77
  ip -n "$NET-a" rule add pref 30001 fwmark 0xc0/0xf0 lookup 77
  ip -n "$NET-a" rule add pref 60 lookup main
  ip -n "$NET-a" rule add pref 30002 from 10.1.2.3 lookup 4411
  in_space a timeout 20 "$CUTTLE" check "$WORK/a.toml" >"$WORK/check.out" 2>&1 || fail "check: $(<"$WORK/check.out")"
  grep -q "warning.*'pref 30001 fwmark 0xc0/0xf0 lookup 77'" "$WORK/check.out" || fail "check says: $(<"$WORK/check.out")"
  grep -q "warning.*'pref 30002 ... lookup 4411'.*route_table" "$WORK/check.out" || fail "check says: $(<"$WORK/check.out")"
  ! grep -q 'pref 30000' "$WORK/check.out" || fail "check names a rule that does not apply: $(<"$WORK/check.out")"
  grep -q "warning.*'pref 60 lookup main' comes before" "$WORK/check.out" || fail "check says: $(<"$WORK/check.out")"
}

# Every command that is advised works for an interface with a dot in its name, a VLAN's.
name_with_a_dot() {
  local command
  prepare
  ip -n "$NET-a" link set dev u0 down
  ip -n "$NET-a" link set dev u0 name u0.100
  ip -n "$NET-a" link set dev u0.100 up
  ip -n "$NET-a" addr replace "${V6[a]}/64" dev u0.100 nodad # it went with the interface
  in_space a sh -c 'echo 1 >/proc/sys/net/ipv4/conf/u0.100/rp_filter'
  ! in_space a timeout 20 "$CUTTLE" check "$WORK/a.toml" >"$WORK/check.out" 2>&1 || fail "check likes a strict filter"
  command=$(grep -o 'sysctl -w .*' "$WORK/check.out")
  # shellcheck disable=SC2086  # words are meant
  in_space a $command >/dev/null || fail "the advice is no command: $command"
  in_space a timeout 20 "$CUTTLE" check "$WORK/a.toml" >"$WORK/check.out" 2>&1 ||
    fail "the advice does not help: $(<"$WORK/check.out")"
}

has_mtu() { # INTERFACE MTU
  [[ $(ip -n "$NET-a" -o link show dev "$1") == *" mtu $2 "* ]]
}
network_manager() {
  prepare
  start_agents
  ip -n "$NET-a" link set dev ct-b mtu 1300
  eventually 15 has_mtu ct-b 1500 || fail "the MTU of the link stays changed"
  ip -n "$NET-a" link set dev cuttle-clock0 mtu 1300
  eventually 15 has_mtu cuttle-clock0 1500 || fail "the MTU of the queue's device stays changed"
  eventually 10 pings "${V4[b]}" || fail "no way afterwards"
}

run_case no_route 4
run_case no_route 6
run_case ipv6_off
run_case ipv6_off_said_before
run_case second_network
run_case rule_ahead
run_case rule_that_asks_for_the_mark
run_case name_with_a_dot
run_case network_manager
finish
