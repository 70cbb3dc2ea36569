#!/bin/bash
# summary: the lab under mixed load and random faults for MINUTES; at the end nothing lost, leaked or seen
# example: ./run soak --minutes 20; ./run soak --minutes 2 --seed 7
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/lib/own_lab.sh
source "$CUTTLE_ROOT/scripts/lib/own_lab.sh"
for part in cluster wire relay faults load memory verdict; do
  # shellcheck source=/dev/null
  source "$CUTTLE_ROOT/scripts/soak/$part.sh"
done

usage() {
  cat <<'TEXT'
usage: ./run soak [--minutes M] [--seed N] [--rate R] [--name N]

  The lab's cluster works under Cuttle: objects are written, appended to, read and removed, and each byte that is
  read is compared. Meanwhile, drawn from the seed, agents are killed and started again, links are cut for up to
  3 s, the network loses, duplicates, reorders, corrupts and replays cells, and a stranger floods the nodes.
  At the end: Ceph healthy; every object right; no datagram delivered twice or altered; no packet but cells seen
  leaving a node; memory and descriptors of every agent flat.

  --minutes M  how long (default 20)
  --seed N     of the faults and the load (default: by the clock; the summary names it)
  --rate R     of a link (default 100Mb/s)
  --name N     of the lab (default cuttle-soak)

Results: out/soak/summary.txt and out/soak/summary.json. Exit status 1 when anything of that did not hold.
TEXT
}

MINUTES=20
SEED=$((10#$(date +%H%M%S)))
RATE=100Mb/s
LAB_NAME=cuttle-soak
# value OPTION FORM VALUE
value() {
  [[ ${3:-} =~ ^($2)$ ]] || DIE_STATUS=2 die "$1 '${3:-}': not what it takes (./run soak --help)"
}
while (($# > 0)); do
  case $1 in
    -h | --help | help) usage && exit 0 ;;
    --minutes) value "$1" '[1-9][0-9]{0,3}' "${2:-}" && MINUTES=$2 ;;
    --seed) value "$1" '[0-9]{1,9}' "${2:-}" && SEED=$2 ;;
    --rate) value "$1" '[0-9.]+ ?[kMG]?b/s' "${2:-}" && RATE=${2// /} ;;
    --name) value "$1" '[a-z][a-z0-9-]{0,30}' "${2:-}" && LAB_NAME=$2 ;;
    *) DIE_STATUS=2 die "no option '$1' for 'soak' (./run soak --help)" ;;
  esac
  shift 2
done

setup_packages
((EUID == 0)) || DIE_STATUS=2 die "the lab's nodes are network namespaces, which need root; run 'sudo ./run soak'"
SOAK=$OUT/soak
rm -rf "$SOAK"
mkdir -p "$SOAK"
build_release cuttle objects impair inject sequence
# shellcheck disable=SC2034  # its parts read it
TOOLS=$CUTTLE_ROOT/build/release/tests/tools
heading "Soak: $MINUTES minutes, seed $SEED"
trap lab_interrupted INT TERM
trap end_soak EXIT

use_cluster "$RATE"
step "a stranger records cells, to send them again" record_cells
step "a bad cable at osd1" start_relay
step "watching what leaves each node" watch_wire
step "load: objects and numbered datagrams" start_load
start_watching_memory
run_faults "$MINUTES"
step "the last faults pass, the load ends and checks itself" end_load
stop_watching_memory
step "Ceph: health" wait_for 180 HEALTH_OK cluster_healthy
step "what was seen on the wire" stop_watching_wire
stop_relay
write_verdict
