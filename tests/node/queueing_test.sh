#!/bin/bash
# A saturated link must not keep small packets of others waiting: ping beside eight full TCP connections, against
# the bound of docs/timing.md ("Queueing"). Other work on the machine delays replies as well, so the median counts,
# with room for twice the bound; a queue that is one line for all would take ten times as long.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# 200 Mb/s, slots of 1 ms, two trains each: four trains in the ring, a packet of 1 ms, two trains until it leaves.
BOUND_MS=4
STREAMS=8

# ping_ms PERCENTILE
ping_ms() {
  sed -n 's/.*time=\([0-9.]*\) ms/\1/p' "$WORK/ping.log" | sort -n | awk -v p="$1" '{ t[NR] = $1 } END { print t[int(NR * p) + 1] }'
}

small_beside_large() {
  local stream server
  network
  connect
  RATE="200 Mb/s" configure
  start_agents
  for ((stream = 0; stream < STREAMS; ++stream)); do
    ip netns exec "$NET-b" timeout 60 "$CUTTLE_TOOLS/stream" serve --port $((7100 + stream)) \
      >/dev/null 2>>"$WORK/serve.log" &
    server=$!
    eventually 5 listens_on_tcp b $((7100 + stream)) || fail "stream serve does not listen: $(<"$WORK/serve.log")"
    ip netns exec "$NET-a" timeout 60 "$CUTTLE_TOOLS/stream" send --to "${V4[b]}" --port $((7100 + stream)) \
      --seconds 8 --seed "$stream" >"$WORK/stream-$stream.json" 2>>"$WORK/stream.log" &
  done
  sleep 2
  local before
  before=$(status a '.links[0].cells | .sent - .sent_dummy')
  in_space a ping -q -c 1 -W 2 "${V4[b]}" >/dev/null || fail "no answer to a ping"
  in_space a ping -i 0.02 -c 150 -W 2 "${V4[b]}" >"$WORK/ping.log" || fail "no answers: $(tail -n 2 "$WORK/ping.log")"
  local carried
  carried=$(($(status a '.links[0].cells | .sent - .sent_dummy') - before))
  wait "$server" || true
  echo "  ping beside $STREAMS full connections: median $(ping_ms 0.5) ms, p99 $(ping_ms 0.99) ms;" \
    "$carried cells with packets meanwhile; dropped from the queue: $(drops a packet_queue_full)"
  expect "cells with packets in 3 s, of 50,000" "$carried" '>=' 25000
  expect "the median in ms" "$(ping_ms 0.5)" '<=' "2 * $BOUND_MS"
  expect "pings lost" "$(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$WORK/ping.log")" '>=' 148
}

run_case small_beside_large
finish
