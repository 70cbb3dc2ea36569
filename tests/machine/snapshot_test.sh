#!/bin/bash
# A machine that is set back to a snapshot (QEMU's savevm and loadvm), under traffic: it seals with keys and numbers that it has used since,
# in another life, until it learns of that. docs/threat-model.md ("The first moments after a restore") says for how long; here it is
# measured, in every cell that the machine sent, and must not be longer. Whether they came twice is the observer's to see: b drops them.
# First by b's cells, which are ahead of the machine's clock (src/link/peer_pace.hh); then by all else, where these say nothing.
#   MACHINE_WITHOUT=notice: b's cells say nothing where they should; =clock: nobody sets the wall clock right where somebody should. To see
#   that this test would notice.
# shellcheck source=tests/machine/machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/machine.sh"
MEMORY_MIB=256
MTU=1500
# Emulated processors take long for each datagram, and longer beside other work.
RATE="300 kb/s"
SLOT="40 ms"
DISK_FORMAT=qcow2
FIRST_LIFE_S=15       # goes on for so long after the snapshot
LONGEST_S=120         # of a session: nothing is used again for longer, whoever says nothing
SOON_S=2              # until it has learned of it by b's first cell and sends under new keys, however slowly it is emulated
SOON_CELLS=20         # that it may still send once it learned of it: of less than a second
VMGENID="vmgenid,guid=auto" # a new one for every QEMU, and the same for every restore inside it
# Its clock is one that QEMU sets back with it: within one QEMU, the emulated TSC never goes back, and a machine that goes by that is set
# back while its clocks stay right.
KERNEL_OPTIONS=(quiet clocksource=hpet init=/test/init.sh "MTU=$MTU" "V4=${V4[a]}" "V6=${V6[a]}")

agent_log() { ask "$PATIENCE_S" 'tail -n 5 /run/agent.log'; }
link_carries() { in_space b ping -q -n -c 1 -W 1 "${V4[a]}" >/dev/null 2>&1; }

# A calendar of b's alone, which changes nothing: but as far as a knows, b's next cells may come at any rate.
hide_pace() {
  printf '[[shape.calendar]]\nfrom = "00:00"\nuntil = "24:00"\nrate = "%s"\n' "$RATE" >>"$WORK/b.toml"
}

# The machine, its link up. With the keys by which NODE initiates handshakes; SILENT: b's cells say nothing of the time.
comes_up() { # NODE [SILENT]
  machine_network
  configure_initiator "$1"
  [[ -z ${2:-} ]] || hide_pace
  describe_machine
  build_machine
  mv "$WORK/disk" "$WORK/disk.raw"
  qemu-img create -q -f qcow2 -F raw -b "$WORK/disk.raw" "$WORK/disk" || fail "no disk that can keep snapshots"
  start_agent b
  QEMU_OPTIONS=(-device "$VMGENID")
  power_on "${KERNEL_OPTIONS[@]}"
  wait_ready
  eventually "$PATIENCE_S" link_carries || fail "the link does not carry: $(agent_log)"
  progress "the link carries, Linux $(ask "$PATIENCE_S" 'uname -r'), $1 initiates${2:+, $2}"
}

# b asks, and the machine's answers ride in its cells: no two alike, in no life.
begin_traffic() {
  ip netns exec "$NET-b" ping -q -n -i 0.2 -s 1000 -p "$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')" "${V4[a]}" \
    >/dev/null 2>&1 &
  echo $! >"$WORK/traffic.pid"
  disown
}
end_traffic() { end_process KILL "$(<"$WORK/traffic.pid")"; }

# QEMU does what it is told, and says nothing.
told() { expect_same "the monitor's answer to '$1'" "" "$(monitor "$1")"; }

# To the end of the first life: all that comes from the machine after $WORK/restored_at is the second one's.
first_life() { # NAME
  start_capture "$1" ma
  begin_traffic
  sleep 2
  told "savevm $1"
  progress "a snapshot; life goes on for $FIRST_LIFE_S s"
  sleep "$FIRST_LIFE_S"
  told stop
  end_traffic
  sleep 0.3
  echo "$EPOCHREALTIME" >"$WORK/restored_at"
  begin_traffic
}
# The same QEMU: the machine's generation stays the same. COMMAND waits for the machine when it goes on.
second_life() { # NAME [COMMAND]
  told "loadvm $1"
  [[ -z ${2:-} ]] || printf '%s\n' "$2" >&7
  told cont
}
# Another QEMU, which says that it is another generation.
second_life_elsewhere() { # NAME
  end_process KILL "$(<"$WORK/machine.pid")"
  QEMU_OPTIONS=(-device "$VMGENID" -loadvm "$1")
  power_on "${KERNEL_OPTIONS[@]}"
}

