# shellcheck shell=bash
# The observers: tcpdump at each node's egress with the kernel's stamps, and, for comparison, one on the fabric. Heads
# of 64 bytes hold all that is asked for: addresses, ports, size, session and number of a cell.
TAP_PIDS=()
TAP_LOGS=()

# With real-time priority: at the end, an observer that lags behind would lose what it has not yet looked at.
start_tap() { # NODE FILE TCPDUMP_OPTIONS...
  local node=$1 file=$2 log=$AUDIT/$2-tcpdump.log
  shift 2
  # Not by the function `lab`: its process would be a shell's of ours, and a signal would end at it.
  "$CUTTLE_ROOT/lab/lab" sh --name "$LAB_NAME" "$node" -- timeout $((MINUTES * 60 + 600)) chrt --rr 1 tcpdump -n -s 64 -B 65536 -Z root --time-stamp-precision=nano \
    -w "$AUDIT/$file.pcap" "$@" >"$log" 2>&1 &
  TAP_PIDS+=($!)
  TAP_LOGS+=("$log")
  wait_for 10 "tcpdump listens" grep -q '^tcpdump: listening' "$log"
}

start_taps() {
  local kind=$1 node
  TAP_PIDS=()
  TAP_LOGS=()
  for node in "${NODES[@]}"; do
    start_tap "$node" "$kind-$node" -i eth0 -Q out
  done
  [[ $kind == plain ]] || start_tap fabric "$kind-fabric" -i br0
}

# A capture that lost packets proves nothing, so it fails the audit.
stop_taps() {
  local i
  for i in "${!TAP_PIDS[@]}"; do
    kill -TERM "${TAP_PIDS[i]}"
    wait_for 60 "the end of tcpdump" grep -q 'dropped by kernel' "${TAP_LOGS[i]}"
    cat "${TAP_LOGS[i]}"
    grep -q '^0 packets dropped by kernel' "${TAP_LOGS[i]}" ||
      die "tcpdump missed packets ($(grep 'dropped by kernel' "${TAP_LOGS[i]}")); the machine is too busy, try a lower --rate"
  done
}
