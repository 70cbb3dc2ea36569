#!/bin/bash
# A running agent is nobody in particular: an unprivileged user with two capabilities, none to be regained, a system
# call filter, locked memory, and no core dump; its helper has what changing the network takes. So confined, each is
# refused whatever it tries beyond its work, and together they still do all that they have to.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# capabilities NUMBER...: as /proc/PID/status has them.
capabilities() {
  local set=0 number
  for number; do set=$((set | 1 << number)); done
  printf '%016x' "$set"
}
KEPT=$(capabilities 14 23) # CAP_IPC_LOCK, CAP_SYS_NICE
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
# The helper, a child of the agent's, with these capabilities and no others.
expect_helper() { # NODE CAPABILITY...
  local helper field
  helper=$(helper_of "$1")
  for field in CapEff CapPrm; do expect_same "$field of the helper of $1" "$(capabilities "${@:2}")" "$(of_process "$helper" $field)"; done
  is_io_flusher "$helper" || ! may_be_io_flusher || fail "the helper may wait for what is written back"
  expect_same "NoNewPrivs of the helper" 1 "$(of_process "$helper" NoNewPrivs)"
  expect_same "Seccomp of the helper" 2 "$(of_process "$helper" Seccomp)"
  expect_same "owner of the helper's /proc/PID/mem" 0 "$(stat -c %u "/proc/$helper/mem")"
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
  expect_same "users of the helper" "$NOBODY $NOBODY $NOBODY $NOBODY" "$(of_process "$(helper_of a)" Uid)"
  # CAP_DAC_READ_SEARCH, CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_IPC_LOCK, CAP_BPF
  expect_helper a 2 10 12 14 39
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
  # Without CAP_SYS_RESOURCE, as in most containers, it says so: in one line, once.
  expect_same "lines about I/O flushers" 1 "$(grep -c 'flusher' "$WORK/a.log")"
  grep -q 'warning.*storage over the links may wait for itself.*CAP_SYS_RESOURCE' "$WORK/a.log" || fail "it says: $(grep flusher "$WORK/a.log")"
  expect_helper a 12 14 39
  expect_at_work
}

