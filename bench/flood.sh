#!/bin/bash
# What a flood of bad datagrams costs a link: the goodput of one TCP connection through a link of 200 Mb/s, alone and
# while somebody on the network sends datagrams in the peer's name as fast as one sender on this machine can.
#   ./run bench flood   (figures: out/bench/flood.json; ROUNDS and SECONDS_EACH may be set)
# Kinds, from what costs least to what costs most to refuse: a wrong size (a filter in the kernel), garbage of the right
# size (an SPI that nobody gave), forged cells (the right SPI and a number that comes next: one MAC), recorded ones.
if [[ -z ${CUTTLE:-} ]]; then
  # shellcheck source=scripts/lib/common.sh
  source "$CUTTLE_ROOT/scripts/lib/common.sh"
  # shellcheck source=scripts/lib/build.sh
  source "$CUTTLE_ROOT/scripts/lib/build.sh"
  setup_packages
  build_release cuttle stream inject
  export CUTTLE=$CUTTLE_ROOT/build/release/src/cuttle/cuttle CUTTLE_TOOLS=$CUTTLE_ROOT/build/release/tests/tools
  mkdir -p "$OUT/bench"
  OUT_JSON=$OUT/bench/flood.json
fi
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tests/node/harness.sh"
OUT_JSON=${OUT_JSON:-/dev/null}
SECONDS_EACH=${SECONDS_EACH:-6}
ROUNDS=${ROUNDS:-3}
KINDS=(wrong_size garbage forged replay garbage_handshake)

# CPU time of an agent so far, in hundredths of a second.
agent_ticks() { awk '{ print $14 + $15 }' "/proc/$(<"$WORK/$1.pid")/stat"; }
# Softirq time of the machine so far: what the kernel itself does with what comes in.
softirq_ticks() { awk '/^cpu / { print $8 }' /proc/stat; }

# measure KIND: prints one JSON object. The flood begins before the transfer and ends after it.
measure() {
  local kind=$1 flood='{}' flooder='' ticks softirq goodput
  if [[ $kind != none ]]; then
    ip netns exec "$NET-m" timeout 60 "$CUTTLE_TOOLS/inject" --interface mb --capture "$WORK/recorded.pcap" \
      --from "${V4[a]}" --to "${V4[b]}" --kind "$kind" --count 512 --flood-ms $((SECONDS_EACH * 1000 + 1500)) \
      >"$WORK/flood.json" 2>"$WORK/flood.log" &
    flooder=$!
    sleep 0.5
  fi
  ticks=$(agent_ticks b)
  softirq=$(softirq_ticks)
  SKIP_MS=500 transfer "${V4[b]}" --seconds "$SECONDS_EACH" >/dev/null
  ticks=$(($(agent_ticks b) - ticks))
  softirq=$(($(softirq_ticks) - softirq))
  goodput=$(transferred goodput_bps)
  if [[ $kind != none ]]; then
    wait "$flooder" || fail "the flood: $(<"$WORK/flood.log")"
    flood=$(<"$WORK/flood.json")
  fi
  jq -nc --arg kind "$kind" --argjson goodput "$goodput" --argjson flood "$flood" --argjson seconds "$SECONDS_EACH" \
    --argjson ticks "$ticks" --argjson softirq "$softirq" \
    '{kind: $kind, goodput_mbps: ($goodput / 1e6), flood_per_second: ($flood.per_second // 0 | round),
      sender_cpu: ($flood.cpu // 0), agent_cpu: ($ticks / 100 / $seconds), softirq_cpu: ($softirq / 100 / $seconds)}'
}

floods() {
  local round kind
  MTU=9000 network
  connect
  RATE="200 Mb/s" CELL=1472 configure
  start_capture recorded ma
  start_agents
  sleep 1
  stop_capture recorded any
  : >"$WORK/results"
  for ((round = 0; round < ROUNDS; round++)); do
    for kind in none "${KINDS[@]}"; do measure "$kind" >>"$WORK/results"; done
  done
  # The median of the rounds, of each kind.
  jq -s 'def median: sort | .[length / 2 | floor];
    group_by(.kind) | map(. as $rounds | $rounds[0] + ([$rounds[0] | keys[] | select(. != "kind")] |
      map(. as $key | {key: $key, value: ([$rounds[] | .[$key]] | median)}) | from_entries)) |
    (.[] | select(.kind == "none") | .goodput_mbps) as $alone |
    map(. + {goodput_cost_percent: ((1 - .goodput_mbps / $alone) * 1000 | round / 10)})' "$WORK/results" >"$WORK/medians"
  cp "$WORK/medians" "$OUT_JSON"
  printf '  %-18s %14s %9s %8s %10s %11s %11s\n' flood 'datagrams/s' Mb/s cost 'agent CPU' 'softirq CPU' 'sender CPU'
  jq -r '.[] | [.kind, .flood_per_second, .goodput_mbps, .goodput_cost_percent, .agent_cpu, .softirq_cpu, .sender_cpu] | @tsv' \
    "$WORK/medians" | awk -F'\t' '{ printf "  %-18s %14d %9.1f %6.1f %% %10.2f %11.2f %11.2f\n", $1, $2, $3, $4, $5, $6, $7 }'
}

run_case floods
((CASES_FAILED == 0))
