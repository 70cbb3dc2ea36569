# shellcheck shell=bash
# The two agents and what they say of themselves. Part of harness.sh.

# configure: keys and configurations for both. RATE, SLOT, CELL, LANES, JOINING, RUNTIME (more lines of
# [runtime]) and UNDERLAY (4 or 6) may be set before.
configure() {
  local node
  for node in a b; do
    "$CUTTLE" genkey >"$WORK/$node.key"
    "$CUTTLE" pubkey <"$WORK/$node.key" >"$WORK/$node.pub"
  done
  "$CUTTLE" genpsk >"$WORK/psk"
  for node in a b; do write_config "$node"; done
}

# The node with the smaller public key initiates.
initiates() { # NODE
  [[ $(key_bytes "$1") < $(key_bytes "${OTHER[$1]}") ]]
}
# configure, with keys by which NODE initiates.
configure_initiator() { # NODE
  configure
  until initiates "$1"; do configure; done
}
key_bytes() { # NODE
  base64 -d <"$WORK/$1.pub" | od -An -v -tx1 | tr -d ' \n'
}

# endpoint NODE: address and port of its first lane.
endpoint() {
  if [[ ${UNDERLAY:-4} == 6 ]]; then echo "[${V6[$1]}]:4410"; else echo "${V4[$1]}:4410"; fi
}

write_config() { # NODE
  local node=$1 peer=${OTHER[$1]}
  cat >"$WORK/$node.toml" <<END
[node]
name = "$node"
private_key_file = "$WORK/$node.key"
listen = "$(endpoint "$node")"
addresses = ["${V4[$node]}", "${V6[$node]}"]
control_socket = "$WORK/$node.sock"
[shape]
rate = "${RATE:-200 Mb/s}"
slot = "${SLOT:-1 ms}"
${CELL:+cell = $CELL}
[runtime]
${CUTTLE_TEST_DRIVER:+driver = \"$CUTTLE_TEST_DRIVER\"}
${RUNTIME:-}
[[peer]]
name = "$peer"
public_key = "$(<"$WORK/$peer.pub")"
preshared_key_file = "$WORK/psk"
endpoint = "$(endpoint "$peer")"
redirect = ["${V4[$peer]}", "${V6[$peer]}"]
lanes = ${LANES:-1}
${JOINING:+joining = $JOINING}
END
}

up_options() { # NODE
  local own=CUTTLE_UP_OPTIONS_$1
  echo "${CUTTLE_UP_OPTIONS:-} ${!own:-}"
}
start_agent() { # NODE [OPTIONS...]
  # shellcheck disable=SC2046  # words are meant
  ip netns exec "$NET-$1" "$CUTTLE" up --config "$WORK/$1.toml" $(up_options "$1") "${@:2}" \
    >>"$WORK/$1.log" 2>&1 &
  echo $! >"$WORK/$1.pid"
  disown # so that bash does not comment on its end
}
stop_agent() { # NODE [SIGNAL]
  end_process "${2:-TERM}" "$(<"$WORK/$1.pid")"
}
# Its privileged helper.
helper_of() { # NODE
  pgrep -P "$(<"$WORK/$1.pid")"
}
# reload NODE: what it prints is in $WORK/NODE.reload.
reload() {
  timeout 60 "$CUTTLE" reload --socket "$WORK/$1.sock" >"$WORK/$1.reload" 2>&1
}
take_down() { # NODE
  in_space "$1" timeout 20 "$CUTTLE" down --config "$WORK/$1.toml"
}

# status NODE FILTER: what jq finds in it.
status() {
  "$CUTTLE" status --socket "$WORK/$1.sock" --json 2>"$WORK/status.log" | jq -r "$2"
}
drops() { # NODE CAUSE
  status "$1" ".links[0].drops.$2"
}
is_up() { # NODE
  [[ $(status "$1" '.links[0].state' 2>/dev/null) == up ]]
}
wait_up() {
  local node
  for node in a b; do
    eventually 40 is_up "$node" ||
      fail "the link of $node does not come up: $(status "$node" '.links[0]')$(<"$WORK/status.log")"
  done
}
start_agents() {
  start_agent a
  start_agent b
  wait_up
}

# cpus_of_thread NODE NAME: where the agent's thread of that name may run; nothing where there is none.
cpus_of_thread() {
  local task
  for task in /proc/"$(<"$WORK/$1.pid")"/task/*; do
    [[ $(<"$task/comm") != "$2" ]] || taskset -pc "${task##*/}" | sed 's/.*: //'
  done
}

# Of a, as a restart of systemd-networkd does.
remove_rules_and_routes() {
  local family
  for family in -4 -6; do
    ip -n "$NET-a" "$family" rule del pref 100 || true
    ip -n "$NET-a" "$family" route flush table 4410
  done
}

# set_lanes NUMBER: of the link, at both ends while they run.
set_lanes() {
  local node
  for node in a b; do
    sed -i "s/^lanes = .*/lanes = $1/" "$WORK/$node.toml"
    reload "$node" || fail "reload: $(<"$WORK/$node.reload")"
  done
  wait_up
}

# --- loads from a to b

# What tells why a connection to TO_ADDRESS stands still: its two ends, the way there, the links, the network.
about_the_connection() { # TO_ADDRESS
  local node
  echo "--- the connection, from a and from b; a ping; the links of a and b"
  for node in a b; do in_space "$node" ss -Htino '( sport = :7008 or dport = :7008 )'; done
  in_space a timeout 12 ping -c 3 -i 0.2 -W 8 "$1" | tail -n 2
  for node in a b; do
    status "$node" '.links[0] | {state, handshakes, deadlines_missed, deadlines_late, cells,
      drops: (.drops | with_entries(select(.value != 0)))} | tojson'
  done
  [[ ! -e $WORK/impair.pid ]] || (stop_impairing) || true
}

# transfer TO_ADDRESS OPTIONS...: one TCP connection; what it found is in $WORK/transfer.json.
transfer() {
  local server
  ip netns exec "$NET-b" timeout 60 "$CUTTLE_TOOLS/stream" serve --skip-ms "${SKIP_MS:-0}" \
    >/dev/null 2>"$WORK/serve.log" &
  server=$!
  eventually 5 listens_on_tcp b 7008 || fail "stream serve does not listen: $(<"$WORK/serve.log")"
  in_space a timeout 60 "$CUTTLE_TOOLS/stream" send --to "$1" "${@:2}" >"$WORK/transfer.json" \
    2>"$WORK/transfer.log" || {
    about_the_connection "$1" >&2
    fail "transfer: $(<"$WORK/transfer.log")$(<"$WORK/serve.log")"
  }
  wait "$server"
}
transferred() { # FIELD
  jq -r ".$1" "$WORK/transfer.json"
}
listens_on_tcp() { # NODE PORT
  [[ -n $(in_space "$1" ss -Hltn "sport = :$2") ]]
}

# What of a machine an agent may change.
machine_state() { # NODE
  local table
  # Counters, indices and the operational state aside, which change by themselves.
  ip -n "$NET-$1" -o link show | sed 's/^[0-9]*: //; s/ state [A-Z]* / /'
  ip -n "$NET-$1" -o addr show | sed 's/^[0-9]*: //'
  for table in -4 -6; do
    ip -n "$NET-$1" "$table" rule show
    ip -n "$NET-$1" "$table" route show table all
  done
  in_space "$1" nft -s -t list ruleset
  tc -n "$NET-$1" qdisc show dev u0
  tc -n "$NET-$1" filter show dev u0 egress
}