# What each of the two tries once it is confined as a running one is (tests/tools/attempts.cc), and which error it
# meets: EPERM, or ENOSYS where the C library is to take another way. Without the confinement each attempt meets
# something else, or it would show nothing; but for two calls that not every kernel has.
forbidden_calls_fail() {
  local role needed wrong
  network
  for role in nothing "agent nobody" "helper nobody"; do
    # shellcheck disable=SC2086  # words are meant
    in_space a "$CUTTLE_TOOLS/confined" $role 2>"$WORK/${role%% *}.json" || fail "confined $role: $(<"$WORK/${role%% *}.json")"
  done
  expect "attempts" "$(jq length "$WORK/agent.json")" '>' 70
  wrong=$(jq -r 'to_entries[] | select(.value | IN("EPERM", "ENOSYS")) | .key
    | select(IN("a call that nobody knows", "init_module", "kexec_load") | not)' "$WORK/nothing.json")
  expect_same "attempts that fail anyhow" "" "$wrong"
  needed='"make a thread", "lock memory", "map memory", "real-time priority", "read a file that is open", "name a thread",
    "write to a file", "map a file to write", "map a file, then write"'
  expect_only agent "$needed"
  needed='"lock memory", "map memory", "read a file that is open", "name a thread", "open to read", "bpf BPF_MAP_CREATE",
    "socket AF_INET", "socket AF_INET6", "socket AF_NETLINK", "setsockopt SO_MARK", "setsockopt SO_BINDTODEVICE",
    "netlink RTM_NEWROUTE", "netlink RTM_NEWLINK", "netlink nftables", "ioctl TUNSETIFF", "ioctl SIOCSIFMTU",
    "ioctl SIOCETHTOOL", "bpf BPF_MAP_UPDATE_ELEM", "unlink", "unlinkat"'
  expect_only helper "$needed"
}
# Nothing but what it needs meets another error than it does without confinement.
expect_only() { # ROLE NEEDED
  expect_same "what the $1 can do" "$(jq -r "[$2] | sort | .[]" <<<null)" \
    "$(jq -r '[to_entries[] | select(.value | IN("EPERM", "ENOSYS") | not) | .key] | sort | .[]' "$WORK/$1.json")"
  expect_same "what the $1 does not know" "a call that nobody knows clone3" \
    "$(jq -r '[to_entries[] | select(.value == "ENOSYS") | .key] | sort | join(" ")' "$WORK/$1.json")"
}

is_closed() { # NODE
  [[ $(ip -n "$NET-$1" route show table 4410) == *blackhole* ]] && in_space "$1" nft list table inet cuttle >/dev/null 2>&1
}
says_unwatched() { [[ $(status a .watched.active) == false ]]; }

# Without its helper the agent carries on, says so, and can be started anew; all the while the node is closed.
helper_dies() {
  local helper
  network
  connect
  RATE="20 Mb/s" configure
  start_agents
  helper=$(helper_of a)
  kill -KILL "$helper"
  eventually 5 process_ended "$helper" || fail "the helper does not end"
  eventually 5 says_unwatched || fail "the status does not say that nobody watches: $(status a .watched)"
  grep -q "routes, rules and guard are not watched any more" "$WORK/a.log" || fail "the log does not say it"
  ! reload a || fail "it reloads without its helper"
  grep -q "privileged helper is gone" "$WORK/a.reload" || fail "reload says: $(<"$WORK/a.reload")"
  transfer "${V4[b]}" --bytes 1000000
  expect_same "the checksum is the sender's" true "$(transferred match)"
  is_closed a || fail "the node is not closed without the helper"
  stop_agent a
  is_closed a || fail "the node is not closed without the agent"
  start_agent a
  wait_up
  says_unwatched && fail "the next agent has no helper either"
  return 0
}

# And what somebody takes away then stays away: of the queue that keeps time that is no end, and nothing leaves but
# cells.
queue_is_lost_without_the_helper() {
  network
  connect
  RATE="20 Mb/s" configure
  start_agents
  keeps_time_by queue || fail "no queue: $(status a .queue_why_not)"
  kill -KILL "$(helper_of a)"
  eventually 5 says_unwatched || fail "the status does not say that nobody watches"
  start_capture wire ma
  ip -n "$NET-a" link del cuttle-clock0
  eventually 20 keeps_time_by thread || fail "it does not go on without the queue"
  eventually 10 grep -q 'takes no cells any more.*restart the agent' "$WORK/a.log" || fail "the log does not say what to do"
  status a .queue_why_not | grep -q 'restart the agent' || fail "the status says: $(status a .queue_why_not)"
  wait_up
  transfer "${V4[b]}" --bytes 1000000
  expect_same "the checksum is the sender's" true "$(transferred match)"
  stop_capture wire
  expect_same "packets between the nodes that are no cells" "" \
    "$(captured wire "$BETWEEN and not $NEIGHBOURS and not $(cells_v4 1472 4410)" | head -n 3)"
}
keeps_time_by() { [[ $(status a '.links[0].release.by') == "$1" ]]; }

# Before the agent reads anything from the network, its helper has given away what the start took. The helper runs in
# slices here: while it stands still, the agent comes as far as it can without it.
helper_is_confined_before_anything_is_received() {
  local helper
  network
  connect
  RATE="20 Mb/s" configure
  start_agent a
  eventually 10 has_helper a || fail "a has no helper"
  helper=$(helper_of a)
  for ((;;)); do
    kill -STOP "$helper"
    sleep 0.02
    ! receives a || break
    kill -CONT "$helper" || fail "the helper ends"
    sleep 0.001
  done
  expect_same "capabilities of the helper once the agent receives" "$(capabilities 2 10 12 14 39)" "$(of_process "$helper" CapPrm)"
  kill -CONT "$helper"
  eventually 10 answers a || fail "a does not start"
}
has_helper() { [[ -n $(helper_of "$1") ]]; }
receives() { grep -qs '^receiver-0' "/proc/$(<"$WORK/$1.pid")"/task/*/comm; }

# Where somebody starts it again, it ends, closed.
helper_dies_under_a_service_manager() {
  network
  connect
  RATE="20 Mb/s" configure
  NOTIFY_SOCKET=$WORK/notify start_agent a
  start_agent b
  wait_up
  kill -KILL "$(helper_of a)"
  eventually 5 process_ended "$(<"$WORK/a.pid")" || fail "the agent goes on without its helper"
  grep -q "nobody watched routes and guard" "$WORK/a.log" || fail "it does not say why"
  is_closed a || fail "the node is open"
}

# The helper ends with the agent, however that ends, and leaves routes and guard.
agent_dies() {
  local helper signal
  network
  connect
  RATE="20 Mb/s" configure
  for signal in KILL TERM SEGV; do
    start_agent a
    eventually 10 answers a || fail "a does not start"
    helper=$(helper_of a)
    kill -TERM "$helper" # as systemd does, to all processes of a unit: that is the agent's to decide
    sleep 0.2
    process_lives "$helper" || fail "the helper ends by SIGTERM"
    stop_agent a "$signal"
    eventually 2 process_ended "$helper" || fail "the helper outlives an agent ended by SIG$signal"
    is_closed a || fail "the node is open after SIG$signal"
  done
}
answers() { status "$1" .node >/dev/null 2>&1; }

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

CASES_HERE=(keeps_cpus_from_deep_sleep becomes_another_user starts_as_that_user nobody_by_that_name forbidden_calls_fail
  helper_is_confined_before_anything_is_received helper_dies queue_is_lost_without_the_helper helper_dies_under_a_service_manager agent_dies)
for case in "${CASES_HERE[@]}"; do run_case "$case"; done
finish
