#!/bin/bash
# summary: under rados bench, an agent is killed and started again ten times: what Ceph and an observer notice of it
# example: ./run restart; ./run restart --times 3; ./run restart --driver seastar
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/lib/driver.sh
source "$CUTTLE_ROOT/scripts/lib/driver.sh"
# shellcheck source=scripts/lib/own_lab.sh
source "$CUTTLE_ROOT/scripts/lib/own_lab.sh"
for part in cluster wire; do
  # shellcheck source=/dev/null
  source "$CUTTLE_ROOT/scripts/soak/$part.sh"
done
TIMES=10
AWAY=(0.3 0.5 1 2 4) # seconds, in turn: all shorter than 5 s
LAB_NAME=cuttle-restart
RATE=200Mb/s
DRIVER=native
while (($# > 0)); do
  case $1:${2:-} in
    --times:[1-9] | --times:[1-9][0-9]) TIMES=$2 ;;
    --name:[a-z]*) LAB_NAME=$2 ;;
    --driver:native | --driver:seastar) DRIVER=$2 ;;
    *) DIE_STATUS=2 die "'$1 ${2:-}' is nothing for 'restart'; for example: ./run restart --times 3" ;;
  esac
  shift 2
done
setup_packages
((EUID == 0)) || DIE_STATUS=2 die "the lab's nodes are network namespaces, which need root; run 'sudo ./run restart'"
SOAK=$OUT/restart
rm -rf "$SOAK"
mkdir -p "$SOAK"
build_release cuttle
build_driver "$DRIVER"
heading "Restarts: $TIMES, under rados bench"
trap lab_interrupted INT TERM
trap end_soak EXIT

start_bench() {
  in_background bench nsenter --net="/run/netns/$(namespace mon)" -- timeout 900 rados --conf "$STATE/ceph.conf" \
    -p "$POOL" bench $((TIMES * 9 + 20)) write -b 4M -t 8 --no-cleanup
  sleep 4
}
# TCP connections between nodes, of Ceph's own daemons: "NODE LOCAL PEER" lines.
connections() {
  local node
  for node in "${NODES[@]}"; do
    in_node "$node" ss -Htnp state established | awk -v node="$node" '/ceph-(osd|mon|mgr)/ { print node, $3, $4 }'
  done | grep -v ' 127\.' | sort
}
# Since when each OSD is up, and when it was last down: an OSD marked down changes both.
osd_history() { ask_ceph osd dump --format json | jq -c '[.osds[] | {osd, up, up_from, down_at}]'; }

links_of() { # NODE: all of them up
  agent_status "$1" --json 2>/dev/null |
    jq --exit-status --argjson links $((${#NODES[@]} - 1)) '[.links[] | select(.state == "up")] | length == $links' >/dev/null
}
# restart_agent NUMBER
restart_agent() {
  local node=${NODES[$(($1 % ${#NODES[@]}))]} away=${AWAY[$(($1 % ${#AWAY[@]}))]} began
  end_agent "$node" KILL
  sleep "$away"
  start_agent "$node"
  began=$(now_ms)
  wait_for 20 "the links of $node" links_of "$node"
  echo "$1 $node $away $(seconds_since "$began")" | tee -a "$SOAK/restarts"
  sleep 3
  # Two links of a tenth of a second are no proof that Ceph goes on: the benchmark has to.
  is_alive bench
}
restart_all() {
  local i
  for ((i = 0; i < TIMES; i++)); do restart_agent "$i"; done
}

use_cluster "$RATE" "$DRIVER"
step "watching what leaves each node" watch_wire
step "rados bench, 4 MiB writes" start_bench
connections >"$SOAK/connections.before"
osd_history >"$SOAK/osds.before"
step "kill -9 and start again, $TIMES times" restart_all
connections >"$SOAK/connections.after"
osd_history >"$SOAK/osds.after"
step "the end of rados bench" wait_for 900 "the end of rados bench" has_ended bench
step "Ceph: health" wait_for 180 HEALTH_OK cluster_healthy
step "what was seen on the wire" stop_watching_wire

held=0 broken=0
# verdict TEXT COMMAND...
verdict() {
  local text=$1
  shift
  if "$@"; then
    say "  holds   $text"
    held=$((held + 1))
  else
    say "  BROKEN  $text"
    broken=$((broken + 1))
  fi
}
no_failed_operation() { ! grep -iE 'error|fail|timed out' "$SOAK/bench.out" "$SOAK/bench.err"; }
connections_survived() { comm -23 "$SOAK/connections.before" "$SOAK/connections.after" | tee "$SOAK/connections.lost" | (! grep .); }
no_osd_down() { cmp "$SOAK/osds.before" "$SOAK/osds.after"; }
nothing_unshaped() {
  local node
  for node in "${NODES[@]}"; do unshaped_from "$node" | head -n 5 | (! grep .) || return 1; done
}
heading "What was noticed of $TIMES restarts"
awk '{ printf "  %2d  %-5s away for %.1f s, its links up %.1f s after its start\n", $1 + 1, $2, $3, $4 }' "$SOAK/restarts"
say "  rados bench: $(sed -n 's/^Bandwidth (MB\/sec): */mean MB\/s /p; s/^Max latency(s): */, longest write s /p' "$SOAK/bench.out" | tr -d '\n')"
say "  $(wc -l <"$SOAK/connections.before") TCP ends of Ceph's daemons before"
verdict "no operation failed" no_failed_operation
verdict "every TCP connection between the daemons survived" connections_survived
verdict "no OSD was marked down" no_osd_down
verdict "nothing but cells left a node" nothing_unshaped
say ""
say "$held hold, $broken broken"
((broken == 0))
