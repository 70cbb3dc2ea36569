#!/bin/bash
# Two lanes on two shards: a UDP flow, keys and threads each, and one link. And shards that spin.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
STREAMS=8

# A lane carries half the rate at most, so what is above half went through both.
two_lanes_on_two_shards() {
  local stream port counts
  network
  connect
  RATE="100 Mb/s" LANES=2 RUNTIME=$'shards = 2\ncpus = [0, 1]' configure
  start_agents
  expect_same "lanes in the status" 2 "$(status a '.links[0].shape.lanes')"
  for shard in 0 1; do
    expect_same "the CPU of pacer-$shard" "$shard" "$(cpus_of_thread a "pacer-$shard")"
    [[ -n $(cpus_of_thread a "packer-$shard") && -n $(cpus_of_thread a "receiver-$shard") ]] || fail "no threads of shard $shard"
  done

  start_capture lanes ma 64
  sleep 1
  stop_capture lanes
  for port in 4410 4411; do
    counts+=" $(count_captured lanes "src host ${V4[a]} and udp src port $port and udp dst port $port")"
  done
  # shellcheck disable=SC2086  # two words
  set -- $counts
  echo "  cells of each lane in a second: $1 and $2"
  expect "cells of the first lane" "$1" '>=' 2000
  expect "what the lanes differ by" "($1 - $2) / $1" '<=' 0.02
  expect "what the lanes differ by" "($2 - $1) / $1" '<=' 0.02

  for ((stream = 0; stream < STREAMS; ++stream)); do
    ip netns exec "$NET-b" timeout 60 "$CUTTLE_TOOLS/stream" serve --port $((7100 + stream)) \
      >"$WORK/served-$stream.json" 2>>"$WORK/serve.log" &
    eventually 5 listens_on_tcp b $((7100 + stream)) || fail "stream serve does not listen: $(<"$WORK/serve.log")"
  done
  local before after
  before=$(status b '.links[0].bytes.received')
  for ((stream = 0; stream < STREAMS; ++stream)); do
    ip netns exec "$NET-a" timeout 60 "$CUTTLE_TOOLS/stream" send --to "${V4[b]}" --port $((7100 + stream)) \
      --seconds 5 --seed "$stream" >"$WORK/sent-$stream.json" 2>>"$WORK/stream.log" &
  done
  sleep 4
  after=$(status b '.links[0].bytes.received')
  echo "  carried in 4 s: $(((after - before) * 8 / 1000000)) Mbit, of 400 that both lanes have"
  expect "bits carried in 4 s" "($after - $before) * 8" '>=' 240000000
  for ((stream = 0; stream < STREAMS; ++stream)); do
    eventually 20 test -s "$WORK/sent-$stream.json" || fail "stream $stream does not end: $(<"$WORK/stream.log")"
    expect_same "the checksum is the sender's" true "$(jq -r .match "$WORK/sent-$stream.json")"
  done
}

# On a machine with few CPUs it spins without real-time priority, and says so.
spinning() {
  network
  connect
  RATE="113.6 Mb/s" SLOT="20 us" CELL=256 RUNTIME="spin = true" configure
  start_agents
  expect_same "the slot in ns" 20000 "$(status a '.links[0].shape.slot_ns')"
  in_space a ping -c 20 -i 0.05 -W 5 "${V4[b]}" >"$WORK/ping.log" || fail "no answers: $(tail -n 2 "$WORK/ping.log")"
  expect "answers to 20 pings" "$(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$WORK/ping.log")" '>=' 19
  if (($(nproc) <= 3)); then
    [[ $(status a .realtime.why_not) == *"spins takes 3 CPUs"* ]] || fail "it should say that it has too few CPUs"
  fi
}

run_case two_lanes_on_two_shards
run_case spinning
finish
