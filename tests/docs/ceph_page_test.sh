#!/bin/bash
# docs/ceph.md on the lab, its commands exactly as written and in their order: a plain cluster under load, shaped node by
# node, and back. No operation of the client fails, no OSD is ever marked down, and Ceph ends healthy each time.
# What a lab's namespaces lack of real hosts (ssh, scp, systemd, an /etc each) the programs in shims/ stand in for.
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/common.sh"
: "${CUTTLE:?the program to test}"
SHIMS=$CUTTLE_ROOT/tests/docs/shims
PAGE=$CUTTLE_ROOT/docs/ceph.md
export CUTTLE LAB_NAME STATE

# blocks HEADING: the commands in the boxes marked sh below "## HEADING".
blocks() {
  awk -v heading="## $1" '
    /^## / { inside = ($0 == heading) }
    /^```/ { if (code) code = 0; else if (inside && $0 == "```sh") { code = 1; next } }
    inside && code { print }' "$PAGE"
}

# follow HEADING: as somebody at the node mon would.
follow() {
  local commands
  commands=$(blocks "$1")
  [[ -n $commands ]] || fail "the page has no commands under '$1'"
  echo "== $1"
  lab sh mon -- "$SHIMS/at" mon "$STATE/admin" "set -e; $commands" >"$STATE/followed" 2>&1 ||
    fail "'$1': $(cat "$STATE/followed")"
  sed 's/^/   /' "$STATE/followed"
}

# Writes without a pause until $STATE/enough is there; each round that fails is a line in $STATE/failures.
load() {
  until [[ -e $STATE/enough ]]; do
    lab sh mon -- timeout 120 rados -p bench bench 4 write -b 65536 -t 4 >"$STATE/round" 2>&1 ||
      echo "rados bench: $(tail -n 3 "$STATE/round")" >>"$STATE/failures"
    grep 'Max latency' "$STATE/round" >>"$STATE/latencies" || true
    lab sh mon -- timeout 120 rados -p bench put page "$PAGE" 2>"$STATE/put" ||
      echo "rados put: $(tail -n 3 "$STATE/put")" >>"$STATE/failures"
    lab sh mon -- timeout 120 rados -p bench get page "$STATE/page" 2>"$STATE/get" ||
      echo "rados get: $(tail -n 3 "$STATE/get")" >>"$STATE/failures"
    cmp -s "$PAGE" "$STATE/page" || echo "what was read is not what was written" >>"$STATE/failures"
    echo round >>"$STATE/rounds"
  done
}

rounds() { wc -l <"$STATE/rounds"; }

# two_more_rounds: of the load, begun and ended in the present state.
two_more_rounds() {
  local wanted=$(($(rounds) + 2)) until=$((SECONDS + 90))
  while (($(rounds) < wanted)); do
    ((SECONDS < until)) || fail "the load does not go on: $(cat "$STATE/round")"
    sleep 0.5
  done
}

expect_healthy() {
  local until=$((SECONDS + 90))
  until [[ $(lab sh mon -- ceph health) == HEALTH_OK ]]; do
    ((SECONDS < until)) || fail "$1: not healthy: $(lab sh mon -- ceph health detail)"
    sleep 1
  done
  echo "HEALTH_OK $1"
}

# When each OSD last came up: another epoch means that it was marked down in between.
osd_epochs() { lab sh mon -- ceph osd dump --format json | jq -c '[.osds[] | {osd, up_from}]'; }

# frames_of_a_second: source, destination and what they are, of all that crosses the fabric on osd0's port.
frames() { lab sh fabric -- timeout 20 tcpdump -Z root -n -c 2000 -i osd0 "$@" 2>/dev/null || true; }

clean_after() {
  [[ -z ${loader:-} ]] || kill "$loader" 2>/dev/null || true
  lab down >/dev/null 2>&1 || true
  rmdir /etc/cuttle /run/cuttle /var/lib/cuttle-mesh 2>/dev/null || true
}
trap clean_after EXIT

lab up --plain
mkdir -p "$STATE/admin" "$STATE"/{etc,etc-ceph,mesh,cuttle-run}/{mon,osd0,osd1}
for node in mon osd0 osd1; do cp "$STATE/ceph.conf" "$STATE/etc-ceph/$node/"; done
: >"$STATE/failures"
: >"$STATE/rounds"
epochs=$(osd_epochs)
load &
loader=$!
two_more_rounds

follow "2. Enrol the hosts"
follow "3. One node at a time"
tail -n 60 "$STATE/followed" | grep -q ' up ' || fail "no link is up"
follow "4. Close the door for good"
two_more_rounds
expect_healthy "with all links up"
# A train that no device has cut is one frame of a whole number of cells.
other=$(frames -c 400 | awk '/ARP/ { next } / UDP, length [0-9]+$/ && $NF % 1472 == 0 { next } { n++ } END { print n + 0 }')
((other == 0)) || fail "$other frames on the fabric are no cells"
echo "on the fabric: nothing but cells"

follow "5. Back again"
two_more_rounds
expect_healthy "after going back"
frames -c 2000 'tcp' | grep -q 'Flags' || fail "no plain traffic after going back"

touch "$STATE/enough"
wait "$loader"
[[ ! -s $STATE/failures ]] || fail "operations failed: $(cat "$STATE/failures")"
[[ $(osd_epochs) == "$epochs" ]] || fail "an OSD was marked down: $epochs, then $(osd_epochs)"
echo "$(rounds) rounds of the load, none failed; longest wait of an operation: $(awk '{ if ($3 > m) m = $3 } END { print m }' "$STATE/latencies") s"
lab down
