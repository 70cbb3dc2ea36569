# shellcheck shell=bash
# The observer: tcpdump on the fabric's bridge, where every packet that crosses from node to node shows once
# (in promiscuous mode a bridge hands each forwarded packet up one time). Heads of 96 bytes are enough: all
# headers, and the length of the whole. The buffer holds a second of a plain cluster at full speed.
CAPTURE_PID=

start_capture() {
  local file=$DEMO/$1.pcap
  CAPTURE_LOG=$DEMO/$1-tcpdump.log
  SPANS=$DEMO/$1.csv
  echo 'start_ns,end_ns,class' >"$SPANS"
  "$CUTTLE_ROOT/lab/lab" sh --name "$LAB_NAME" fabric -- timeout 300 tcpdump -i br0 -n -s 96 -B 262144 -Z root \
    --time-stamp-precision=nano -w "$file" >"$CAPTURE_LOG" 2>&1 &
  CAPTURE_PID=$!
  wait_for 10 "tcpdump listens" grep -q '^tcpdump: listening' "$CAPTURE_LOG"
}

# A capture that lost packets proves nothing, so it fails the demo.
stop_capture() {
  kill -TERM "$CAPTURE_PID"
  wait_for 30 "the end of tcpdump" grep -q 'dropped by kernel' "$CAPTURE_LOG"
  cat "$CAPTURE_LOG"
  grep -q '^0 packets dropped by kernel' "$CAPTURE_LOG" ||
    die "tcpdump missed packets ($(grep 'dropped by kernel' "$CAPTURE_LOG")); the machine is too busy, try again"
}

now_ns() { date +%s%N; }

# span CLASS SECONDS: marks the next seconds.
span() {
  local start
  start=$(now_ns)
  sleep "$2"
  echo "$start,$(now_ns),$1" >>"$SPANS"
}
