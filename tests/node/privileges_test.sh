#!/bin/bash
# A running agent is nobody in particular: an unprivileged user with four capabilities, none to be regained, a system
# call filter, locked memory, and no core dump; and as that it still does all that it has to.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# CAP_NET_ADMIN (12), CAP_IPC_LOCK (14), CAP_SYS_NICE (23), CAP_BPF (39)
KEPT=$(printf '%016x' $((1 << 12 | 1 << 14 | 1 << 23 | 1 << 39)))
NOBODY=$(id -u nobody)

of_process() { # PID FIELD
  awk -v field="$2:" '$1 == field { $1 = ""; print substr($0, 2) }' "/proc/$1/status"
}
# Of /proc/PID/stat, behind the name: PF_MEMALLOC_NOIO and PF_LOCAL_THROTTLE (PR_SET_IO_FLUSHER, prctl(2)).
is_io_flusher() { # PID
  local flags
  flags=$(sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f7)
  (((flags & 0x180000) == 0x180000))
}
# A container may lack CAP_SYS_RESOURCE (24); then the agent says that it is none.
may_be_io_flusher() {
  (((0x$(of_process self CapEff | tr -d ' ') >> 24) & 1))
}
expect_harmless() { # NODE
  local pid field task
  pid=$(<"$WORK/$1.pid")
  expect_same "users of $1 (real, effective, saved, file system)" "$NOBODY $NOBODY $NOBODY $NOBODY" "$(of_process "$pid" Uid)"
  expect_same "groups of $1" "" "$(of_process "$pid" Groups)"
  for task in "/proc/$pid/task"/*; do
    for field in CapEff CapPrm; do
      expect_same "$field of $1's thread $(<"$task/comm")" "$KEPT" "$(of_process "$pid/task/${task##*/}" "$field")"
    done
    is_io_flusher "$pid/task/${task##*/}" || ! may_be_io_flusher ||
      fail "$1's thread $(<"$task/comm") may wait for what is written back"
    expect_same "NoNewPrivs of $1's threads" 1 "$(of_process "$pid/task/${task##*/}" NoNewPrivs)"
    expect_same "Seccomp of $1's threads" 2 "$(of_process "$pid/task/${task##*/}" Seccomp)"
  done
  expect "locked memory of $1 in kB" "$(of_process "$pid" VmLck | tr -dc 0-9)" '>' 1000
  # Not dumpable: its files in /proc are root's.
  expect_same "owner of /proc/PID/mem" 0 "$(stat -c %u "/proc/$pid/mem")"
}
expect_io_flusher_or_said() { # NODE
  may_be_io_flusher || grep -q 'storage over the links may wait for itself.*CAP_SYS_RESOURCE' "$WORK/$1.log" ||
    fail "it does not say that it is no I/O flusher"
}
expect_at_work() {
  transfer "${V4[b]}" --bytes 1000000
  expect_same "the checksum is the sender's" true "$(transferred match)"
  in_space a nft flush ruleset
  eventually 20 has_guard || fail "the guard does not come back"
}
has_guard() { in_space a nft list table inet cuttle >/dev/null 2>&1; }

# Started by root, who gives its rights away once all is set up.
becomes_another_user() {
  local node
  network
  connect
  RATE="20 Mb/s" configure
  for node in a b; do
    sed -i 's/^\[runtime\]/&\nuser = "nobody"/' "$WORK/$node.toml"
    machine_state "$node" >"$WORK/$node.before"
  done
  start_agents
  expect_harmless a
  expect_io_flusher_or_said a
  expect_at_work
  stop_agent a KILL
  start_agent a
  wait_up
  stop_agent a
  take_down a
  expect_same "the machine of a after down" "$(<"$WORK/a.before")" "$(machine_state a)"
}

# Started as that user with these capabilities from the beginning, as packaging/systemd does.
starts_as_that_user() {
  local kept=+net_admin,+sys_nice,+ipc_lock,+bpf
  network
  connect
  RATE="20 Mb/s" configure
  chmod 711 "$WORK"
  mkdir "$WORK/run"
  sed -i "s|^control_socket = .*|control_socket = \"$WORK/run/a.sock\"|" "$WORK/a.toml"
  cp "$WORK/psk" "$WORK/b.psk"
  sed -i 's/^preshared_key_file = .*/preshared_key_file = "b.psk"/' "$WORK/b.toml"
  chown -R nobody "$WORK/run" "$WORK"/a.* "$WORK/psk"
  ln -s run/a.sock "$WORK/a.sock"
  # A /dev/net of its own, whose tun everybody may open, as udev makes it. (ip netns exec: mounts stay inside.)
  # shellcheck disable=SC2086,SC2016  # words are meant; expands inside
  ip netns exec "$NET-a" sh -c 'mount -t tmpfs tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec "$@"' \
    sh setpriv --reuid nobody --regid nogroup --clear-groups --bounding-set -all,$kept \
    --inh-caps $kept --ambient-caps $kept --no-new-privs "$CUTTLE" up --config "$WORK/a.toml" \
    ${CUTTLE_UP_OPTIONS:-} >>"$WORK/a.log" 2>&1 &
  echo $! >"$WORK/a.pid"
  disown
  start_agent b
  wait_up
  expect_harmless a
  expect_at_work
}

nobody_by_that_name() {
  local status=0
  network
  RATE="20 Mb/s" configure
  sed -i 's/^\[runtime\]/&\nuser = "no-such-user"/' "$WORK/a.toml"
  in_space a timeout 10 "$CUTTLE" up --config "$WORK/a.toml" 2>"$WORK/refused" || status=$?
  expect_same "exit status" 2 "$status"
  grep -qE 'a.toml:[0-9]+: runtime.user: there is no user no-such-user; `adduser' "$WORK/refused" ||
    fail "it says: $(<"$WORK/refused")"
}

# While an agent with runtime.cpu_latency runs, the machine's CPUs sleep no deeper; before and after, as they did.
keeps_cpus_from_deep_sleep() {
  local before
  network
  connect
  RATE="20 Mb/s" RUNTIME='cpu_latency = "0 us"' configure
  if [[ ! -e /dev/cpu_dma_latency ]]; then # a container without it
    start_agents
    grep -q "runtime.cpu_latency is not kept.*No such file" "$WORK/a.log" || fail "it does not say that it cannot"
    return
  fi
  before=$(cpu_latency_us)
  [[ $before -gt 0 ]] || fail "something on this machine holds a CPU latency of 0 already"
  start_agents
  expect_same "CPU latency while agents run" 0 "$(cpu_latency_us)"
  stop_agent a
  expect_same "CPU latency while one agent runs" 0 "$(cpu_latency_us)"
  stop_agent b
  expect_same "CPU latency afterwards" "$before" "$(cpu_latency_us)"
}
cpu_latency_us() { od -An -td4 -N4 /dev/cpu_dma_latency | tr -d ' '; }

for case in keeps_cpus_from_deep_sleep becomes_another_user starts_as_that_user nobody_by_that_name; do run_case "$case"; done
finish
