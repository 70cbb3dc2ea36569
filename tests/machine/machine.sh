# shellcheck shell=bash
# A machine of its own as node a, emulated: Debian's kernel, systemd as PID 1, the package installed. Node b is the one of the
# other end-to-end tests, and the network between them theirs, too; at ma is seen all that the machine sends.
#
#   machine (QEMU): eth0  --  ma (tap) [m] mb  --  u0 :b
#
# From outside, besides what harness.sh wants: CUTTLE_PACKAGE (the package to install), MACHINE_KERNEL (the suite that the kernel
# comes from; scripts/machine/kernel.sh).
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
# shellcheck source=scripts/machine/root.sh
source "$CUTTLE_ROOT/scripts/machine/root.sh"
# shellcheck source=scripts/machine/kernel.sh
source "$CUTTLE_ROOT/scripts/machine/kernel.sh"
# shellcheck source=scripts/machine/image.sh
source "$CUTTLE_ROOT/scripts/machine/image.sh"
: "${CUTTLE_PACKAGE:?the package to install}"
HERE=$CUTTLE_ROOT/tests/machine
MEMORY_MIB=384
CPUS=2
DISK_FORMAT=raw
QEMU_OPTIONS=() # more of them
PATIENCE_S=900   # for all that only ends late where the host is busy: what takes longer hangs
CAPTURE_SECONDS=5400

# However the test ends. A second signal must not end this. And where the first one ended a `read -t`, bash 5.2 goes back to that read,
# which is no more, as soon as its time is over (it crashes), unless another one has been read since.
leave() {
  local job
  trap '' INT TERM HUP PIPE
  read -r -t 1 </dev/null || true
  for job in $(jobs -p); do kill "$job" 2>/dev/null || true; done # the case
  clean_up
}
trap leave EXIT

# progress TEXT: with the seconds since the test began.
progress() { printf '  %4d s  %s\n' "$SECONDS" "$*"; }

# The network, with a tap in place of a's end.
machine_network() {
  umask 077 # keys come next, and the machine's files, which have another, only after them
  network
  tap_for_a
  connect
}
tap_for_a() {
  ip netns del "$NET-a"
  eventually 10 no_device ma || fail "the old ma does not go"
  ip -n "$NET-m" tuntap add dev ma mode tap
  ip -n "$NET-m" link set dev ma mtu "${MTU:-1500}" up
}
no_device() { ! ip -n "$NET-m" link show dev "$1" >/dev/null 2>&1; }

# end_capture NAME: which must have seen the test to its end.
end_capture() {
  process_lives "$(<"$WORK/$1.capture.pid")" || fail "the capture ended after $CAPTURE_SECONDS s, before the test"
  stop_capture "$1"
}

# unit NAME: its text on stdin; set-up enables it.
unit() { cat >"$WORK/files/etc/systemd/system/$1"; }

# What every machine of ours has. A test adds its own to $WORK/files and $WORK/files/set-up before build_machine.
describe_machine() {
  local files=$WORK/files
  umask 022
  mkdir -p "$files/etc/cuttle" "$files/etc/systemd/system" "$files/etc/network/interfaces.d" "$files/test"
  sed -e "s|$WORK/a.sock|/run/cuttle/a.sock|" -e "s|$WORK/|/etc/cuttle/|" "$WORK/a.toml" >"$files/etc/cuttle/a.toml"
  cp "$WORK/a.key" "$WORK/psk" "$files/etc/cuttle"
  chmod 600 "$files/etc/cuttle/"*
  cp "$HERE/control.sh" "$HERE/init.sh" "$files/test"
  chmod +x "$files/test/init.sh"
  cp "$CUTTLE_TOOLS/past" "$CUTTLE_TOOLS/dirty" "$files/test"
  echo a >"$files/etc/hostname"
  echo "127.0.0.1 localhost a" >"$files/etc/hosts"
  echo '/dev/vda / ext4 defaults 0 1' >"$files/etc/fstab"
  printf '#!/usr/sbin/nft -f\nflush ruleset\n' >"$files/etc/nftables.conf"
  cat >"$files/etc/network/interfaces" <<EOF
auto lo eth0
iface lo inet loopback
iface eth0 inet static
  address ${V4[a]}/24
  mtu ${MTU:-1500}
iface eth0 inet6 static
  address ${V6[a]}/64
  accept_ra 0
  dad-attempts 0
EOF
  unit control.service <<EOF
[Unit]
DefaultDependencies=no
After=local-fs.target
Conflicts=shutdown.target
Before=shutdown.target
[Service]
ExecStart=/bin/bash /test/control.sh
OOMScoreAdjust=-1000
[Install]
WantedBy=multi-user.target
EOF
  cat >"$files/set-up" <<'EOF'
systemctl --quiet enable control.service nftables.service networking.service cuttle@a.service
systemctl --quiet mask getty@tty1.service serial-getty@ttyS0.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  e2scrub_all.timer e2scrub_reap.service fstrim.timer logrotate.timer man-db.timer nbd-server.service systemd-pstore.service
EOF
}

