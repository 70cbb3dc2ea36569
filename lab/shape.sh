# shellcheck shell=bash
# Cuttle under the cluster: keys, a configuration file a node, an agent a node, and the wait for the links. All of
# it is in $STATE/cuttle, so that nothing of the machine's own is touched.

require_agent() {
  [[ -x $CUTTLE ]] || die "there is no agent at $CUTTLE; './run build' makes it (or take --plain)"
  [[ $LAB_DRIVER != seastar || -x $CUTTLE_SEASTAR_PROGRAM ]] ||
    die "there is no program with the Seastar driver at $CUTTLE_SEASTAR_PROGRAM; './run seastar build' makes it"
}

agent_file() { echo "$STATE/cuttle/$1.$2"; }

make_agent_keys() {
  local node
  mkdir -p "$STATE/cuttle"
  for node in "${NODES[@]}"; do
    # Others must not be able to read a private key; the agent refuses one that they can.
    (umask 077 && "$CUTTLE" genkey >"$(agent_file "$node" key)")
    "$CUTTLE" pubkey <"$(agent_file "$node" key)" >"$(agent_file "$node" pub)"
  done
}

# A ladder that stays at its top: every load is within one epoch, and what the nodes say of steps goes on.
agent_rate() {
  if [[ -n $LAB_LADDER ]]; then
    echo "ladder = { rates = [\"$LAB_LADDER\", \"$LAB_RATE\"], lower_after = \"86400 s\" }"
  else
    echo "rate = \"$LAB_RATE\""
  fi
}

agent_configuration() {
  local node=$1 peer
  cat <<TEXT
[node]
name = "$node"
private_key_file = "$(agent_file "$node" key)"
listen = "${ADDRESS[$node]}:$PORT"
control_socket = "$(agent_file "$node" sock)"

[shape]
$(agent_rate)
${LAB_SLOT:+slot = \"$LAB_SLOT\"}
cell = $LAB_CELL
${LAB_JITTER:+jitter = $LAB_JITTER}
${LAB_SCATTER:+scatter = $LAB_SCATTER}

[runtime]
${LAB_POLL_BEFORE:+poll_before = \"$LAB_POLL_BEFORE\"}
${LAB_RELEASE:+release = \"$LAB_RELEASE\"}
TEXT
  for peer in "${NODES[@]}"; do
    [[ $peer != "$node" ]] || continue
    cat <<TEXT

[[peer]]
name = "$peer"
public_key = "$(cat "$(agent_file "$peer" pub)")"
endpoint = "${ADDRESS[$peer]}:$PORT"
redirect = ["${ADDRESS[$peer]}"]
TEXT
  done
}

start_agents() {
  local node
  make_agent_keys
  for node in "${NODES[@]}"; do
    agent_configuration "$node" >"$(agent_file "$node" toml)"
    in_node "$node" "$CUTTLE" check "$(agent_file "$node" toml)"
  done
  for node in "${NODES[@]}"; do
    start_in "$node" "cuttle-$node" "$CUTTLE" up --config "$(agent_file "$node" toml)" "${DRIVER_OPTIONS[@]}"
  done
}

agent_status() {
  in_node "$1" timeout 5 "$CUTTLE" status --socket "$(agent_file "$1" sock)" "${@:2}"
}

links_up() {
  local node
  for node in "${NODES[@]}"; do
    process_lives "cuttle-$node" || die "the agent of $node ended by itself: $(tail -n 3 "$STATE/log/cuttle-$node.out")"
    agent_status "$node" --json 2>/dev/null |
      jq --exit-status --argjson links $((${#NODES[@]} - 1)) \
        '[.links[] | select(.state == "up")] | length == $links' >/dev/null || return 1
  done
}

# Milliseconds of CPU, all CPUs together: worked and idle.
cpu_ms() { awk '/^cpu / { print ($2 + $3 + $4 + $7 + $8) * 10, ($5 + $6) * 10 }' /proc/stat; }

why_links_are_down() {
  local node worked idle later_worked later_idle free
  read -r worked idle < <(cpu_ms)
  sleep 1
  read -r later_worked later_idle < <(cpu_ms)
  free=$(((later_idle - idle) * 100 / (later_worked - worked + later_idle - idle + 1)))
  for node in "${NODES[@]}"; do
    agent_status "$node" --json 2>/dev/null |
      jq -r --arg node "$node" '.links[] | select(.state != "up") | "  \($node): the link to \(.name) is \(.state)"' || true
  done
  ((free >= 5)) || say "  $free % of this machine's $(nproc) CPUs is free: ${#NODES[@]} agents with $((${#NODES[@]} - 1)) links of $LAB_RATE each are more than it has; give a lower --rate or a longer --slot"
  return 1
}

# Up is what the agents say; a ping through every link is what counts.
wait_for_links() {
  local node peer
  wait_for 30 "every link of every agent up" links_up || why_links_are_down
  for node in "${NODES[@]}"; do
    for peer in "${NODES[@]}"; do
      [[ $node == "$peer" ]] || in_node "$node" ping -q -c 1 -W 5 "${ADDRESS[$peer]}"
    done
  done
}

show_links() {
  local node
  for node in "${NODES[@]}"; do
    say ""
    agent_status "$node" || say "  the agent of $node does not answer, see $STATE/log/cuttle-$node.out"
  done
}
