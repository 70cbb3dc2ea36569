# shellcheck shell=bash
# The OSDs: each a real ceph-osd with BlueStore on a sparse file, in a node of its own.

# create_osd N: known to the cluster, with a key and an empty store.
create_osd() {
  local id=$1 uuid
  uuid=$(cat /proc/sys/kernel/random/uuid)
  mkdir -p "$STATE/osd$id"
  [[ $(ask_ceph osd new "$uuid") == "$id" ]]
  ask_ceph auth get-or-create "osd.$id" mon 'allow profile osd' mgr 'allow profile osd' osd 'allow *' \
    -o "$STATE/osd.$id.keyring"
  in_node "osd$id" timeout 120 ceph-osd --conf "$STATE/ceph.conf" -i "$id" --mkfs --osd-uuid "$uuid"
}

start_osds() {
  local id
  for id in "${OSDS[@]}"; do
    create_osd "$id"
    start_in "osd$id" "ceph-osd$id" ceph-osd --conf "$STATE/ceph.conf" -f -i "$id"
  done
  wait_for 90 "${#OSDS[@]} OSDs up" osds_up
}

osds_up() { [[ $(ask_ceph osd stat 2>/dev/null) == *" ${#OSDS[@]} up"* ]]; }

make_pool() {
  ask_ceph osd pool create "$POOL" "$PLACEMENT_GROUPS" "$PLACEMENT_GROUPS" replicated --size "$COPIES" --autoscale-mode off
  ask_ceph osd pool application enable "$POOL" rados
}
