# shellcheck shell=bash
# What was found, as JSON and for a person; and whether all of it is as promised.
MOST_GROWTH_KB=2048 # of an agent's resident memory after its first ten seconds; a leak per cell would be megabytes a second

collect() {
  local node unshaped=0 cells=0
  for node in "${NODES[@]}"; do
    unshaped=$((unshaped + $(unshaped_from "$node" | wc -l)))
    cells=$((cells + $(<"$SOAK/wire-$node.seen")))
    unshaped_from "$node" | head -n 20 >"$SOAK/unshaped-$node.txt"
  done
  touch "$SOAK/faults.log" "$SOAK/weather.jsonl"
  jq -n --argjson minutes "$MINUTES" --argjson seed "$SEED" --arg rate "$RATE" --arg health "$(ceph_health)" \
    --argjson unshaped "$unshaped" --argjson seen "$cells" --argjson most_growth "$MOST_GROWTH_KB" \
    --slurpfile objects "$SOAK/objects.out" --slurpfile osd0 "$SOAK/received-osd0.out" \
    --slurpfile osd1 "$SOAK/received-osd1.out" --slurpfile weather "$SOAK/weather.jsonl" \
    --argjson memory "$(memory_growth)" --rawfile faults "$SOAK/faults.log" '
    ($weather | map(to_entries) | add // [] | group_by(.key) | map({key: .[0].key, value: (map(.value) | add)}) | from_entries) as $network |
    ($faults | split("\n") | map(select(. != ""))) as $faults |
    {minutes: $minutes, seed: $seed, rate: $rate,
     faults: {all: ($faults | length),
              agents: ($faults | map(select(test("SIG"))) | length),
              cuts: ($faults | map(select(test("cut for"))) | length),
              weather: ($faults | map(select(test("--loss"))) | length),
              floods: ($faults | map(select(test("flood"))) | length)},
     network: $network, ceph: $health, objects: $objects[0],
     datagrams: {osd0: $osd0[0], osd1: $osd1[0]},
     wire: {packets_seen: $seen, unshaped: $unshaped}, memory: $memory} |
    .checks = {
      "Ceph is healthy": (.ceph == "HEALTH_OK"),
      "no operation failed": (.objects.failed == 0),
      "every byte read was the one written": (.objects.wrong == 0 and .objects.verified > 0),
      "no datagram delivered twice": ([.datagrams[].duplicates] | add == 0),
      "no datagram altered": ([.datagrams[].altered] | add == 0),
      "no packet but cells left a node": (.wire.unshaped == 0 and .wire.packets_seen > 1000),
      "memory of every agent is flat": ([.memory[].rss_growth_kb] | length > 0 and max <= $most_growth),
      "no descriptor leaked": ([.memory[].descriptors_growth] | length > 0 and max <= 2)
    } | .held = ([.checks[]] | all)' >"$SOAK/summary.json"
}

describe() {
  jq -r '
    "Soak of \(.minutes) minutes, links of \(.rate), seed \(.seed)",
    "  faults      \(.faults.all): \(.faults.agents) ends of agents, \(.faults.cuts) cuts, \(.faults.weather) spells of bad network, \(.faults.floods) floods",
    "  network     \(.network | to_entries | map("\(.key) \(.value)") | join(", "))",
    "  objects     \(.objects.writes) writes, \(.objects.appends) appends, \(.objects.reads) reads, \(.objects.removes) removes; \(.objects.bytes_written / 1e6 | round) MB written, \(.objects.bytes_read / 1e6 | round) MB read; the longest took \(.objects.longest_ms | round) ms",
    "  datagrams   \(.datagrams | to_entries | map("\(.value.distinct) arrived at \(.key)") | join(", "))",
    "  wire        \(.wire.packets_seen) packets left the nodes, \(.wire.unshaped) of them no cells",
    "  memory      \(.memory | map("\(.node) \(.rss_kb) kB + \(.rss_growth_kb) in \(.seconds) s") | join(", "))",
    (.checks | to_entries[] | "  \(if .value then "holds " else "BROKEN" end)  \(.key)")' "$SOAK/summary.json"
}

write_verdict() {
  collect
  describe | tee "$SOAK/summary.txt"
  say ""
  say "$(jq -r '[.checks[] | select(.)] | length' "$SOAK/summary.json") hold, $(jq -r '[.checks[] | select(. | not)] | length' "$SOAK/summary.json") broken; out/soak/summary.json"
  [[ $(jq .held "$SOAK/summary.json") == true ]]
}
