# shellcheck shell=bash
# The observers: tcpdump at each node's egress with the kernel's stamps, and, for comparison, one on the fabric. Heads
# of 64 bytes hold all that is asked for: addresses, ports, size, session and number of a cell.

# shellcheck source=scripts/lib/tcpdump.sh
source "$CUTTLE_ROOT/scripts/lib/tcpdump.sh"

# With real-time priority: at the end, an observer that lags behind would lose what it has not yet looked at.
start_tap() { # NODE FILE TCPDUMP_OPTIONS...
  local node=$1 file=$2 log=$AUDIT/$2-tcpdump.log
  shift 2
  # Not by the function `lab`: its process would be a shell's of ours, and a signal would end at it.
  "$CUTTLE_ROOT/lab/lab" sh --name "$LAB_NAME" "$node" -- timeout $((MINUTES * 60 + 600)) chrt --rr 1 tcpdump -n -s 64 -B 65536 -Z root --time-stamp-precision=nano \
    -w "$AUDIT/$file.pcap" "$@" >"$log" 2>&1 &
  tcpdump_runs $! "$log"
}

start_taps() {
  local kind=$1 node
  forget_tcpdumps
  for node in "${NODES[@]}"; do
    start_tap "$node" "$kind-$node" -i eth0 -Q out
  done
  [[ $kind == plain ]] || start_tap fabric "$kind-fabric" -i br0
}

stop_taps() { stop_tcpdumps "try a lower --rate"; }
