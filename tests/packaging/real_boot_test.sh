#!/bin/bash
# A boot with systemd as PID 1 and the packaged units, in namespaces, over a copy-on-write view of this machine's own files:
# node a boots, with a firewall that flushes its rules, a network, an OSD's unit, and a program that speaks to b from the
# first instant of that network on; b's agent runs. Nothing but cells may leave a, from power on to power off. In place of
# what would touch the real machine (udev, mounts, sysctls) nothing is started; the network and the OSD are stand-ins.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CELLS=$(cells_v4 1472 4410)
SYSTEMD=/lib/systemd/systemd
if ! [[ -x $SYSTEMD && -e /lib/systemd/system/nftables.service && -e /lib/systemd/system/ceph-osd@.service ]] ||
  ! unshare --mount sh -c 'mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r /mnt/c &&
    mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r &&
    mount -t cgroup -o none,name=systemd cgroup /mnt/c' 2>/dev/null; then
  echo "SKIPPED: needs systemd, nftables, ceph-osd, overlays, and systemd's own hierarchy of cgroups (version 1)" >&2
  exit 77
fi

# unit NAME: its text on stdin, started with the machine.
unit() {
  cat >"$WORK/boot/units/$1"
  ln -s "../$1" "$WORK/boot/units/multi-user.target.wants/$1"
}
# What the machine is to have in /etc/systemd/system and elsewhere.
write_machine() {
  local units=$WORK/boot/units
  mkdir -p "$units/multi-user.target.wants" "$units/ceph-.service.d" "$WORK/boot/etc" "$WORK/boot/out"
  cp "$ROOT"/packaging/systemd/*.service "$ROOT"/packaging/systemd/*.target "$units"
  cp "$ROOT/packaging/systemd/ceph-after-cuttle.conf" "$units/ceph-.service.d/cuttle.conf"
  ln -s ../cuttle@.service "$units/multi-user.target.wants/cuttle@a.service"
  ln -s ../cuttle-close@.service "$units/multi-user.target.wants/cuttle-close@a.service"
  ln -s ../ceph-osd@.service "$units/multi-user.target.wants/ceph-osd@0.service"
  ln -s /lib/systemd/system/nftables.service "$units/multi-user.target.wants/nftables.service"
  # Its order is the real one's.
  sed -n '/^\[Unit\]/,/^\[Service\]/p' /lib/systemd/system/ceph-osd@.service >"$units/ceph-osd@.service"
  echo "ExecStart=/bin/sh -c 'cuttle status --socket /run/cuttle/a.sock --json >/boot-test/out/at-osd; exec sleep infinity'" \
    >>"$units/ceph-osd@.service"
  unit network-stand-in.service <<END
[Unit]
DefaultDependencies=no
Wants=network.target network-pre.target
After=network-pre.target
Before=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'ip addr add ${V4[a]}/24 dev u0; ip addr add ${V6[a]}/64 dev u0 nodad; ip link set u0 up'
END
  unit talker.service <<END
[Unit]
DefaultDependencies=no
After=network-stand-in.service
[Service]
ExecStart=/bin/sh -c 'while :; do ping -q -c 5 -i 0.2 -W 1 ${V4[b]}; done & while :; do /boot-test/past --interface u0 --to ${V4[b]} --to ${V6[b]}; done'
END
  sed -e "s|$WORK/a.sock|/run/cuttle/a.sock|" -e "s|$WORK/|/etc/cuttle/|" "$WORK/a.toml" >"$WORK/boot/etc/a.toml"
  cp "$WORK/a.key" "$WORK/psk" "$WORK/boot/etc"
  cp "$CUTTLE" "$WORK/boot/cuttle"
  cp "$CUTTLE_TOOLS/past" "$WORK/boot/past"
  chmod -R go+rX "$WORK/boot"
  chmod 600 "$WORK/boot/etc/"*
}

# boot: in the namespaces of the machine, on its way to being that machine. Runs in a shell of its own.
boot() { # FOLDER
  set -e
  umask 022
  local r=/mnt/root node
  mount --make-rprivate /
  mount -t tmpfs tmpfs /mnt
  mkdir /mnt/upper /mnt/work $r
  mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work $r
  mount -t proc proc $r/proc
  mount -t sysfs -o ro sysfs $r/sys
  mount --bind $r/proc/sys $r/proc/sys
  mount -o remount,bind,ro $r/proc/sys
  mount -t tmpfs tmpfs $r/sys/fs/cgroup
  mkdir $r/sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd cgroup $r/sys/fs/cgroup/systemd
  mount -t tmpfs tmpfs $r/run
  mount -t tmpfs tmpfs $r/tmp
  mount -t tmpfs tmpfs $r/dev
  mkdir $r/dev/net $r/dev/shm $r/dev/pts
  for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 net/tun:10:200; do
    IFS=: read -r name major minor <<<"$node"
    mknod -m 666 "$r/dev/$name" c "$major" "$minor"
  done
  touch $r/dev/console
  # Of this machine's own services none.
  rm -rf $r/etc/systemd/system/* $r/etc/fstab $r/usr/lib/systemd/system-generators/* \
    $r/usr/lib/systemd/system/{sysinit,local-fs,sockets,timers,multi-user,basic}.target.wants/*
  mkdir $r/boot-test
  mount --bind "$1" $r/boot-test
  cp -r "$1"/units/. $r/etc/systemd/system
  cp "$1/cuttle" $r/usr/bin/cuttle
  rm -rf $r/etc/cuttle
  mkdir $r/etc/cuttle
  cp "$1"/etc/* $r/etc/cuttle
  sed -i -E '/^cuttle(-metrics|-mesh)?:/d' $r/etc/passwd $r/etc/group
  echo 'cuttle:x:990:990::/nonexistent:/usr/sbin/nologin' >>$r/etc/passwd
  printf '%s\n' cuttle:x:990: cuttle-metrics:x:991: cuttle-mesh:x:992: >>$r/etc/group
  chown -R 990:990 $r/etc/cuttle
  printf '#!/usr/sbin/nft -f\nflush ruleset\n' >$r/etc/nftables.conf
  cd $r
  mount --move $r /
  exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . $SYSTEMD --system --unit=multi-user.target
}

power_on() {
  ip netns exec "$NET-a" unshare --mount --pid --uts --ipc --cgroup --fork --kill-child \
    bash -c "SYSTEMD=$SYSTEMD; $(declare -f boot); boot $WORK/boot" >"$WORK/a.log" 2>&1 &
  echo $! >"$WORK/machine.pid"
  disown # so that bash does not comment on its end
}
power_off() { end_process KILL "$(<"$WORK/machine.pid")"; }

boots() {
  network
  connect
  RATE="20 Mb/s" configure
  write_machine
  start_agent b
  ip -n "$NET-a" addr flush dev u0
  ip -n "$NET-a" link set dev u0 down
  start_capture boot ma 128
  power_on
  eventually 60 test -s "$WORK/boot/out/at-osd" || fail "the OSD's unit does not start: $(tail -n 5 "$WORK/a.log")"
  sleep 3
  power_off
  stop_capture boot
  expect_same "the node whose agent was up when the OSD began" a "$(jq -r .node "$WORK/boot/out/at-osd")"
  expect "cells from a" "$(count_captured boot "$CELLS and src host ${V4[a]}")" '>' 1000
  expect_same "packets of a that are no cells" "" \
    "$(captured boot "$BETWEEN and not $NEIGHBOURS and not $CELLS and (src host ${V4[a]} or src host ${V6[a]})" | head -n 5)"
}

run_case boots
finish
