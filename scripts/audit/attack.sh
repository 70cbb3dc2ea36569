# shellcheck shell=bash
# The attacker, once for each observer, as many at a time as there are cores.

# key, captures' prefix, line rate, classes (- for all)
OBSERVERS=(
  "plain plain raw -"
  "shaped_raw shaped raw -"
  "shaped_100g shaped 100G main"
  "shaped_25g shaped 25G main"
  "shaped shaped 10G -"
  "shaped_1g shaped 1G main"
  "shaped_fabric fabric raw main"
)

# Those whose attack failed.
failed_observers() {
  local log
  for log in "$AUDIT"/failed-*.log; do
    [[ ! -f $log ]] || basename "${log##*/failed-}" .log
  done
}

# Those that had something to see: a port that cannot carry the links has no observer behind it.
list_observers() {
  local line keys=()
  for line in "${OBSERVERS[@]}"; do
    [[ ! -d $AUDIT/${line%% *} ]] || keys+=("${line%% *}")
  done
  (IFS=, && echo "${keys[*]}")
}

self_test() {
  local status=0
  step "eight leaks planted one at a time, and a clean trace" \
    "$TOOL" --self-test --seed "$SEED" --quiet --out "$AUDIT/self-test" || status=$?
  [[ -f $AUDIT/self-test/report.json ]] || die "the self-test did not get to its end"
  jq --raw-output '"  found \(.planted.found) of \(.planted.of), invented \(.invented)"' "$AUDIT/self-test/report.json"
  return 0
}

# attack_one KEY SOURCE RATE CLASSES: 0 and 1 are verdicts, and so is 2 with a report; anything else is a failure.
attack_one() {
  local key=$1 source=$2 rate=$3 classes=$4 node arguments=() status=0
  if [[ $source == fabric ]]; then
    arguments+=(--capture "$AUDIT/shaped-fabric.pcap" --labels "$AUDIT/shaped.csv")
  else
    for node in $AUDIT_NODES; do arguments+=(--capture "$AUDIT/$source-$node.pcap"); done
    arguments+=(--labels "$AUDIT/$source.csv")
  fi
  [[ $classes == - ]] || arguments+=(--classes "idle,$MAIN_LOAD")
  mkdir -p "$AUDIT/$key"
  "$TOOL" "${arguments[@]}" --nodes "$NODE_LIST" --port "$PORT" --cell "$CELL" --line-rate "$rate" --seed "$SEED" \
    --permutations 99 --out "$AUDIT/$key" >"$AUDIT/$key/audit.log" 2>&1 || status=$?
  if grep -q 'cannot carry what' "$AUDIT/$key/audit.log"; then
    say "  $key: left out; $(tail -n 1 "$AUDIT/$key/audit.log")"
    rm -r "${AUDIT:?}/$key"
    return 0
  fi
  if [[ ! -f $AUDIT/$key/report.json ]]; then
    # What the others saw is reported all the same; the verdict is never a pass.
    say "  $key: NOT JUDGED; $(grep '^cuttle' "$AUDIT/$key/audit.log" || tail -n 1 "$AUDIT/$key/audit.log")"
    mv "$AUDIT/$key/audit.log" "$AUDIT/failed-$key.log"
    rm -r "${AUDIT:?}/$key"
    return 0
  fi
  say "  $key: $(tail -n 1 "$AUDIT/$key/audit.log") (status $status)"
}

attack_everything() {
  export AUDIT_NODES="${NODES[*]}"
  export AUDIT TOOL NODE_LIST PORT CELL SEED MAIN_LOAD
  export -f attack_one say
  # shellcheck disable=SC2016  # expands in the inner bash
  printf '%s\n' "${OBSERVERS[@]}" | xargs -P "$(nproc)" -L 1 bash -c 'attack_one "$@"' attack
}
