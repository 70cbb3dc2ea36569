#!/bin/bash
# A whole machine boots: node a (machine.sh) with its own kernel, systemd as PID 1, Debian's network service, a firewall
# that begins by flushing all rules, the package as an operator enables it; and with a program that speaks to b, in the clear and
# bound to the device, from before there is a network. Nothing but cells may leave, from power on to power off.
#   MACHINE_WITHOUT=close: without the unit that closes at boot, to see that this test would notice.
# shellcheck source=tests/machine/machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/machine.sh"
CELLS=$(cells_v4 1472 4410)

describe_boot() {
  local files=$WORK/files
  describe_machine
  cat >"$files/test/talk.sh" <<EOF
while :; do
  ping -q -n -c 2 -i 0.5 -W 1 ${V4[b]}
  ping -q -n -c 2 -i 0.5 -W 1 ${V6[b]}
  sleep 0.5
done &
while :; do
  /test/past --interface eth0 --to ${V4[b]} --to ${V6[b]}
  sleep 1
done
EOF
  unit talker.service <<EOF
[Unit]
DefaultDependencies=no
After=local-fs.target
Before=network-pre.target
[Service]
ExecStart=/bin/bash /test/talk.sh
StandardOutput=null
StandardError=null
[Install]
WantedBy=sysinit.target
EOF
  # The network is up for some seconds, and the agent is not.
  mkdir -p "$files/etc/systemd/system/cuttle@.service.d"
  printf '[Service]\nExecStartPre=/bin/sleep 5\n' >"$files/etc/systemd/system/cuttle@.service.d/late.conf"
  echo 'systemctl --quiet enable talker.service' >>"$files/set-up"
  [[ ${MACHINE_WITHOUT:-} != close ]] || cat >>"$files/set-up" <<'EOF'
systemctl --quiet disable cuttle-close@a.service
systemctl --quiet mask cuttle-close@a.service
sed -i '/^ExecStartPre=-.*cuttle close/d' /usr/lib/systemd/system/cuttle@.service
EOF
}

# What left a and is no cell.
in_the_clear() { # NAME
  captured "$1" "$BETWEEN and not $NEIGHBOURS and not $CELLS and (src host ${V4[a]} or src host ${V6[a]})" | head -n 5
}
link_carries() { ask "$PATIENCE_S" "ping -q -n -c 1 -W 2 ${V4[b]} >/dev/null 2>&1"; }
journal() { ask "$PATIENCE_S" "journalctl -b --no-pager -o short-monotonic -u cuttle@a -u cuttle-close@a -u networking -u nftables -u talker"; }

# survives WHAT COMMAND: afterwards the link carries again.
survives() {
  progress "$1"
  ask "$PATIENCE_S" "$2" || fail "$1: failed"
  eventually "$PATIENCE_S" link_carries || fail "$1: the link does not carry any more: $(journal | tail -n 15)"
}

until_it_runs() {
  machine_network
  RATE="4 Mb/s" SLOT="10 ms" configure
  describe_boot
  build_machine
  start_agent b
  start_capture boot ma 128
  power_on quiet
  wait_ready
}
# All that closes was there, and the lock with this kernel and the unit's rights, too.
all_is_closed() {
  expect_same "what could not be closed" "" "$(journal | grep 'without the lock')"
  expect "locks at eth0's egress" "$(ask "$PATIENCE_S" 'tc filter show dev eth0 egress | grep -c cuttle-lock')" '>' 0
}
nothing_left_in_the_clear() {
  progress "power off"
  power_off
  end_capture boot
  expect_same "packets of a that are no cells" "" "$(in_the_clear boot)"
}

boots() {
  until_it_runs
  if is_too_old; then
    refuses_the_kernel
    return
  fi
  eventually "$PATIENCE_S" link_carries || fail "the link does not carry: $(journal | tail -n 20)"
  progress "the link carries"
  journal | sed -n 's/^\(.*\) a systemd\[1\]: \(\(Start\|Finish\)ed.*\)/    \1 \2/p'
  all_is_closed
  survives "the network service starts again" 'systemctl restart networking'
  survives "the firewall is reloaded" 'systemctl reload nftables'
  survives "the whole ruleset is flushed" 'nft flush ruleset'
  survives "the agent is restarted" 'systemctl restart cuttle@a'
  survives "the agent is killed" 'systemctl kill --signal KILL cuttle@a'
  survives "no agent for five seconds, the network starts again, the ruleset is flushed" \
    'systemctl stop cuttle@a; systemctl restart networking; nft flush ruleset; sleep 5; systemctl start cuttle@a'
  nothing_left_in_the_clear
  expect "cells from a" "$(count_captured boot "$CELLS and src host ${V4[a]}")" '>' 1000
}

# A kernel on which no agent starts (--kernel bullseye): it says so, again and again, and what the unit closed at boot stays closed.
is_too_old() { [[ $(ask "$PATIENCE_S" 'uname -r; echo 5.11' | sort -V | head -n 1) != 5.11 ]]; }
# Each time in a line of its own; $WORK/why has them.
says_why() { journal >"$WORK/journal" && grep 'Linux 5.11 or later is needed' "$WORK/journal" >"$WORK/why"; }
refuses_the_kernel() {
  eventually "$PATIENCE_S" says_why || fail "the agent does not say why it does not start: $(journal | tail -n 10)"
  progress "$(head -n 1 "$WORK/why")"
  all_is_closed
  sleep 30
  nothing_left_in_the_clear
}

run_case boots
finish
