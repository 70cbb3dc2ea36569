# shellcheck shell=bash
# What the cluster says of itself, as JSON for the report; the shaped cluster's is what counts.
collect_facts() {
  local version status bandwidth
  version=$(lab sh mon -- timeout 30 ceph version)
  status=$(lab sh mon -- timeout 30 ceph status --format json)
  bandwidth=$(sed -n 's/^Bandwidth (MB\/sec): *//p' "$DEMO/$1-bench.log")
  jq --null-input --rawfile written "$DEMO/$1-written" --rawfile read "$DEMO/$1-read" \
    --arg version "$(cut -d ' ' -f 3 <<<"$version")" --argjson status "$status" --argjson bandwidth "${bandwidth:-null}" \
    '{hello: {written: $written, read: $read},
      ceph: {version: $version, health: $status.health.status, osds_up: $status.osdmap.num_up_osds},
      bench: {write_mb_per_s: $bandwidth}}' >"$DEMO/$1-facts.json"
  cp "$DEMO/$1-facts.json" "$DEMO/facts.json"
  cat "$DEMO/facts.json"
}
