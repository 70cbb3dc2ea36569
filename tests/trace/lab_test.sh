#!/bin/bash
# A real cluster: one write and one read traced, whole and in order; and the writes that fail.
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/common.sh"
TRACE=${TRACE:-$CUTTLE_ROOT/build/release/src/trace/standalone/cuttle-trace}

# trace ARGUMENTS...: from the client's node. Prints what it prints; its status is in $STATUS.
trace() {
  STATUS=0
  lab sh mon -- timeout 60 "$TRACE" "$@" --no-agents >"$STATE/out" 2>"$STATE/err" || STATUS=$?
}

expect() { jq --exit-status "$2" "$STATE/out" >/dev/null || fail "$1: $(head -c 2000 "$STATE/out")"; }

# expect_failure WHAT PATTERN
expect_failure() {
  ((STATUS == 1)) || fail "$1: status $STATUS: $(cat "$STATE/err")"
  grep -q "FAILED in .*$2" "$STATE/out" || fail "$1: $(tail -n 4 "$STATE/out")"
  echo "$1: $2"
}

lab up --plain
printf 'Hello^' >"$STATE/written"
conf=(--conf "$STATE/ceph.conf")

trace put bench greeting "$STATE/written" "${conf[@]}" --count 5 --json
((STATUS == 0)) || fail "put: status $STATUS: $(cat "$STATE/err")"
expect "five writes" '.traces | length == 5'
expect "at least 25 distinct steps" '[.traces[] | [.steps[].id] | unique | length >= 25] | all'
expect "within 5 % of the client's own time" \
  '[.traces[] | ((.total_ns - .elapsed_ns) | fabs) * 20 <= .elapsed_ns] | all'
expect "four hops, none received before it was sent" \
  '[.traces[] | [.steps[] | select(.lane == "wire") | .duration_ns >= 0] | length == 4 and all] | all'
expect "nothing missing" '[.traces[].notices | length == 0] | all'
size=$(lab sh osd0 -- ceph --conf "$STATE/ceph.conf" tell osd.0 config get osd_op_history_size | jq --raw-output .osd_op_history_size)
[[ $size == 20 ]] || fail "osd.0 was left with a history of $size"

trace get bench greeting "$STATE/read" "${conf[@]}" --json
((STATUS == 0)) || fail "get: status $STATUS: $(cat "$STATE/err")"
cmp "$STATE/written" "$STATE/read" || fail "another object came back"
expect "the read's primary" '[.traces[0].steps[] | select(.lane == "primary")] | length > 5'

trace put nowhere greeting "$STATE/written" "${conf[@]}"
expect_failure "no such pool" 'rados_ioctx_create: No such file or directory (2)'
sed 's/^mon host = .*/mon host = 10.77.0.99/' "$STATE/ceph.conf" >"$STATE/away.conf"
trace put bench greeting "$STATE/written" --conf "$STATE/away.conf" --timeout 5
expect_failure "no monitor" 'rados_connect: Connection timed out (110)'
ceph-authtool --create-keyring "$STATE/wrong.keyring" --gen-key -n client.admin >/dev/null
sed "s#^keyring = .*#keyring = $STATE/wrong.keyring#" "$STATE/ceph.conf" >"$STATE/wrong.conf"
trace put bench greeting "$STATE/written" --conf "$STATE/wrong.conf"
expect_failure "wrong key" 'rados_connect: Permission denied (13)'

read -r osd _ <"$STATE/processes/ceph-osd0"
kill -STOP "$osd"
began=$SECONDS
trace put bench greeting "$STATE/written" "${conf[@]}" --timeout 6
kill -CONT "$osd"
((SECONDS - began < 12)) || fail "an OSD that hangs made the trace hang"
expect_failure "an OSD that hangs" 'rados_write_full: Connection timed out (110)'

# Full from the first block on, as far as the cluster is concerned; the ratios have to rise in this order.
ratios() { # NEARFULL BACKFILLFULL FULL
  local kind
  for kind in nearfull backfillfull full; do
    lab sh mon -- ceph osd "set-$kind-ratio" "$1" >/dev/null 2>&1
    shift
  done
}
# "full" among the states of both OSDs in the map that a client gets, not the health's words: those also say "nearfull".
osds_are_full() {
  lab sh mon -- ceph osd dump --format json 2>/dev/null |
    jq --exit-status '[.osds[].state | index("full") != null] == [true, true]' >/dev/null
}
ratios 0.00001 0.00002 0.00003
for _ in {1..120}; do
  ! osds_are_full || break
  sleep 0.5
done
osds_are_full || fail "the OSDs are not full: $(lab sh mon -- ceph health detail)"
trace put bench greeting "$STATE/written" "${conf[@]}" --timeout 6
expect_failure "a full cluster" 'rados_write_full: Connection timed out (110)'
grep -q 'the OSD map forbids it for now' "$STATE/out" || fail "it does not say that the map forbids it: $(cat "$STATE/out")"
ratios 0.85 0.9 0.95

for node in osd0 osd1; do
  read -r osd _ <"$STATE/processes/ceph-$node"
  kill -TERM "$osd"
done
# Until they are gone they may still answer.
for _ in {1..120}; do
  [[ $(lab_processes) == *ceph-osd* ]] || break
  sleep 0.25
done
[[ $(lab_processes) != *ceph-osd* ]] || fail "the OSDs did not end: $(lab_processes)"
began=$SECONDS
trace put bench greeting "$STATE/written" "${conf[@]}" --timeout 6
((SECONDS - began < 15)) || fail "missing OSDs made the trace hang"
expect_failure "no OSD left" 'rados_write_full: Connection timed out (110)'
