#!/bin/bash
# A kernel that shares out real-time priority by control groups (RT_GROUP_SCHED, ./run kernel): in a group without a share it
# is refused, though whoever looks from a shell may have it. The agent runs on and says so; `doctor` looks where the agent is.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
GROUPS_AT=/sys/fs/cgroup
UNIT=/unit

set_up() {
  network
  connect
  RATE="20 Mb/s" SLOT="5 ms" configure
  echo +cpu >"$GROUPS_AT/cgroup.subtree_control" || fail "no cpu controller"
  mkdir -p "$GROUPS_AT$UNIT"
  start_agent b
}
# As a unit of systemd's has it.
start_in_unit() {
  (
    echo "$BASHPID" >"$GROUPS_AT$UNIT/cgroup.procs"
    exec ip netns exec "$NET-a" "$CUTTLE" up --config "$WORK/a.toml" >>"$WORK/a.log" 2>&1
  ) &
  echo $! >"$WORK/a.pid"
  disown # so that bash does not comment on its end
}
doctor() { in_space a timeout 60 "$CUTTLE" doctor --config "$WORK/a.toml" >"$WORK/doctor" 2>&1 || true; }

refused_in_the_unit() {
  set_up
  chrt -f 1 true || fail "not even the shell may have real-time priority"
  start_in_unit
  wait_up
  expect_same "real-time priority in the unit's group" false "$(status a .realtime.active)"
  [[ $(status a .realtime.why_not) == *"SCHED_FIFO refused"* ]] || fail "it says: $(status a .realtime.why_not)"
  in_space a ping -q -c 3 -i 0.2 -W 3 "${V4[b]}" >/dev/null || fail "the link does not carry"
  doctor
  grep -A 3 "permitted here, but not in its control group $UNIT" "$WORK/doctor" || fail "doctor says: $(<"$WORK/doctor")"
}

run_case refused_in_the_unit
finish
