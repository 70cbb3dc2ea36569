# shellcheck shell=bash
# The network: a namespace a node, and a fabric with a bridge, where the observer sits.
#
#   NAME-mon [eth0]----[mon ]               the bridge's ports carry the names of the nodes
#   NAME-osd0[eth0]----[osd0]- br0 of NAME-fabric
#   NAME-osd1[eth0]----[osd1]
#
# Both ends of each pair are made inside their namespaces: nothing ever shows in the machine's own network.

lab_namespaces() {
  local node
  for node in fabric mon osd0 osd1; do
    if [[ -e /run/netns/$(namespace "$node") ]]; then
      namespace "$node"
    fi
  done
}

make_namespace() {
  local name
  name=$(namespace "$1")
  ip netns add "$name"
  # shellcheck disable=SC2016  # expands inside
  in_node "$1" sh -c '
    for file in /proc/sys/net/ipv6/conf/all/disable_ipv6 /proc/sys/net/ipv6/conf/default/disable_ipv6; do
      [ ! -e $file ] || echo 1 >$file
    done
    echo 2 >/proc/sys/net/ipv4/conf/all/rp_filter
    echo 2 >/proc/sys/net/ipv4/conf/default/rp_filter'
  in_node "$1" ip link set lo up
}

# TCP is cut at the sending end, so that what crosses the fabric is what a cable would carry. A train of cells is left
# whole, as it is on a host whose network card cuts it; scripts/demo/capture.sh has a tap behind a device that cuts.
connect_node() {
  local node=$1
  in_node fabric ip link add "$node" type veth peer name eth0 netns "$(namespace "$node")"
  in_node fabric ip link set "$node" master br0 up
  in_node "$node" ip address add "${ADDRESS[$node]}/24" dev eth0
  in_node "$node" ethtool -K eth0 tso off tx-udp-segmentation on
  in_node "$node" ip link set eth0 up
}

make_network() {
  local node
  make_namespace fabric
  in_node fabric ip link add br0 type bridge mcast_snooping 0
  in_node fabric ip link set br0 up
  for node in "${NODES[@]}"; do
    make_namespace "$node"
    connect_node "$node"
  done
  for node in "${NODES[@]}"; do
    in_node mon ping -q -c 1 -W 5 "${ADDRESS[$node]}"
  done
}

remove_network() {
  local name
  for name in $(lab_namespaces); do
    ip netns delete "$name"
  done
}
