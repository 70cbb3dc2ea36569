#!/bin/bash
# A receiver that keeps to the CPU where its datagrams come in, and is not run there, gets away again.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

keeps_to() { [[ $(cpus_of_thread a receiver-0) == "$1" ]]; }
# So that a's datagrams come in on CPU 0, whoever sends them.
bring_in_on_cpu_0() { in_space a sh -c 'echo 1 > /sys/class/net/u0/queues/rx-0/rps_cpus'; }

goes_to_where_datagrams_come_in() {
  network
  connect
  RATE="20 Mb/s" SLOT="1 ms" configure
  bring_in_on_cpu_0
  start_agents
  eventually 10 keeps_to 0 || fail "the receiver may run on $(cpus_of_thread a receiver-0)"
}

# The pacer polls all the time, on that CPU, and goes before the receiver.
gets_away_from_a_pacer_that_never_sleeps() {
  network
  connect
  RATE="20 Mb/s" SLOT="1 ms" configure
  sed -i 's/^\[runtime\]/&\ncpus = [0]\npoll_before = "1 s"/' "$WORK/a.toml"
  sed -i 's/^\[runtime\]/&\ncpus = [1]/' "$WORK/b.toml"
  bring_in_on_cpu_0
  start_agents
  # shellcheck disable=SC2312  # its status is ping's
  in_space a timeout 30 ping -n -i 0.05 -c 160 -W 1 "${V4[b]}" >"$WORK/ping" || fail "no ping comes back"
  local received
  received=$(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$WORK/ping")
  echo "  answers: $received of 160"
  expect "answers of 160 pings" "$received" '>=' 130
  expect "session of a" "$(status a '.links[0].handshakes')" '<=' 2
}

(($(nproc) >= 2)) || { echo "SKIPPED: needs two CPUs" >&2 && exit 77; }
for case in goes_to_where_datagrams_come_in gets_away_from_a_pacer_that_never_sleeps; do run_case "$case"; done
finish
