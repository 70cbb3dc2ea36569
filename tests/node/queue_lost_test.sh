#!/bin/bash
# What a queue that keeps time loses while the agent runs: its carrier, itself, its way, the interface below it. It keeps
# time again, or the agent's own thread does, and what is said of that is so.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

up() { # as the product's defaults have it
  network
  connect
  RATE="50 Mb/s" SLOT="1 ms" configure
  start_agents
  keeps_time a || fail "no queue: $(status a '.queue_why_not')"
}
goes_by() { # NODE BY
  [[ $(status "$1" '.links[0].release.by') == "$2" ]]
}
keeps_time() { goes_by "$1" queue; }
was_reset() { # NODE TIMES
  (($(status "$1" '.links[0].release.queue_resets // 0') >= $2))
}
# Trains are handed over ahead, so something waits in a queue that keeps time at most instants; in one whose bucket is
# full nothing ever does.
trains_wait() { # NODE
  local looks waiting=0
  for ((looks = 0; looks < 30; looks++)); do
    in_space "$1" tc -s -j qdisc show dev cuttle-clock0 root 2>/dev/null | jq -e '.[0].backlog > 0' >/dev/null || continue
    waiting=$((waiting + 1))
  done
  ((waiting >= 10))
}
through_queue() { # NODE: packets
  in_space "$1" tc -s -j qdisc show dev cuttle-clock0 root 2>/dev/null | jq '.[0].packets // 0'
}
is_filled() { # NODE
  local before
  before=$(through_queue "$1")
  sleep 0.2
  (($(through_queue "$1") > before + 50))
}
keeps_time_again() { # NODE WHAT
  eventually 20 trains_wait "$1" || fail "after $2 nothing waits in the queue, so it does not keep time"
  eventually 20 keeps_time "$1" || fail "after $2 it does not say that a queue keeps time: $(status "$1" '.queue_why_not')"
  trains_wait "$1" || fail "after $2 it claims too much"
}

# Until the kernel has told the device of the queue, which it puts off where it is busy, nothing is lost.
carrier_is_lost() { [[ $(ip -n "$NET-a" -j link show dev cuttle-clock0 | jq -r '.[0].operstate') != UP ]]; }
carrier_is_away() {
  up
  eventually 10 trains_wait a || fail "nothing waits in a queue that keeps time"
  local round
  for round in 1 2; do
    ip -n "$NET-m" link set dev ma down
    eventually 10 carrier_is_lost || fail "the kernel does not tell the queue's device"
    sleep "0.$round"
    ip -n "$NET-m" link set dev ma up
    keeps_time_again a "a carrier that was away"
    eventually 10 was_reset a "$round" || fail "nobody noticed: $(status a '.links[0].release')"
  done
  grep -q 'the queue on u0 was reset' "$WORK/a.log" || fail "the log does not say it"
  # Its own count of how late it lets trains go is right again: by a constant of half a millisecond at the most.
  eventually 20 is_up a || fail "the link suffered"
  in_space a ping -q -i 0.02 -c 50 "${V4[b]}" >/dev/null || fail "no way through afterwards"
}

device_is_bounced() {
  up
  ip -n "$NET-a" link set dev cuttle-clock0 down
  ip -n "$NET-a" link set dev cuttle-clock0 up
  keeps_time_again a "a device that was set down and up"
  eventually 10 was_reset a 1 || fail "nobody noticed: $(status a '.links[0].release')"
}

ipv6_rule_is_there() { ip -n "$NET-a" -6 rule show pref 99 | grep -q 'oif cuttle-clock0'; }
ipv6_route_is_there() { ip -n "$NET-a" -6 route show table all | grep -q '^default dev cuttle-clock0'; }
# Over IPv6 cells find their way through the device by a rule and a route. Without them they would go round it.
ipv6_way_is_lost() {
  UNDERLAY=6 up
  local table
  table=$(ip -n "$NET-a" -6 rule show pref 99 | sed 's/.*lookup \([0-9]*\).*/\1/')
  ip -n "$NET-a" -6 rule del pref 99
  eventually 10 ipv6_rule_is_there || fail "the rule is not put back"
  eventually 10 is_filled a || fail "cells go round the queue"
  keeps_time_again a "its rule was gone"
  ip -n "$NET-a" -6 route flush table "$table"
  eventually 10 ipv6_route_is_there || fail "the route is not put back"
  keeps_time_again a "its route was gone"
  ip -n "$NET-a" link set dev cuttle-clock0 down # takes the route along
  ip -n "$NET-a" link set dev cuttle-clock0 up
  eventually 10 ipv6_route_is_there || fail "the route is not put back after the device was down"
  keeps_time_again a "a device that was set down and up"
  # Where somebody takes it away as often as it comes back, the agent's own thread releases, and says so.
  while :; do
    ip -n "$NET-a" -6 rule del pref 99 2>/dev/null || true
    sleep 0.05
  done &
  local remover=$!
  eventually 20 goes_by a thread || fail "it claims that a queue keeps time that nothing passes"
  kill "$remover"
  wait "$remover" || true
  keeps_time_again a "its rule was gone again and again"
}

