#!/bin/bash
# `cuttle plan` against a real link: a load is recorded from Ceph, plan says what a link of a given rate would add, and then
# the same packets go through such a link and are timed. The 99th percentiles are within 25 % of each other.
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/common.sh"
: "${CUTTLE:?the program to test}" "${CUTTLE_TOOLS:?the folder of the helper programs}"
FROM=10.77.0.10
TO=10.77.0.11

# Bursts with pauses between them, as clients make them, each short enough to fit into the queue of a link: what does not
# fit is dropped, and a UDP packet does not come again. Only the headers are kept.
record_load() {
  local observer
  # shellcheck disable=SC2016  # expands inside
  lab sh fabric -- bash -c 'echo $$ >"$LAB_STATE/observer"; exec timeout 60 tcpdump "$@"' tcpdump -Z root -i osd0 -s 96 -B 65536 -n \
    -w "$STATE/load.pcap" "host $FROM and host $TO" 2>"$STATE/tcpdump" &
  observer=$!
  until grep -q 'listening on' "$STATE/tcpdump"; do sleep 0.1; done
  head -c 600000 /dev/urandom >"$STATE/object"
  local i
  for i in {1..24}; do
    lab sh mon -- timeout 60 rados -p bench put "object$i" "$STATE/object"
    sleep 0.1
  done
  tcpdump_catches_up
  kill -TERM "$(<"$STATE/observer")"
  wait "$observer" || true
}

lab up --plain --one-osd
# A line of its time: at the speed of memory, no machine could replay the bursts to the microsecond.
lab sh mon -- tc qdisc add dev eth0 root tbf rate 150mbit burst 32k latency 200ms
record_load
"$CUTTLE" plan --capture "$STATE/load.pcap" --between "$FROM" "$TO" --rates '80 Mb/s,90 Mb/s,100 Mb/s,110 Mb/s,120 Mb/s' --json \
  >"$STATE/choice.json" || true
# The highest rate at which the bursts still have to queue for long against what this machine adds by itself.
rate=$(jq '[.options[] | select(.keeps_up and .held_back == 0 and .added_p99_ns > 12e6)] | last | .rate_bps' "$STATE/choice.json")
[[ $rate != null ]] || fail "no rate queues this load: $(jq -c '.options[] | {rate_bps, held_back, added_p99_ns}' "$STATE/choice.json")"
"$CUTTLE" plan --capture "$STATE/load.pcap" --between "$FROM" "$TO" --rates "$rate b/s" --json --html "$STATE/plan.html" \
  >"$STATE/plan.json" || true
KEPT=$(mktemp -d)
mv "$STATE/load.pcap" "$STATE/plan.json" "$KEPT"
trap 'rm -rf "$KEPT"; lab down >/dev/null 2>&1 || true' EXIT
lab down >/dev/null

# The same rate for real. Up to three times: an agent of this test cannot help what else the machine does meanwhile.
lab up --one-osd --rate "${rate}b/s"
measure() {
  lab sh osd0 -- timeout 90 "$CUTTLE_TOOLS/replay" receive >"$KEPT/replayed" 2>"$STATE/receiver" &
  local receiver=$!
  until grep -q ready "$STATE/receiver"; do sleep 0.05; done
  lab sh mon -- timeout 90 chrt --fifo 1 "$CUTTLE_TOOLS/replay" send --capture "$KEPT/load.pcap" --from "$FROM" --to "$TO" \
    --target "$TO"
  wait "$receiver"
}
predicted=$(jq '.options[0].added_p99_ns' "$KEPT/plan.json")
for _ in 1 2 3; do
  measure
  measured=$(jq .p99_ns "$KEPT/replayed")
  echo "rate $rate b/s: predicted p99 $predicted ns, measured $measured ns: $(jq -c . "$KEPT/replayed")"
  if awk "BEGIN { exit !($measured >= $predicted * 0.75 && $measured <= $predicted * 1.25) }"; then
    echo "within 25 %"
    lab down
    exit 0
  fi
done
fail "the prediction is off by more than 25 %"
