# shellcheck shell=bash
# The course of the experiment: rounds of one block of idleness and one of each load in random order, and a recovery
# at the end. Random, so that nothing that drifts with time can be
# taken for what the cluster does.
SPANS=

shuffled() {
  local list=("$@") i j kept
  for ((i = ${#list[@]} - 1; i > 0; i--)); do
    j=$((RANDOM % (i + 1)))
    kept=${list[i]}
    list[i]=${list[j]}
    list[j]=$kept
  done
  printf '%s\n' "${list[@]}"
}

run_blocks() { # KIND DEADLINE_MS
  local kind=$1 deadline=$2 number=0 class classes seconds=$BLOCK_SECONDS began
  [[ $kind == shaped ]] || seconds=$PLAIN_BLOCK_SECONDS
  SPANS=$AUDIT/$kind.csv
  RANDOM=$SEED
  echo 'start_ns,end_ns,class' >"$SPANS"
  # A round more only if it ends in time; a recovery takes a minute.
  local round_ms=0
  while ((number < LEAST_ROUNDS || $(now_ms) + round_ms + 60000 < deadline)); do
    number=$((number + 1))
    began=$(now_ms)
    mapfile -t classes < <(RANDOM=$((SEED * 1000 + number)) && shuffled idle "$MAIN_LOAD" write-4k read)
    for class in "${classes[@]}"; do
      step "round $number: $class, $seconds s" "do_$class" "$seconds"
    done
    round_ms=$(($(now_ms) - began))
  done
  # With one OSD there is nobody to recover from.
  ((${#NODES[@]} < 3)) || step "recovery: an OSD stopped and started" do_recovery "$seconds"
}
