# shellcheck shell=bash
# Resident memory and open descriptors of every agent, every five seconds: "SECONDS NODE PID RSS_KB DESCRIPTORS".
watch_memory() {
  local node pid began rss
  began=$(now_ms)
  while true; do
    for node in "${NODES[@]}"; do
      pid=$(agent_pid "$node") || continue
      rss=$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
      [[ -z $rss ]] || echo "$(seconds_since "$began") $node $pid $rss $(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)"
    done
    sleep 5
  done
}
start_watching_memory() {
  watch_memory >"$SOAK/memory.log" 2>/dev/null &
  echo $! >"$SOAK/memory.pid"
  disown
}
stop_watching_memory() {
  end_ours memory
}

# Each process by itself: what it grew by after its first ten seconds, in kB, and descriptors likewise. As JSON.
memory_growth() {
  awk '
    { key = $2 " " $3 }
    !(key in began) { began[key] = $1 }
    $1 - began[key] >= 10 && !(key in rss) { rss[key] = $4; open[key] = $5 }
    key in rss { if ($4 - rss[key] > grown[key]) grown[key] = $4 - rss[key]; last_open[key] = $5; span[key] = $1 - began[key] }
    END { for (key in rss) { split(key, part, " "); print part[1], part[2], int(span[key]), rss[key], grown[key] + 0, last_open[key] - open[key] } }
  ' "$SOAK/memory.log" | jq -R -s 'split("\n") | map(select(. != "") | split(" ")) |
    map({node: .[0], pid: (.[1] | tonumber), seconds: (.[2] | tonumber), rss_kb: (.[3] | tonumber),
         rss_growth_kb: (.[4] | tonumber), descriptors_growth: (.[5] | tonumber)}) | sort_by(.node, .pid)'
}
