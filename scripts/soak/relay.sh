# shellcheck shell=bash
# The cable of osd1 leads through a program that can spoil what passes (tests/tools/impair.cc):
#   osd1 [port of the fabric] -- impair -- [bad1]==[bad0 in the bridge]
BAD_NODE=osd1
CALM=(--loss 0)

start_relay() {
  in_node fabric ip link add bad0 type veth peer name bad1
  in_node fabric ethtool -K bad1 tx off tso off gso off gro off
  in_node fabric ethtool -K bad0 tx off tso off gso off gro off
  # What a program passes on must be whole: a checksum that a card was to complete would be wrong for ever.
  in_node "$BAD_NODE" ethtool -K eth0 tx off tso off gso off gro off
  in_node fabric ip link set bad0 master br0 up
  in_node fabric ip link set bad1 up
  in_node fabric ip link set "$BAD_NODE" nomaster
  set_weather "${CALM[@]}"
}

# set_weather OPTIONS...: of impair. The moment in which nobody passes cells is a fault, too.
set_weather() {
  stop_relay
  in_background relay nsenter --net="/run/netns/$(namespace fabric)" -- "$TOOLS/impair" "$BAD_NODE" bad1 "$@"
}

stop_relay() {
  [[ -e $SOAK/relay.pid ]] || return 0
  end_ours relay
  jq -c '[.[]] | (.[0] | keys) as $keys | [$keys[] as $k | {key: $k, value: (map(.[$k]) | add)}] | from_entries' \
    "$SOAK/relay.out" >>"$SOAK/weather.jsonl"
}

# The port that joins a node to the bridge.
port_of() { if [[ $1 == "$BAD_NODE" ]]; then echo bad0; else echo "$1"; fi; }
