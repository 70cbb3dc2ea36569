# shellcheck shell=bash
# The observer: tcpdump on the fabric's bridge, where every packet that crosses from node to node shows once
# (in promiscuous mode a bridge hands each forwarded packet up one time). Heads of 96 bytes are enough: all
# headers, and the length of the whole. The buffer holds a second of a plain cluster at full speed.
#
# Trains leave their nodes whole, and whole they cross a bridge. That they are single datagrams of one size once a
# device has cut them is seen by a second tap behind one that has to, beside the way.
CAPTURE_PIDS=()
CAPTURE_LOGS=()

in_fabric() { lab sh fabric -- "$@"; }

start_tap() { # NAME INTERFACE
  local log=$DEMO/$1-tcpdump.log
  "$CUTTLE_ROOT/lab/lab" sh --name "$LAB_NAME" fabric -- timeout 300 tcpdump -i "$2" -n -s 96 -B 262144 -Z root \
    --time-stamp-precision=nano -w "$DEMO/$1.pcap" >"$log" 2>&1 &
  CAPTURE_PIDS+=($!)
  CAPTURE_LOGS+=("$log")
  wait_for 10 "tcpdump listens" grep -q '^tcpdump: listening' "$log"
}

start_capture() {
  SPANS=$DEMO/$1.csv
  CAPTURE_PIDS=()
  CAPTURE_LOGS=()
  echo 'start_ns,end_ns,class' >"$SPANS"
  if [[ $1 == shaped ]]; then
    add_cut_tap in_fabric mon osd0 osd1 >"$DEMO/cut-tap.log"
    start_tap shaped-cut "$CUT_TAP"
  fi
  start_tap "$1" br0
}

# A capture that lost packets proves nothing, so it fails the demo.
stop_capture() {
  local i
  for i in "${!CAPTURE_PIDS[@]}"; do
    kill -TERM "${CAPTURE_PIDS[i]}"
    wait_for 30 "the end of tcpdump" grep -q 'dropped by kernel' "${CAPTURE_LOGS[i]}"
    cat "${CAPTURE_LOGS[i]}"
    grep -q '^0 packets dropped by kernel' "${CAPTURE_LOGS[i]}" ||
      die "tcpdump missed packets ($(grep 'dropped by kernel' "${CAPTURE_LOGS[i]}")); the machine is too busy, try again"
  done
}

now_ns() { date +%s%N; }

# span CLASS SECONDS: marks the next seconds.
span() {
  local start
  start=$(now_ns)
  sleep "$2"
  echo "$start,$(now_ns),$1" >>"$SPANS"
}
