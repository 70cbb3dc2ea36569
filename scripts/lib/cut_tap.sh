# shellcheck shell=bash
# A tap behind a device that has to cut. Trains of datagrams stay whole until a device takes them apart, and in
# namespaces none does, so a tap on the bridge shows large records. The mirror gives a copy of all that comes in
# by the bridge's ports to a pair of interfaces without any offload: the kernel cuts the copy before it crosses, as a
# card does, and what lies at the far end is one record a datagram. The packets' own way is as it was.

CUT_TAP=cut1 # the interface to listen at

# add_cut_tap RUN PORT...: RUN runs a command in the namespace of the ports.
add_cut_tap() {
  local run=$1 port
  shift
  "$run" ip link add cut0 type veth peer name "$CUT_TAP"
  "$run" ethtool -K cut0 tso off gso off tx-udp-segmentation off
  "$run" ethtool -K "$CUT_TAP" gro off
  "$run" ip link set cut0 up
  "$run" ip link set "$CUT_TAP" up
  for port in "$@"; do
    "$run" tc qdisc add dev "$port" clsact
    "$run" tc filter add dev "$port" ingress protocol all u32 match u32 0 0 action mirred egress mirror dev cut0
  done
}
