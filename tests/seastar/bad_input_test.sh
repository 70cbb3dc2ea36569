#!/bin/bash
# What the Seastar driver cannot do on this machine, or is not told well: one line, and nothing is left behind.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
DRIVER=(--driver seastar --driver-program "${CUTTLE_SEASTAR_PROGRAM:-}")
GROUP=/sys/fs/cgroup/$NET LIMIT=memory.max
[[ ! -d /sys/fs/cgroup/memory ]] || GROUP=/sys/fs/cgroup/memory/$NET LIMIT=memory.limit_in_bytes

clean_up_group() {
  [[ ! -d $GROUP ]] || rmdir "$GROUP"
}
trap 'clean_up; clean_up_group' EXIT

a_node() {
  network
  connect
  RATE="20 Mb/s" configure
}

# refused STATUS PATTERN OPTIONS...
refused() {
  local status=0 before
  before=$(machine_state a)
  "${INSIDE[@]}" timeout 20 "$CUTTLE" up --config "$WORK/a.toml" "${@:3}" >"$WORK/refused" 2>&1 ||
    status=$?
  sed 's/^/  /' "$WORK/refused"
  expect_same "exit status" "$1" "$status"
  # A warning about the machine may come before; what is wrong is one line, and the last.
  expect_same "lines that say it" 1 "$(grep -cE -- "$2" "$WORK/refused")"
  tail -n 1 "$WORK/refused" | grep -qE -- "$2" || fail "the last line does not match: $2"
  [[ $1 == 1 ]] || expect_same "lines" 1 "$(wc -l <"$WORK/refused")"
  expect_same "the machine afterwards" "$before" "$(machine_state a)"
  expect_same "processes afterwards" "${HELD:-}" "$(ip netns pids "$NET-a")"
}
INSIDE=(in_space a)

bad_options() {
  a_node
  refused 2 'driver seastar cannot be run: /nowhere: .*' --driver seastar --driver-program /nowhere
  refused 2 '--split.*--driver seastar' --driver native --split
  refused 2 '--reveal.*--driver seastar' --driver native --reveal
  refused 2 '--split needs two shards.*runtime.shards = 2' "${DRIVER[@]}" --split
  refused 2 '--no-such-option: Seastar has no such option' "${DRIVER[@]}" -- --no-such-option 1
  refused 2 '--task-quota-ms soon: .*cannot have this value' "${DRIVER[@]}" -- --task-quota-ms soon
  refused 2 '--smp and --memory: write runtime.shards' "${DRIVER[@]}" -- --smp 2
}

bad_metrics() {
  a_node
  refused 2 '--metrics nowhere: not an address and port; write 127.0.0.1:9180' "${DRIVER[@]}" --metrics nowhere
  refused 2 '--metrics 0.0.0.0:9180: whoever reads .*say --reveal' "${DRIVER[@]}" --metrics 0.0.0.0:9180
  refused 2 '--metrics \[::\]:9180: .*say --reveal' "${DRIVER[@]}" --metrics '[::]:9180'
  ip netns exec "$NET-a" timeout 60 "$CUTTLE_TOOLS/stream" serve --port 9180 >/dev/null 2>&1 &
  local holder=$!
  eventually 5 listens || fail "the port is not taken"
  HELD=$(ip netns pids "$NET-a") refused 1 '--metrics 127.0.0.1:9180: cannot listen there' "${DRIVER[@]}" --metrics 127.0.0.1:9180
  kill "$holder"
}
listens() { [[ -n $(in_space a ss -Hltn 'sport = :9180') ]]; }

# With --reveal it serves there.
revealed() {
  a_node
  start_agent a --metrics "${V4[a]}:9180" --reveal
  eventually 20 listens || fail "no metrics on an address that is said to be safe"
  stop_agent a
}

too_many_shards() {
  a_node
  sed -i 's/^\[runtime\]/[runtime]\nshards = 64/' "$WORK/a.toml"
  refused 2 "runtime.shards = 64: .*this process may use $(nproc)" "${DRIVER[@]}"
}

too_little_memory() {
  if ! mkdir "$GROUP" 2>/dev/null || [[ ! -e $GROUP/$LIMIT ]]; then
    echo "  SKIPPED: no control group with a limit of memory can be made here"
    return
  fi
  a_node
  sed -i 's/^\[runtime\]/[runtime]\nshards = 2/' "$WORK/a.toml"
  echo 100M >"$GROUP/$LIMIT"
  # Not by `ip netns exec`, which hides the control groups.
  # shellcheck disable=SC2016  # for the inner shell
  INSIDE=(bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$GROUP" nsenter --net="/run/netns/$NET-a")
  refused 2 'runtime.shards = 2: the reactors take 128 MB of memory, and [0-9]+ MB are left' "${DRIVER[@]}"
}

unknown_backend() {
  a_node
  refused 2 '--reactor-backend nonsense: .*is one of .*epoll.* on this machine' "${DRIVER[@]}" -- --reactor-backend nonsense
  # Where the kernel has it, the filter of system calls does not reach it.
  refused 2 '--reactor-backend io_uring: ' "${DRIVER[@]}" -- --reactor-backend io_uring
}

run_case bad_options
run_case bad_metrics
run_case revealed
run_case too_many_shards
run_case too_little_memory
run_case unknown_backend
finish
