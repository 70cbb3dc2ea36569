#!/bin/bash
# A machine whose memory runs out while all that could free some lies behind its own agent: node a (machine.sh) mounts a file
# system over the link (NBD, which b serves), swaps onto it, and dirties several times the memory there is. That has to end within a
# bound, with every byte where it belongs. Emulation shows whether it ends, not how fast it would be.
#   MACHINE_WITHOUT=flusher or lock: with that taken from the agent, to see what it is good for.
# shellcheck source=tests/machine/machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/machine.sh"
MEMORY_MIB=144
EXPORT_MIB=1024
MOUNT=/mnt/over-link
GROUP=/sys/fs/cgroup/writer
# Emulated processors seal some megabytes a second, and take long for each datagram.
MTU=9000
CELL=8972
RATE="16 Mb/s"
SLOT="10 ms"
# What goes before the agent's command, with commas for spaces.
case ${MACHINE_WITHOUT:-} in
  flusher) PREFIX=setpriv,--bounding-set,-sys_resource ;;
  lock) PREFIX=setpriv,--bounding-set,-ipc_lock,prlimit,--memlock=65536 ;;
  *) PREFIX= ;;
esac

serve_disk() {
  truncate -s "${EXPORT_MIB}M" "$WORK/export"
  printf '%s\n' '[generic]' '[disk]' "exportname = $WORK/export" 'flush = true' 'fua = true' >"$WORK/nbd"
  ip netns exec "$NET-b" nbd-server -d -C "$WORK/nbd" >"$WORK/nbd.log" 2>&1 &
  disown # so that bash does not comment on its end
  eventually 10 listens_on_tcp b 10809 || fail "nbd-server: $(<"$WORK/nbd.log")"
}
agent_log() { ask 20 'tail -n 5 /run/agent.log'; }

comes_up() {
  machine_network
  configure
  describe_machine
  build_machine
  start_agent b
  serve_disk
  power_on quiet init=/test/init.sh "MTU=$MTU" "V4=${V4[a]}" "V6=${V6[a]}" "AGENT_PREFIX=$PREFIX"
  wait_ready
  eventually "$PATIENCE_S" is_up b || fail "the link does not come up: $(agent_log)"
  progress "the link is up"
}
# With what is the worst for the agent: the machine swaps early, and lets dirty pages fill its memory.
mounts() {
  ask 90 "nbd-client -N disk ${V4[b]} /dev/nbd0 >/dev/null 2>&1 && mkfs.ext4 -q -E nodiscard -J size=8 /dev/nbd0 &&
    mkdir -p $MOUNT && mount /dev/nbd0 $MOUNT" || fail "no file system over the link: $(agent_log)"
  progress "a file system over the link"
  ask 90 "fallocate -l 96M $MOUNT/swap && chmod 600 $MOUNT/swap && mkswap -q $MOUNT/swap && swapon $MOUNT/swap" ||
    fail "no swap over the link"
  progress "swap over the link"
  ask 20 "cd /proc/sys/vm && echo 90 >dirty_ratio && echo 80 >dirty_background_ratio && echo 100 >swappiness &&
    echo '+memory +io' >/sys/fs/cgroup/cgroup.subtree_control && mkdir $GROUP && echo 16M >$GROUP/memory.max &&
    echo 1 >/sys/kernel/tracing/events/vmscan/mm_vmscan_direct_reclaim_begin/enable" ||
    fail "the machine's memory cannot be limited"
}

memory_counter() { ask 20 "awk '/^$1/ { sum += \$2 } END { print sum }' /proc/vmstat"; }
# The agent's threads, which are what write-back over the link waits for, had to free memory themselves, and never by writing back:
# that is what the flag of an I/O flusher makes of GFP_KERNEL.
expect_no_waiting_agent() {
  local of_agent="grep direct_reclaim_begin /sys/kernel/tracing/trace | grep -E '^ *(cuttle|packer|pacer|receiver)'"
  progress "  $(memory_counter allocstall) times somebody had to free memory himself; $(memory_counter pswpout) pages were swapped out"
  expect "times that a thread of the agent had to free memory itself" "$(ask 20 "$of_agent | wc -l")" '>' 0
  expect_same "what it may have waited for" "" "$(ask 20 "$of_agent | grep -v 'gfp_flags=GFP_NOIO' | head -n 3")"
}

# ends_within SECONDS WHAT COMMAND
ends_within() {
  local status=0 began=$SECONDS
  progress "$2"
  ask "$1" "$3" | sed -u 's/^/          /' || status=$?
  ((status != 124)) || fail "$2: not at its end after $1 s: it hangs"
  ((status == 0)) || fail "$2: status $status"
  progress "  took $((SECONDS - began)) s"
}
in_group() { echo "(echo \$BASHPID >$GROUP/cgroup.procs && exec $*)"; }

a_writer_with_little_memory() {
  ends_within 200 "a writer in a group of 16 MiB dirties 48 MiB" "$(in_group /test/dirty write $MOUNT/limited --mib 48 --seed 1)"
}
a_machine_without_memory() {
  ends_within 200 "24 MiB of a tmpfs, which go to the swap" "/test/dirty write /dev/shm/swapped --mib 24 --seed 2"
  ends_within 300 "64 MiB dirtied through a mapping, without a limit" "/test/dirty write $MOUNT/whole --mib 64 --seed 3 --map"
  expect_no_waiting_agent
  expect "pages swapped out over the link" "$(memory_counter pswpout)" '>' 1000
}
every_byte_is_there() {
  ask 20 "echo 3 >/proc/sys/vm/drop_caches"
  ends_within 200 "what the limited writer wrote is read back" "/test/dirty check $MOUNT/limited --mib 48 --seed 1"
  ends_within 200 "what went through the mapping is read back" "/test/dirty check $MOUNT/whole --mib 64 --seed 3"
  ends_within 200 "what was swapped is read back" "/test/dirty check /dev/shm/swapped --mib 24 --seed 2"
}
# So that it is known what a writer looks like that waits for ever; and that it is not for ever.
a_link_that_stands_still() {
  local status=0
  progress "b's agent stands still, and a writer dirties 16 MiB"
  kill -STOP "$(<"$WORK/b.pid")"
  ask 20 "$(in_group /test/dirty write $MOUNT/stalled --mib 16 --seed 4)" || status=$?
  kill -CONT "$(<"$WORK/b.pid")"
  expect_same "a writer over a link that stands still" "124, it hangs" "$status, it hangs"
  progress "b's agent goes on"
  answer 200 || fail "the writer does not go on: $?"
}

comes_up
mounts
# What hangs leaves nothing to go on with.
for case in a_writer_with_little_memory a_machine_without_memory every_byte_is_there a_link_that_stands_still; do
  run_case "$case"
  ((CASES_FAILED == 0)) || break
done
finish
