# shellcheck shell=bash
# The end of captures. TCPDUMP_PIDS and TCPDUMP_LOGS name those that run. (`step` may stop them in a shell
# of its own, so who starts new ones forgets the old.)
forget_tcpdumps() {
  TCPDUMP_PIDS=()
  TCPDUMP_LOGS=()
}

# tcpdump_runs PID LOG: notes one, and waits until it listens.
tcpdump_runs() {
  TCPDUMP_PIDS+=("$1")
  TCPDUMP_LOGS+=("$2")
  wait_for 10 "tcpdump listens" grep -q '^tcpdump: listening' "$2"
}

# Before a tcpdump is ended: the kernel hands it what is in an unfinished block of its ring after one second, and what
# still lies there at its end is lost.
tcpdump_catches_up() { sleep 1.2; }

# stop_tcpdumps ADVICE: a capture that lost packets proves nothing, so it ends the script, with the advice.
stop_tcpdumps() {
  local i
  tcpdump_catches_up
  for i in "${!TCPDUMP_PIDS[@]}"; do
    kill -TERM "${TCPDUMP_PIDS[i]}"
    wait_for 60 "the end of tcpdump" grep -q 'dropped by kernel' "${TCPDUMP_LOGS[i]}"
    cat "${TCPDUMP_LOGS[i]}"
    grep -q '^0 packets dropped by kernel' "${TCPDUMP_LOGS[i]}" ||
      die "tcpdump missed packets ($(grep 'dropped by kernel' "${TCPDUMP_LOGS[i]}")); the machine is too busy, $1"
  done
}