build_machine() {
  progress "the machine's disk"
  make_machine_image "$WORK/disk" "$CUTTLE_PACKAGE" "$WORK/files" >"$WORK/image.log" 2>&1 ||
    fail "the machine's disk: $(tail -n 5 "$WORK/image.log")"
}

# power_on [KERNEL_OPTIONS...]: what its kernel says goes to $WORK/console. (no_timer_check: on a busy host its timers look broken.)
power_on() {
  progress "power on: $CPUS emulated processors, $MEMORY_MIB MiB"
  rm -f "$WORK"/{control,monitor}.{in,out}
  mkfifo "$WORK"/{control,monitor}.{in,out}
  ip netns exec "$NET-m" qemu-system-x86_64 -machine q35,usb=off -accel tcg,thread=multi -cpu max -smp "$CPUS" -m "$MEMORY_MIB" \
    -nodefaults -no-reboot -display none -kernel "$(machine_kernel)" -initrd "$(machine_initramfs)" \
    -append "root=/dev/vda rw console=ttyS0 net.ifnames=0 panic=-1 random.trust_cpu=on mitigations=off no_timer_check $*" \
    -drive "file=$WORK/disk,if=virtio,format=$DISK_FORMAT,cache=unsafe" -device virtio-rng-pci \
    -netdev tap,id=net,ifname=ma,script=no,downscript=no -device virtio-net-pci,netdev=net,mac=52:54:00:00:00:0a \
    -serial "file:$WORK/console" -serial "pipe:$WORK/control" -qmp "pipe:$WORK/monitor" "${QEMU_OPTIONS[@]}" \
    >"$WORK/qemu.log" 2>&1 &
  echo $! >"$WORK/machine.pid"
  disown # so that bash does not comment on its end
  # Both ends for reading and writing: neither open waits, and neither pipe ends.
  exec 7<>"$WORK/control.in" 8<>"$WORK/control.out" 5<>"$WORK/monitor.in" 6<>"$WORK/monitor.out"
  echo '{"execute": "qmp_capabilities"}' >&5
  monitor_answer >/dev/null || fail "QEMU's monitor does not answer: $(<"$WORK/qemu.log")"
}

# monitor COMMAND: of QEMU's monitor, as a person would type it; what that prints.
monitor() {
  jq -cn --arg line "$1" '{execute: "human-monitor-command", arguments: {"command-line": $line}}' >&5
  monitor_answer
}
# The next line that is an answer, and no event.
monitor_answer() {
  local until=$((SECONDS + PATIENCE_S)) line
  while next_line 6 "$until"; do
    case $line in
      *'"return"'*) jq -r '.return | strings' <<<"$line" && return 0 ;;
      *'"error"'*) jq -r '.error.desc' <<<"$line" && return 1 ;;
    esac
  done
  return 1
}
# next_line FD UNTIL: into `line`, however many pieces it comes in; 124 when it is too late, 125 when the machine ended.
next_line() {
  local piece
  line=
  while ((SECONDS < $2)); do
    machine_runs || return 125
    if IFS= read -r -t 2 -u "$1" piece; then
      line+=$piece
      return 0
    fi
    line+=$piece
  done
  return 124
}
machine_runs() { process_lives "$(<"$WORK/machine.pid")"; }
power_off() {
  ask "$PATIENCE_S" 'systemctl poweroff --no-block' >/dev/null || true # it may be off before it answers
  eventually 300 machine_ended || progress "it does not go off by itself"
  end_process KILL "$(<"$WORK/machine.pid")"
}
machine_ended() { ! machine_runs; }

# answer SECONDS: the lines up to "== STATUS"; with STATUS, or 124 after so many seconds without an end.
answer() {
  local until=$((SECONDS + $1)) line status=0
  while :; do
    next_line 8 "$until" || status=$?
    ((status == 0)) || break
    case $line in
      '== ready') return 0 ;;
      '== '*) return "${line#== }" ;;
      '') ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
  ((status != 125)) || echo "the machine ended: $(tail -n 5 "$WORK/qemu.log" "$WORK/console")"
  return "$status"
}
# ask SECONDS COMMAND: in the machine, which reads lines.
ask() {
  printf '%s\n' "${2//$'\n'/ }" >&7
  answer "$1"
}
wait_ready() {
  answer "$PATIENCE_S" || fail "the machine does not come up: $(tail -n 5 "$WORK/qemu.log" "$WORK/console")"
  progress "it takes commands"
}
