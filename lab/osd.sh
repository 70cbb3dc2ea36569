# shellcheck shell=bash
# The OSDs: each a real ceph-osd with BlueStore on a sparse file, in a node of its own.

# make_osd N UUID: with a key and an empty store.
make_osd() {
  local id=$1
  ask_ceph auth get-or-create "osd.$id" mon 'allow profile osd' mgr 'allow profile osd' osd 'allow *' \
    -o "$STATE/osd.$id.keyring"
  in_node "osd$id" timeout 120 ceph-osd --conf "$STATE/ceph.conf" -i "$id" --mkfs --osd-uuid "$2"
}

# Known to the cluster one after the other, since their numbers follow from that; made side by side.
start_osds() {
  local id uuid makers=()
  for id in "${OSDS[@]}"; do
    uuid=$(cat /proc/sys/kernel/random/uuid)
    mkdir -p "$STATE/osd$id"
    [[ $(ask_ceph osd new "$uuid") == "$id" ]]
    make_osd "$id" "$uuid" &
    makers+=($!)
  done
  for id in "${OSDS[@]}"; do
    wait "${makers[id]}"
    start_in "osd$id" "ceph-osd$id" ceph-osd --conf "$STATE/ceph.conf" -f -i "$id"
  done
  wait_for 90 "${#OSDS[@]} OSDs up" osds_up
}

osds_up() { [[ $(ask_ceph osd stat 2>/dev/null) == *" ${#OSDS[@]} up"* ]]; }

make_pool() {
  ask_ceph osd pool create "$POOL" "$PLACEMENT_GROUPS" "$PLACEMENT_GROUPS" replicated --size "$COPIES" --autoscale-mode off
  ask_ceph osd pool application enable "$POOL" rados
}
