# shellcheck shell=bash
# What goes wrong, one thing after the other, each drawn from the seed and noted with its time.
FAULTS=0 FAULTS_BEGAN=0

# draw NAME N: sets NAME to the next random number below N. Not in a subshell, where the sequence would not go on.
draw() {
  local -n result=$1
  # shellcheck disable=SC2034  # it is the caller's
  result=$((RANDOM % $2))
}
milliseconds() { sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))"; }

# Cells of each pair, recorded once, as an attacker on the network would.
record_cells() {
  local node
  for node in "${NODES[@]}"; do
    in_node fabric timeout 20 tcpdump -Z root -i "$node" -Q in -c 1000 -s 0 -n -w "$SOAK/cells-$node.pcap" \
      "udp dst port $PORT"
  done
}

note_fault() {
  FAULTS=$((FAULTS + 1))
  printf '%s %s\n' "$(seconds_since "$FAULTS_BEGAN")" "$*" | tee -a "$SOAK/faults.log" | sed 's/^/    /'
}

# An agent ends, and comes back in time for nobody to give up.
fault_agent() {
  local node signal=KILL choice away_ms
  draw choice ${#NODES[@]}
  node=${NODES[$choice]}
  draw choice 4
  ((choice > 0)) || signal=TERM
  draw away_ms 2800
  away_ms=$((away_ms + 200))
  note_fault "agent of $node: SIG$signal, away for $away_ms ms"
  end_agent "$node" "$signal"
  milliseconds "$away_ms"
  start_agent "$node"
}

fault_cut() {
  local node choice cut_ms
  draw choice ${#NODES[@]}
  node=${NODES[$choice]}
  draw cut_ms 2500
  cut_ms=$((cut_ms + 500))
  note_fault "cable of $node: cut for $cut_ms ms"
  in_node fabric ip link set "$(port_of "$node")" nomaster
  milliseconds "$cut_ms"
  in_node fabric ip link set "$(port_of "$node")" master br0
}

fault_weather() {
  local loss duplicate reorder corrupt replay seed for_ms
  draw loss 30
  draw duplicate 20
  draw reorder 50
  draw corrupt 10
  draw replay 10
  draw seed 10000
  draw for_ms 5000
  for_ms=$((for_ms + 3000))
  local options=(--loss "$((loss / 10)).$((loss % 10))" --duplicate "$((duplicate / 10)).$((duplicate % 10))"
    --reorder "$((reorder / 10)).$((reorder % 10))" --corrupt "0.$corrupt" --replay "0.$replay" --seed "$seed")
  note_fault "cable of $BAD_NODE: ${options[*]} for $for_ms ms"
  set_weather "${options[@]}"
  milliseconds "$for_ms"
  set_weather "${CALM[@]}"
}

fault_flood() {
  local to from choice kind kinds=(wrong_size garbage forged replay) seed
  draw choice ${#NODES[@]}
  to=${NODES[$choice]}
  from=${NODES[$(((choice + 1) % ${#NODES[@]}))]}
  draw choice ${#kinds[@]}
  kind=${kinds[$choice]}
  draw seed 10000
  note_fault "flood of $kind to $to, as if from $from: 20000 datagrams"
  # Out of the fabric's end of its cable: only that node hears it.
  in_node fabric timeout 30 "$TOOLS/inject" --interface "$to" --capture "$SOAK/cells-$from.pcap" \
    --from "${ADDRESS[$from]}" --to "${ADDRESS[$to]}" --kind "$kind" --count 20000 --seed "$seed" \
    >>"$SOAK/inject.log" 2>&1 || warn "the flood ended early: $(tail -n 1 "$SOAK/inject.log")"
}
# run_faults MINUTES
run_faults() {
  local minutes=$1 choice pause end
  FAULTS_BEGAN=$(now_ms)
  end=$((FAULTS_BEGAN + minutes * 60000))
  # shellcheck disable=SC2153  # soak.sh sets it
  RANDOM=$SEED
  while (($(now_ms) < end)); do
    draw pause 3000
    milliseconds $((pause + 1500))
    draw choice 10
    case $choice in
      0 | 1 | 2) fault_agent ;;
      3 | 4) fault_cut ;;
      5 | 6 | 7) fault_weather ;;
      *) fault_flood ;;
    esac
    is_alive objects || die "the load ended too early: $(tail -n 3 "$SOAK/objects.err")$(cat "$SOAK/objects.out")"
    expect_agents
  done
}
expect_agents() {
  local node
  is_alive relay || die "the cable's program ended by itself: $(cat "$SOAK/relay.err")"
  for node in "${NODES[@]}"; do
    agent_pid "$node" >/dev/null ||
      die "the agent of $node ended by itself: $(tail -n 5 "$STATE/log/cuttle-$node.out")"
  done
}
