# shellcheck shell=bash
# c, a third node on the network of a and b, which is a peer of a's only. After harness.sh.
# shellcheck disable=SC2034,SC2154  # arrays of harness.sh
V4[c]=10.99.0.3
V6[c]=fd99::3
OTHER[c]=a

clean_up_c() {
  local pid
  [[ -e /run/netns/$NET-c ]] || return 0
  for pid in $(ip netns pids "$NET-c"); do kill -KILL "$pid" 2>/dev/null || true; done
  ip netns del "$NET-c"
}
trap 'clean_up_c; clean_up' EXIT

third_node() {
  clean_up_c
  ip netns add "$NET-c"
  ip -n "$NET-c" link set dev lo up
  ip link add u0 netns "$NET-c" type veth peer name mc netns "$NET-m"
  in_space c sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.u0.rp_filter=0
  ip -n "$NET-c" addr add "${V4[c]}/24" dev u0
  ip -n "$NET-c" addr add "${V6[c]}/64" dev u0 nodad
  ip -n "$NET-c" link set dev u0 up
  ip -n "$NET-m" link set dev mc master br0
  ip -n "$NET-m" link set dev mc up
  "$CUTTLE" genkey >"$WORK/c.key"
  "$CUTTLE" pubkey <"$WORK/c.key" >"$WORK/c.pub"
  write_config c
}
# peer_of NODE [LANES]: its [[peer]] for another's file.
peer_of() {
  cat <<END
[[peer]]
name = "$1"
public_key = "$(<"$WORK/$1.pub")"
preshared_key_file = "$WORK/psk"
endpoint = "${V4[$1]}:4410"
redirect = ["${V4[$1]}", "${V6[$1]}"]
lanes = ${2:-1}
END
}

# What must not change of a's link to b, as status has it.
session() {
  status a '.links[] | select(.name == "b") | "\(.handshakes) \(.deadlines_missed < 0) \(.state)"'
}
link_is_up() { # NODE PEER
  [[ $(status "$1" ".links[] | select(.name == \"$2\") | .state") == up ]]
}
reaches() { # FROM TO
  in_space "$1" ping -q -c 2 -i 0.2 -W 1 "$2" >/dev/null 2>&1
}