# As in a container with a network of the host's: a device of ours would lie on what is below, past our filters there.
underlay_is_a_macvlan() {
  network
  connect
  ip -n "$NET-a" addr flush dev u0 scope global
  ip -n "$NET-a" link set dev u0 name real0
  ip netns add "$NET-c"
  ip -n "$NET-a" link set dev real0 netns "$NET-c"
  ip -n "$NET-c" link set dev real0 up
  ip -n "$NET-c" link add u0 link real0 netns "$NET-a" type macvlan mode bridge
  ip -n "$NET-a" addr add "${V4[a]}/24" dev u0
  ip -n "$NET-a" addr add "${V6[a]}/64" dev u0 nodad
  ip -n "$NET-a" link set dev u0 up
  RATE="20 Mb/s" configure
  in_space a "$CUTTLE" check "$WORK/a.toml" >"$WORK/check" 2>&1 || fail "it cannot run at all: $(<"$WORK/check")"
  grep -q 'u0 is a macvlan' "$WORK/check" || fail "check does not say it: $(<"$WORK/check")"
  start_capture wire ma
  start_agents
  goes_by a thread || fail "not by the thread"
  status a '.queue_why_not' | grep -q 'u0 is a macvlan' || fail "it does not say why: $(status a '.queue_why_not')"
  in_space a ping -q -i 0.02 -c 50 "${V4[b]}" >/dev/null || fail "no way through"
  stop_capture wire
  expect "anything but cells" "$(count_captured wire "udp and src host ${V4[a]} and not ($(cells_v4 1472 4410))")" "==" 0
  expect "cells" "$(count_captured wire "src host ${V4[a]} and $(cells_v4 1472 4410)")" ">" 500
  stop_agent a
  sed -i 's/^\[runtime\]/&\nrelease = "queue"/' "$WORK/a.toml"
  ! in_space a "$CUTTLE" check "$WORK/a.toml" >"$WORK/check" 2>&1 || fail "check promises a queue"
}

# Instants on packets are taken as they stand, by the kernel's clock.
no_txtime_in_a_time_namespace() {
  local status=0
  if ! unshare -T true 2>/dev/null; then
    echo "  this kernel has no time namespaces"
    return 0
  fi
  network
  connect
  RATE="50 Mb/s" configure
  sed -i 's/^\[runtime\]/&\nrelease = "txtime"/' "$WORK/a.toml"
  in_space a unshare -T --monotonic -1 "$CUTTLE" check "$WORK/a.toml" >"$WORK/check" 2>&1 || status=$?
  expect "check refuses txtime there: its status" "$status" ">" 0
  grep -q 'time namespace, whose clock is 1 s behind' "$WORK/check" || fail "check does not say why: $(<"$WORK/check")"
}

# Where the agent's clock is not the kernel's (time_namespaces(7)), as containers may have it.
in_a_time_namespace() {
  local offset
  if ! unshare -T true 2>/dev/null; then
    echo "  this kernel has no time namespaces"
    return 0
  fi
  for offset in -1 1; do # none is before the machine's start, which may be a short while ago
    network
    connect
    RATE="50 Mb/s" SLOT="1 ms" configure
    printf '#!/bin/bash\nexec unshare -T --monotonic %s "%s" "$@"\n' "$offset" "$CUTTLE" >"$WORK/cuttle"
    chmod +x "$WORK/cuttle"
    (
      CUTTLE=$WORK/cuttle
      start_agents
    )
    keeps_time a || fail "$offset s: no queue: $(status a '.queue_why_not')"
    trains_wait a || fail "$offset s: nothing waits in a queue that is said to keep time"
    sleep 1
    goes_by a queue || fail "$offset s: it gave the queue up: $(status a '.queue_why_not')"
    trains_wait a || fail "$offset s: after a while nothing waits in the queue"
    expect "$offset s: its lateness" "$(status a '.links[0].release.wire_lateness_ns.p50')" "<" 900000
    for node in a b; do stop_agent "$node" && take_down "$node"; done
    remove_network
  done
}

lies_on() { # INTERFACE
  [[ $(ip -n "$NET-a" -j link show dev cuttle-clock0 2>/dev/null | jq -r '.[0].link') == "$1" ]]
}
cells_on() { # INTERFACE: sent through it
  ip -n "$NET-a" -s -j link show dev "$1" | jq '.[0].stats64.tx.packets'
}
cells_leave_by() { # INTERFACE
  local before
  before=$(cells_on "$1")
  sleep 0.2
  (($(cells_on "$1") > before + 100))
}
way_moves() {
  network
  connect
  ip link add u1 netns "$NET-a" type veth peer name mc netns "$NET-m"
  ip -n "$NET-m" link set dev mc master br0
  ip -n "$NET-m" link set dev mc up
  ip -n "$NET-a" link set dev u1 up
  in_space a sysctl -qw net.ipv4.conf.u1.rp_filter=0
  RATE="50 Mb/s" SLOT="1 ms" configure
  start_agents
  lies_on u0 || fail "the device is not where the way goes"
  ip -n "$NET-a" route add "${V4[b]}/32" dev u1 src "${V4[a]}"
  eventually 20 cells_leave_by u1 || fail "cells stay where the way was"
  eventually 10 lies_on u1 || fail "the queue does not go along"
  keeps_time_again a "it moved"
  grep -q 'the way to b goes by u1 now' "$WORK/a.log" || fail "the log does not say it"
  eventually 20 is_up b || fail "the link does not go on"
  in_space a ping -q -i 0.02 -c 50 "${V4[b]}" >/dev/null || fail "no way through"
  # And back, as that interface goes away with its route.
  ip -n "$NET-a" link del u1
  eventually 20 cells_leave_by u0 || fail "cells do not come back"
  eventually 10 lies_on u0 || fail "the queue does not come back"
  keeps_time_again a "it came back"
  stop_agent a
  take_down a
  ! in_space a tc filter show dev u0 egress | grep -q cuttle || fail "down leaves a filter"
}

for case in ${QUEUE_LOST_CASES:-carrier_is_away device_is_bounced ipv6_way_is_lost underlay_is_a_macvlan way_moves in_a_time_namespace no_txtime_in_a_time_namespace}; do
  run_case "$case"
done
finish
