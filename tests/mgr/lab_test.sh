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

# ask NAME: commands on stdin, as JSON, by the client of that name.
ask() { in_node mon timeout 60 /usr/bin/python3 -B "$CUTTLE_ROOT/tests/mgr/ask.py" "$STATE/ceph.conf" "$STATE/$1.keyring" "$1"; }
# writes HOST TEXT: the command that does.
writes() { jq -c -n --arg key "cuttle/state/$1" --arg val "$2" '{prefix: "config-key set", $key, $val}'; }
sets() { jq -c -n --arg name "mgr/cuttle/$1" --arg value "$2" '{prefix: "config set", who: "mgr", $name, $value, force: true}'; }

# state HOST "LINKS" [FIELDS]: the text of an entry. Each is of another time than the one before.
state() {
  printf '{"version":1,"host":"%s","time":%s,"agent":"running","links":[%s]%s}' "$1" "${EPOCHREALTIME/,/.}" "$2" "${3:-}"
}
link() { printf '{"peer":"%s","state":"%s","open":%s,"hiding":"%s","late_p99_us":120}' "$1" "$2" "$3" "${4:-hidden}"; }
all_is_well() {
  {
    writes mon "$(state mon "$(link osd0 up false),$(link osd1 up false)")"
    writes osd0 "$(state osd0 "$(link mon up false),$(link osd1 up false)")"
    writes osd1 "$(state osd1 "$(link mon up false),$(link osd0 up false)")"
  } | ask client.admin >/dev/null
}

# What `ceph health detail` says of Cuttle, in $STATE/health.
look() { ask client.admin <<<'{"prefix":"health","detail":"detail"}' >"$STATE/health" 2>&1; }
says() { grep -q -- "$1" "$STATE/health"; }
comes_to_say() { look && says "$1"; }
expect() { # PATTERN
  says "$1" || wait_for 20 "$1" comes_to_say "$1" || fail "$(cat "$STATE/health")"
  echo "ceph health detail: $(grep -m 1 -- "$1" "$STATE/health")"
}
is_silent() { look && ! says CUTTLE_; }
expect_none() { wait_for 20 "no check of Cuttle's" is_silent || fail "$1: $(cat "$STATE/health")"; }

prepare_state
rm "$STATE/processes/up" # no lab that is coming up, for lab down
make_network >/dev/null
start_monitor 2>/dev/null
mkdir "$STATE/modules"
# Ceph's other modules have no part in this, and would take seconds to load.
ln -s /usr/share/ceph/mgr/*.py "$CUTTLE_ROOT/mgr/cuttle" "$STATE/modules"
printf '[mgr]\nmgr module path = %s\n' "$STATE/modules" >>"$STATE/ceph.conf"
ask_ceph mgr module enable cuttle --force 2>/dev/null # else it has to be known, and the manager starts anew
{
  sets interval 1
  for option in down_after open_after late_after; do sets "$option" 0; done
  for host in "${HOSTS[@]}"; do
    jq -c -n --arg key "cuttle/peer/$host" --arg val "{\"version\":1,\"host\":\"$host\"}" '{prefix: "config-key set", $key, $val}'
  done
} | ask client.admin >/dev/null
all_is_well

# First with fewer rights than a manager's profile gives. What the check says to do is done.
services=$(printf 'allow service %s rwx, ' mgr log mon osd mds fs auth config)
ask_ceph auth caps mgr.a mon "${services%, }" osd 'allow *' mds 'allow *' 2>/dev/null
start_manager
look
expect "To do: ceph auth caps mgr.a mon 'allow profile mgr'"
mend=$(sed -n "s/.*config-key store. To do: //p" "$STATE/health")
(
  # shellcheck disable=SC2317  # eval calls it
  ceph() { ask_ceph "$@"; }
  eval "$mend" 2>/dev/null
)
expect_none "a manager with its profile's rights, and all is well"
ask_ceph cuttle status >"$STATE/status"
cat "$STATE/status"
[[ $(grep -c '^\(mon\|osd.\) *in *running *2 of 2 ' "$STATE/status") == 3 ]] || fail "the table"

# Each host has a key of its own, which may write its state and nothing else.
ask_ceph auth get-or-create client.cuttle.mon mon 'allow r, allow command "config-key set" with key="cuttle/state/mon"' \
  -o "$STATE/client.cuttle.mon.keyring"
writes mon "$(state mon "$(link osd0 connecting false),$(link osd1 up true tells)" \
  ',"problems":[{"code":"CUTTLE_KEY_CHANGED","host":"osd1","text":"its entry has another key","fix":"cuttle mesh accept osd1"}]')" |
  ask client.cuttle.mon >/dev/null
! writes osd1 x | ask client.cuttle.mon >/dev/null 2>&1 || fail "a host's key may write another's entry"
expect 'CUTTLE_LINK_DOWN: 1 link is down'
expect 'mon - osd0: connecting as mon sees it, up as osd0 sees it. To do'
expect 'CUTTLE_LINK_OPEN: 1 link is open'
expect 'CUTTLE_LATE: 1 link'
expect 'osd1: mon says: its entry has another key. To do, once you know why: cuttle mesh accept osd1'
ask_ceph -s | grep -q '1 link is down' || fail "ceph -s says nothing"
ask_ceph health detail | grep -q 'CUTTLE_LINK_OPEN: 1 link is open' || fail "ceph health detail says nothing"
ask_ceph cuttle status --format json | jq -e '.hosts | length == 3' >/dev/null || fail "no JSON"
ask client.admin <<<'{"prefix":"cuttle status","host":"osd0"}' | grep -q '^mon  *up ' || fail "one host"
all_is_well
expect_none "mended"

# config-key takes text only from JSON, so the binary comes by a file.
head -c 3000 /dev/urandom >"$STATE/binary"
ask_ceph config-key set cuttle/state/mon -i "$STATE/binary" 2>/dev/null
{
  writes osd0 "$(head -c 65536 /dev/zero | tr '\0' '[')"
  writes osd1 "$(state osd1 "$(link mon up false)" ',"problems":[{"code":"CUTTLE_X","text":"a\u001b[31m\ud800 \u202e"}]')"
} | ask client.admin >/dev/null
expect 'cuttle/state/mon: it is binary'
expect 'cuttle/state/osd0: it is no JSON (65536 characters)'
expect 'CUTTLE_X, osd1 says: a?\[31m? ?. To do there: cuttle mesh status$'
all_is_well
expect_none "mended entries"

# 'config rm' a manager of Ceph 16 takes note of only when it starts.
sets silent_after 2 | ask client.admin >/dev/null
expect 'CUTTLE_HOST_SILENT: 3 hosts do not report'
! grep "Module 'cuttle' has\|Traceback" "$STATE/health" "$STATE/log/mgr.a.log" || fail "the module failed"
lab down
expect_nothing_left "after down"
