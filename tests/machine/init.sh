#!/bin/bash
# In the machine, in systemd's place where a test is about the kernel and the agent alone: mounts, the network, the agent, then
# the commands (control.sh). AGENT_PREFIX on the kernel's command line, with commas for spaces, goes before the agent's command.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
mkdir -p /dev/shm /dev/pts
mount -t tmpfs -o size=90% tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tracefs tracefs /sys/kernel/tracing
for module in virtio_net tun nbd; do modprobe "$module"; done
# Says when the machine was restored, where the kernel has it.
modprobe vmgenid 2>/dev/null || true
mkdir -p /run/cuttle
ip link set dev lo up
# As cuttle-close@ does: else the kernel answers the peers' cells (port unreachable) until there is an agent.
cuttle close --config /etc/cuttle/a.toml >>/run/agent.log 2>&1 || cat /run/agent.log >/dev/console
ip addr add "$V4"/24 dev eth0
ip addr add "$V6"/64 dev eth0 nodad
ip link set dev eth0 mtu "$MTU" up
start_agent() {
  (
    # As the unit has it.
    echo -900 >/proc/self/oom_score_adj
    # shellcheck disable=SC2086  # words are meant
    exec ${AGENT_PREFIX//,/ } cuttle up --config /etc/cuttle/a.toml
  ) >>/run/agent.log 2>&1 &
  echo $! >/run/agent.pid
}
# stop_agent SIGNAL: and waits until it is gone.
stop_agent() {
  local pid
  pid=$(</run/agent.pid)
  kill "-$1" "$pid"
  while [[ -e /proc/$pid ]]; do sleep 0.1; done
}
start_agent
# shellcheck source=tests/machine/control.sh
source /test/control.sh
