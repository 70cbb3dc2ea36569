# shellcheck shell=bash
# The cluster's configuration file and the ways to ask the cluster. Every path is under $STATE: the machine's own
# /etc/ceph and /var/lib/ceph are never touched.

# Against the defaults: what a cluster on one machine, with small files for disks, needs to be healthy. The
# warnings switched off are about the lab being a lab (a full disk, one copy), not about anything under test.
write_ceph_conf() {
  cat >"$STATE/ceph.conf" <<TEXT
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon initial members = a
mon host = ${ADDRESS[mon]}
public network = 10.77.0.0/24
auth allow insecure global id reclaim = false
keyring = $STATE/\$type.\$id.keyring
run dir = $STATE/run
admin socket = $STATE/run/\$type.\$id.asok
log file = $STATE/log/\$type.\$id.log
crash dir = $STATE/crash
osd crush chooseleaf type = 0
osd pool default size = $COPIES
osd pool default min size = 1
osd pool default pg num = $PLACEMENT_GROUPS
osd pool default pg autoscale mode = off

[mon]
mon data = $STATE/mon
mon data avail warn = 2
mon data avail crit = 1
mon allow pool size one = true
mon allow pool delete = true
mon warn on pool no redundancy = false
mon warn on osd down out interval zero = false

[mgr]
mgr data = $STATE/mgr
mgr initial modules =

[osd]
osd data = $STATE/osd\$id
osd memory target = 900000000
osd objectstore = bluestore
bluestore block size = $OSD_BYTES
bluestore fsck on mkfs = false
TEXT
}

# ceph COMMAND... from the monitor's node, bounded in time.
ask_ceph() { in_node mon timeout 30 ceph --conf "$STATE/ceph.conf" --connect-timeout 20 "$@"; }

ceph_health() { ask_ceph health 2>/dev/null | head -n 1; }

# Then reports come as rarely as Ceph's default has it: what the lab says while nothing is done is as everywhere.
become_healthy() {
  wait_for 120 HEALTH_OK cluster_healthy
  ask_ceph config rm mgr mgr_stats_period
}

# HEALTH_OK alone is not enough: a monitor that has not heard of the new pool yet says so, too.
cluster_healthy() {
  [[ $(ask_ceph pg stat 2>/dev/null) == "$PLACEMENT_GROUPS pgs: $PLACEMENT_GROUPS active+clean;"* &&
    $(ceph_health) == HEALTH_OK ]]
}
