# shellcheck shell=bash
# The monitor and the manager, both in the node `mon`, where the client is, too.

make_keyrings() {
  ceph-authtool --create-keyring "$STATE/client.admin.keyring" --gen-key -n client.admin \
    --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' --cap mds 'allow *'
  ceph-authtool --create-keyring "$STATE/mgr.a.keyring" --gen-key -n mgr.a \
    --cap mon 'allow profile mgr' --cap osd 'allow *' --cap mds 'allow *'
  ceph-authtool --create-keyring "$STATE/initial.keyring" --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$STATE/initial.keyring" --import-keyring "$STATE/client.admin.keyring"
  ceph-authtool "$STATE/initial.keyring" --import-keyring "$STATE/mgr.a.keyring"
}

# mkfs looks for an interface in the public network, so it runs inside the node.
start_monitor() {
  write_ceph_conf
  make_keyrings
  in_node mon ceph-mon --conf "$STATE/ceph.conf" --mkfs -i a --keyring "$STATE/initial.keyring" \
    --public-addr "${ADDRESS[mon]}"
  rm "$STATE/initial.keyring"
  start_in mon ceph-mon ceph-mon --conf "$STATE/ceph.conf" -f -i a --public-addr "${ADDRESS[mon]}"
  wait_for 60 "the monitor's answer" monitor_answers
}

monitor_answers() {
  process_lives ceph-mon || die "ceph-mon ended by itself, see $STATE/log"
  ask_ceph mon stat >/dev/null 2>&1
}

# Without the disks' health there is no pool of its own for it: one pool less to wait for.
# While the lab comes up, the OSDs report every second: that all placement groups are well is known that much sooner.
start_manager() {
  mkdir -p "$STATE/mgr"
  ask_ceph config set mgr mgr_stats_period 1
  ask_ceph config set mgr mgr/devicehealth/enable_monitoring false --force
  start_in mon ceph-mgr ceph-mgr --conf "$STATE/ceph.conf" -f -i a
}
