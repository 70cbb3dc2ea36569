#!/bin/bash
# A queue keeps time: trains go through a clock device of the agent's, pauses never leave the machine, nobody else gets
# in, and where the queue is missing the agent's own thread releases.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

up() { # as the product's defaults have it
  network
  connect
  RATE="50 Mb/s" SLOT="1 ms" configure
}
keeps_time() { # NODE BY
  [[ $(status "$1" '.links[0].release.by') == "$2" ]]
}
device_is_there() { in_space "$1" ip link show cuttle-clock0 >/dev/null 2>&1; }
device_is_gone() { ! device_is_there "$1"; }

# Everything on the wire is a whole cell, while the queue lets go what it should: on time, by its own count.
by_queue() {
  up
  start_agents
  keeps_time a queue || fail "no queue: $(status a '.queue_why_not')"
  sleep 1 # a new queue's first trains are caught up at twice the rate; what is counted comes after
  local cells foreign rate try
  # What a busy host held up before the capture is caught up in it: once in three times will do.
  for try in 1 2 3; do
    start_capture wire ma
    in_space a ping -q -i 0.02 -c 100 "${V4[b]}" >/dev/null || fail "no way through"
    stop_capture wire
    cells=$(count_captured wire "src host ${V4[a]} and $(cells_v4 1472 4410)")
    foreign=$(count_captured wire "src host ${V4[a]} and not arp and not ($(cells_v4 1472 4410))")
    expect "cells on the wire, try $try" "$cells" ">" 5000
    expect "anything else from a" "$foreign" "==" 0
    # 50 Mb/s are 4,166.67 cells a second. Counted over the capture's own time, to a slot's cells.
    rate=$(captured wire "src host ${V4[a]} and $(cells_v4 1472 4410)" | awk '
      NR == 1 { first = $1 } { last = $1; n++ } END { printf "%.1f", (n - 1) / (last - first) }')
    ! awk "BEGIN { exit !($rate > 4145 && $rate < 4188) }" || break
  done
  expect "cells a second" "$rate" ">" 4145
  expect "cells a second" "$rate" "<" 4188
  # Whoever hands over and the queue go by the same table of pauses, or what passes is late by more and more.
  expect "how late half of the trains passed, in ns" "$(status a '.links[0].release.wire_lateness_ns.p50')" "<" 500000
  [[ $(status a '.links[0].hiding.word') != "" ]] || fail "it does not say how safe the link is"
}

over_ipv6() {
  network
  connect
  UNDERLAY=6 RATE="50 Mb/s" SLOT="1 ms" configure
  start_agents
  keeps_time a queue || fail "no queue: $(status a '.queue_why_not')"
  start_capture wire ma
  in_space a ping -q -i 0.02 -c 50 "${V4[b]}" >/dev/null || fail "no way through"
  stop_capture wire
  expect "cells on the wire" "$(count_captured wire "$(cells_v6 1472 4410)") + $(count_captured wire "$(cells_v6 1452 4410)")" ">" 3000
}

# Each shard has a queue of its own, and each lane's trains go through its shard's.
several_queues() { # FAMILY
  network
  connect
  UNDERLAY=$1 LANES=2 RUNTIME="shards = 2" RATE="50 Mb/s" SLOT="1 ms" configure
  start_agents
  keeps_time a queue || fail "no queue: $(status a '.queue_why_not')"
  sleep 1
  expect "cells refused" "$(status a '[.links[0].drops | to_entries[] | select(.key == "cell_refused_by_socket") | .value] | add // 0')" "==" 0
  local number sent
  for number in 0 1; do
    sent=$(in_space a tc -s -j qdisc show dev "cuttle-clock$number" root | jq '.[0].packets')
    expect "packets through queue $number" "$sent" ">" 500
  done
  in_space a ping -q -i 0.02 -c 50 "${V4[b]}" >/dev/null || fail "no way through"
}
several_queues_ipv4() { several_queues 4; }
several_queues_ipv6() { several_queues 6; }

# Without our mark nothing enters the device, so nobody else moves the clock or leaves by it.
# Nor with it: a mark takes no more than CAP_NET_RAW.
nobody_else_gets_in() {
  up
  start_agents
  start_capture wire ma
  in_space a setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +net_raw --ambient-caps +net_raw \
    /usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"cuttle-clock0")
try:
    s.setsockopt(socket.SOL_SOCKET, 36, 0x10c0)  # SO_MARK
except OSError:
    print("no mark without CAP_NET_ADMIN here", file=sys.stderr)
for n in range(200):
    try:
        s.sendto(bytes(40 + n), ("'"${V4[b]}"'", 4410))
        s.sendto(bytes(40 + n), ("192.0.2.1", 9))
    except OSError:
        pass
for n in range(64): # as long as the longest pauses; to nobody whom the guard knows
    s.sendto(bytes(1466), ("192.0.2.1", 9))
'
  sleep 1
  stop_capture wire
  expect "anything but cells" "$(count_captured wire "src host ${V4[a]} and not arp and not ($(cells_v4 1472 4410))")" "==" 0
  expect "cells of a" "$(count_captured wire "src host ${V4[a]} and $(cells_v4 1472 4410)")" ">" 3000
  is_up a || fail "the link suffered"
}

# Somebody takes the queue away: the link goes on by the thread, and the queue comes back.
comes_back() {
  up
  start_agents
  in_space a ip link del cuttle-clock0
  eventually 10 device_is_there a || fail "the device does not come back"
  eventually 10 keeps_time a queue || fail "the queue does not come back"
  in_space a tc filter del dev u0 egress pref 10
  eventually 10 grep -q 'lost the filter' "$WORK/a.log" || fail "the log does not say what was lost: $(<"$WORK/a.log")"
  eventually 10 keeps_time a queue || fail "the queue does not come back without its filter"
  in_space a tc qdisc del dev cuttle-clock0 root
  eventually 10 grep -q 'lost its queue' "$WORK/a.log" || fail "the log does not say that the queue was lost"
  sleep 2.5
  wait_up
  in_space a ping -q -i 0.02 -c 50 "${V4[b]}" >/dev/null || fail "no way through afterwards"
}

down_takes_it_away() {
  up
  start_agents
  stop_agent a KILL
  device_is_there a || fail "a killed agent's device is gone"
  start_agent a
  eventually 20 is_up a || fail "it does not start over what is left"
  stop_agent a
  take_down a
  device_is_gone a || fail "down leaves the device"
  ! in_space a tc filter show dev u0 egress | grep -q cuttle || fail "down leaves a filter"
}

# What lets cells go is the operator's choice, and an agent that may not have what it must have says so.
by_choice() {
  up
  sed -i 's/^\[runtime\]/&\nrelease = "thread"/' "$WORK/a.toml"
  sed -i 's/^\[runtime\]/&\nrelease = "queue"/' "$WORK/b.toml"
  start_agents
  keeps_time a thread || fail "not by the thread"
  device_is_gone a || fail "there is a device"
  keeps_time b queue || fail "not by the queue"
  stop_agent b
  take_down b
  # Somebody's interface has the name.
  in_space b ip link add cuttle-clock0 type bridge
  ! timeout 20 ip netns exec "$NET-b" "$CUTTLE" up --config "$WORK/b.toml" 2>"$WORK/refused" || fail "it starts all the same"
  grep -q 'release = "queue", but interface cuttle-clock0 is somebody' "$WORK/refused" || fail "it does not say why: $(<"$WORK/refused")"
}

for case in by_queue over_ipv6 several_queues_ipv4 several_queues_ipv6 nobody_else_gets_in comes_back down_takes_it_away by_choice; do run_case "$case"; done
finish
