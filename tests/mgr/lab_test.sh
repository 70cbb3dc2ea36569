#!/bin/bash
# The module in a real manager, beside a real monitor, without OSDs: hosts write their entries with their own keys, and Ceph's
# own commands show how the links are; gone when mended. Bad entries and a manager's key that may not read say what to do.
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/common.sh"
name=$LAB_NAME
for part in scripts/lib/say lab/settings lab/processes lab/network lab/ceph lab/monitor lab/up; do
  # shellcheck source=/dev/null
  source "$CUTTLE_ROOT/$part.sh"
done
LAB_NAME=$name
derive_settings
# shellcheck disable=SC2034  # make_network reads it
NODES=(mon)
HOSTS=(mon osd0 osd1)

# state HOST "LINKS" [FIELDS]: the text of an entry. Each is of another time than the one before.
time=0
state() {
  time=$((time + 1))
  printf '{"version":1,"host":"%s","time":%d,"agent":"running","links":[%s]%s}' "$1" "$time" "$2" "${3:-}"
}
link() { printf '{"peer":"%s","state":"%s","open":%s,"hiding":"%s","late_p99_us":120}' "$1" "$2" "$3" "${4:-hidden}"; }

# publish HOST TEXT|-i FILE: with the host's own key, which may write this and nothing else.
publish() {
  local host=$1
  shift
  ask_ceph --name "client.cuttle.$host" --keyring "$STATE/$host.keyring" config-key set "cuttle/state/$host" "$@" >/dev/null 2>&1
}
all_is_well() {
  publish mon "$(state mon "$(link osd0 up false),$(link osd1 up false)")"
  publish osd0 "$(state osd0 "$(link mon up false),$(link osd1 up false)")"
  publish osd1 "$(state osd1 "$(link mon up false),$(link osd0 up false)")"
}

# shows PATTERN, shows_none: what `ceph health detail` says of Cuttle.
cuttle_health() { ask_ceph health detail >"$STATE/health" 2>&1 && grep -A 20 CUTTLE_ "$STATE/health" >"$STATE/said"; }
shows() { cuttle_health && grep -q -- "$1" "$STATE/said"; }
shows_none() { ! cuttle_health; }
expect() {
  wait_for 20 "$1" shows "$1" || fail "$(cat "$STATE/health")"
  echo "ceph health detail: $(grep -m 1 -- "$1" "$STATE/said")"
}
expect_none() { wait_for 20 "no check of Cuttle's" shows_none || fail "$1: $(cat "$STATE/health")"; }

prepare_state
rm "$STATE/processes/up" # no lab that is coming up, for lab down
make_network >/dev/null
start_monitor 2>/dev/null
mkdir "$STATE/modules"
ln -s /usr/share/ceph/mgr/* "$CUTTLE_ROOT/mgr/cuttle" "$STATE/modules"
printf '[mgr]\nmgr module path = %s\n' "$STATE/modules" >>"$STATE/ceph.conf"
ask_ceph config set mgr mgr/cuttle/interval 1 --force
for option in down_after open_after late_after; do ask_ceph config set mgr "mgr/cuttle/$option" 0 --force; done
start_manager
is_there() { ask_ceph mgr module ls | grep -q '"cuttle"'; }
wait_for 30 "the module in the manager's list" is_there
for host in "${HOSTS[@]}"; do
  ask_ceph auth get-or-create "client.cuttle.$host" mon "allow r, allow command \"config-key set\" with key=\"cuttle/state/$host\"" \
    -o "$STATE/$host.keyring"
  ask_ceph config-key set "cuttle/peer/$host" "{\"version\":1,\"host\":\"$host\"}" 2>/dev/null
done
all_is_well
ask_ceph mgr module enable cuttle
answers() { ask_ceph cuttle status >"$STATE/status" 2>&1 && grep -q 'Read [0-9]* s ago' "$STATE/status"; }
wait_for 30 "ceph cuttle status" answers || fail "$(cat "$STATE/status" "$STATE/log/mgr.a.log" | tail -n 40)"
cat "$STATE/status"
[[ $(grep -c '^\(mon\|osd.\) *in *running *2 of 2 ' "$STATE/status") == 3 ]] || fail "the table"
expect_none "all is well"

publish mon "$(state mon "$(link osd0 connecting false),$(link osd1 up true tells)" \
  ',"problems":[{"code":"CUTTLE_KEY_CHANGED","host":"osd1","text":"its entry has another key","fix":"cuttle mesh accept osd1"}]')"
expect 'CUTTLE_LINK_DOWN: 1 link is down'
expect 'mon - osd0: connecting as mon sees it, up as osd0 sees it. To do'
expect 'CUTTLE_LINK_OPEN: 1 link is open'
expect 'CUTTLE_LATE: 1 link'
expect 'osd1: mon says: its entry has another key. To do, once you know why: cuttle mesh accept osd1'
ask_ceph -s | grep -q '1 link is down' || fail "ceph -s says nothing"
ask_ceph cuttle status --format json | jq -e '.hosts | length == 3' >/dev/null || fail "no JSON"
ask_ceph cuttle status osd0 | grep -q '^mon  *up ' || fail "one host"
ask_ceph config set mgr mgr/cuttle/muted CUTTLE_LATE
all_is_well
expect_none "mended"

# The first entry of another host's, by a host's key.
! ask_ceph --name client.cuttle.osd0 --keyring "$STATE/osd0.keyring" config-key set cuttle/state/osd1 x 2>/dev/null ||
  fail "a host's key may write another's entry"
head -c 3000 /dev/urandom >"$STATE/binary"
head -c 65536 /dev/zero | tr '\0' '[' >"$STATE/long"
publish mon -i "$STATE/binary"
publish osd0 -i "$STATE/long"
publish osd1 "$(state osd1 "$(link mon up false)" ',"problems":[{"code":"CUTTLE_X","text":"a\u001b[31m\ud800 \u202e"}]')"
expect 'cuttle/state/mon: it is binary'
expect 'cuttle/state/osd0: it is no JSON (65536 characters)'
expect 'CUTTLE_X, osd1 says: a?\[31m? ?$'
publish mon "$(state mon '' ',"version":9')"
expect 'cuttle/state/mon: it is of version 9'
all_is_well
expect_none "mended entries"

ask_ceph config set mgr mgr/cuttle/silent_after 3
expect 'CUTTLE_HOST_SILENT: 3 hosts do not report'
ask_ceph config rm mgr mgr/cuttle/silent_after
expect_none "hosts have time again"

# A manager with fewer rights than its profile gives.
services=$(printf 'allow service %s rwx, ' mgr log mon osd mds fs auth config)
ask_ceph auth caps mgr.a mon "${services%, }" osd 'allow *' mds 'allow *' 2>/dev/null
kill -TERM "$(process_pid ceph-mgr)"
wait_for 20 "the manager's end" eval '! process_lives ceph-mgr'
start_manager
expect "To do: ceph auth caps mgr.a mon 'allow profile mgr'"
! grep -q 'MGR_MODULE_ERROR\|Traceback' "$STATE/health" "$STATE/log/mgr.a.log" || fail "the module failed"
lab down
expect_nothing_left "after down"
