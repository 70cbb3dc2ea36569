# shellcheck shell=bash
# What the cluster is given to do in a block, one function a class. Each marks its span well inside the work, so that
# neither the start nor the end of a load is in any class.
now_ns() { date +%s%N; }

# span CLASS SECONDS: marks the next seconds.
span() {
  local start
  start=$(now_ns)
  sleep "$2"
  echo "$start,$(now_ns),$1" >>"$SPANS"
}

rados_bench() { lab sh mon -- timeout "$((BENCH_SECONDS + 120))" rados -p "$POOL" bench "$BENCH_SECONDS" "$@"; }

# under_load CLASS SECONDS BENCH_ARGUMENTS...
under_load() {
  local class=$1 seconds=$2 bench_pid
  shift 2
  BENCH_SECONDS=$((seconds + 2))
  rados_bench "$@" &
  bench_pid=$!
  sleep 1.5
  span "$class" "$seconds"
  kill -0 "$bench_pid" || die "the benchmark ended before its span did"
  wait "$bench_pid"
}

# Two seconds first, for what follows a load in the cluster to die down.
do_idle() {
  sleep 2
  span idle "$1"
}
do_write-4m() { under_load write-4m "$1" write -b 4194304 -t 4; }
do_write-4k() { under_load write-4k "$1" write -b 4096 -O 4194304 -t 16; }
do_read() { under_load read "$1" rand -t 4 --run-name reads; }

prepare_reads() {
  BENCH_SECONDS=4
  rados_bench write -b 4194304 -t 4 --no-cleanup --run-name reads
}

# An OSD is stopped, objects are written without it, and it is started again: what it missed is copied to it.
do_recovery() {
  local pid
  read -r pid _ <"$LAB_STATE/processes/ceph-osd1"
  kill -TERM "$pid"
  wait_for 30 "the OSD stops" process_gone "$pid"
  BENCH_SECONDS=6
  rados_bench write -b 4194304 -t 4 --no-cleanup --run-name missed
  lab sh osd1 -- setsid ceph-osd --conf "$LAB_STATE/ceph.conf" -f -i 1 >"$LAB_STATE/log/ceph-osd1-again.out" 2>&1 </dev/null &
  wait_for 30 "the OSD is back" osd_is_back
  span recovery "$1"
}
# An idle cluster may be silent for seconds, and a span must end before its capture's last packet.
do_last_write() {
  BENCH_SECONDS=1
  rados_bench write -b 4096 -t 1
}
process_gone() { ! kill -0 "$1" 2>/dev/null; }
osd_is_back() { [[ $(lab sh mon -- timeout 20 ceph osd stat 2>/dev/null) == *" 2 up"* ]]; }
