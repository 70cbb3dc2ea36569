#!/bin/bash
# The first process of the kernel of our own (boot.sh): file systems, the command of the folder CUTTLE_JOB, its status, the end.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
[[ -e /dev/fd ]] || ln -s /proc/self/fd /dev/fd
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /mnt
mkdir -p /run/netns /mnt/job /mnt/tree
mount -t hostfs job /mnt/job -o "$CUTTLE_JOB"
# The tree may lie below /tmp, which is to be written to.
mount --bind "$CUTTLE_ROOT" /mnt/tree
mount -t tmpfs tmpfs /tmp
if [[ $CUTTLE_ROOT == /tmp/* ]]; then
  mkdir -p "$CUTTLE_ROOT"
  mount --bind /mnt/tree "$CUTTLE_ROOT"
fi
for folder in /var/lib /var/tmp /var/log; do mount -t tmpfs tmpfs "$folder"; done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set dev lo up
hostname cuttle-kernel
stty -onlcr </dev/tty0
# So that whoever types has job control.
setsid --ctty --wait bash /mnt/job/command <>/dev/tty0 >&0 2>&1
echo $? >/mnt/job/status
sync
echo 1 >/proc/sys/kernel/printk
echo o >/proc/sysrq-trigger
sleep 10