# Until the link carries again, and then what there was to see.
look_back() { # NAME [TOLD_AT]
  eventually "$PATIENCE_S" link_carries || fail "the link does not carry any more: $(agent_log)"
  progress "the link carries again"
  sleep 2
  end_traffic
  end_capture "$1"
  "$CUTTLE_TOOLS/reuse" --capture "$WORK/$1.pcap" --from "${V4[a]}" --to "${V4[b]}" --restored-at "$(<"$WORK/restored_at")" \
    --told-at "${2:-0}" >"$WORK/reuse" || fail "the capture cannot be read"
  progress "$(jq -r '"\(.cells) cells, and in the second life \(.cells_again): \(.twice_same_bytes + .twice_other_bytes) with a number of the first one, " +
    "\(.twice_other_bytes) of these with other bytes, the last \(if .last_twice_s == 0 then "never" else (.last_twice_s - .began_again_s) * 1000 | round | "\(.) ms" end) " +
    "after the first cell; \(.handshakes_again) handshakes, \(.ephemerals_twice) ephemeral keys of the first life"' "$WORK/reuse")"
  progress "  the agent: $(ask "$PATIENCE_S" "grep -hE 'all links agree on new keys|this node was set back' /run/agent.log | tail -n 1 | cut -d ' ' -f 2-")"
  expect "cells in the first life" "$(reused .cells)" '>' 100
  expect "cells in the second life" "$(reused .cells_again)" '>' 30
  expect_same "numbers used twice in one life" 0 "$(reused .twice_in_one_life)"
}
reused() { jq -r "$1" "$WORK/reuse"; }
# How long numbers came again, in s.
used_again_s() { reused 'if .last_twice_s == 0 then 0 else .last_twice_s - .began_again_s end'; }

b_shows_it() {
  first_life shown
  second_life shown
  look_back shown
  expect "s for which numbers come again" "$(used_again_s)" '<' "$SOON_S"
  expect "cells with numbers of the first life and other bytes" "$(reused .twice_other_bytes)" '<' "$SOON_CELLS"
}

nobody_says_it() {
  first_life silent
  second_life silent
  look_back silent
  # Were there none, this would measure nothing.
  expect "cells with numbers of the first life and other bytes" "$(reused .twice_other_bytes)" '>' 0
  expect "s for which numbers come again" "$(used_again_s)" '<' "$LONGEST_S"
}

somebody_sets_the_clock() {
  local set_at
  first_life set
  if [[ ${MACHINE_WITHOUT:-} == clock ]]; then
    second_life set
  else
    second_life set "date -s @$EPOCHREALTIME >/dev/null"
    answer "$PATIENCE_S" || fail "the wall clock cannot be set"
  fi
  set_at=$EPOCHREALTIME
  look_back set "$set_at"
  progress "  the clock was set $(awk -v at="$set_at" -v began="$(reused .began_again_s)" 'BEGIN { printf "%d ms", (at - began) * 1000 }') after" \
    "the first cell; $(reused .twice_after_told) such cells came after that"
  expect "cells with numbers of the first life after the clock was set" "$(reused .twice_after_told)" '<' "$SOON_CELLS"
}

the_hypervisor_says_it() {
  first_life elsewhere
  second_life_elsewhere elsewhere
  ask "$PATIENCE_S" true || fail "the restored machine takes no commands"
  look_back elsewhere
  progress "  the kernel says so $(ask "$PATIENCE_S" 'dmesg | grep -c "virtual machine fork"') times, the agent $(ask "$PATIENCE_S" "grep -c 'machine was restored' /run/agent.log") times"
  expect "s for which numbers come again" "$(used_again_s)" '<' "$LONGEST_S"
  # Where the kernel passes it on; the cloud kernels 6.1 and 7.3 do not.
  [[ $(ask "$PATIENCE_S" "grep -c 'machine was restored' /run/agent.log") != 0 ]] || return 0
  expect "cells with numbers of the first life" "$(reused .twice_after_told)" '<' "$SOON_CELLS"
}

# From power on to power off.
in_a_machine() { # NODE SILENT CASES...
  local wanted=" ${CUTTLE_TEST_CASES:-${*:3}} " case any=
  for case in "${@:3}"; do [[ $wanted != *" $case "* ]] || any=yes; done
  [[ -n $any ]] || return 0
  comes_up "$1" "$2"
  for case in "${@:3}"; do run_case "$case"; done
  end_process KILL "$(<"$WORK/machine.pid")"
}

SILENT="without a word of b"
case ${MACHINE_WITHOUT:-} in
  notice) in_a_machine a "$SILENT" b_shows_it ;;
  clock) in_a_machine a "$SILENT" somebody_sets_the_clock ;;
  *)
    in_a_machine a "" b_shows_it
    in_a_machine b "" b_shows_it
    in_a_machine a "$SILENT" nobody_says_it somebody_sets_the_clock the_hypervisor_says_it
    ;;
esac
finish
