# shellcheck shell=bash
# What the cluster is given to do: the greeting, idleness, a benchmark's writes.
PAYLOAD='Hello^'
POOL=bench

write_and_read_greeting() {
  local written=$DEMO/$1-written read=$DEMO/$1-read
  printf '%s' "$PAYLOAD" >"$written"
  lab sh mon -- timeout 60 rados -p "$POOL" put greeting "$written"
  lab sh mon -- timeout 60 rados -p "$POOL" get greeting "$read"
  cmp "$written" "$read"
}

# Two seconds first, for what follows a write in the cluster to die down.
stay_idle() {
  sleep 2
  span idle "$2"
}

# The marks are well inside the benchmark, so that its start and its end are in neither class.
stay_busy() {
  local log=$DEMO/$1-bench.log bench_pid
  lab sh mon -- timeout $(($2 + 90)) rados -p "$POOL" bench $(($2 + 4)) write -b 4M -t 16 --no-cleanup >"$log" 2>&1 &
  bench_pid=$!
  sleep 2
  span busy "$2"
  kill -0 "$bench_pid" || die "the benchmark ended too early, see $log"
  wait "$bench_pid"
  cat "$log"
}
