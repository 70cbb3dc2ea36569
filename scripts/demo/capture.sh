# shellcheck shell=bash
# The observer: tcpdump on the fabric's bridge, where every packet that crosses from node to node shows once
# (in promiscuous mode a bridge hands each forwarded packet up one time). Heads of 96 bytes are enough: all
# headers, and the length of the whole. The buffer holds a second of a plain cluster at full speed.
#
# Trains leave their nodes whole, and whole they cross a bridge. That they are single datagrams of one size once a
# device has cut them is seen by a second tap behind one that has to, beside the way.

# shellcheck source=scripts/lib/tcpdump.sh
source "$CUTTLE_ROOT/scripts/lib/tcpdump.sh"

in_fabric() { lab sh fabric -- "$@"; }

start_tap() { # NAME INTERFACE
  local log=$DEMO/$1-tcpdump.log
  "$CUTTLE_ROOT/lab/lab" sh --name "$LAB_NAME" fabric -- timeout 300 tcpdump -i "$2" -n -s 96 -B 262144 -Z root \
    --time-stamp-precision=nano -w "$DEMO/$1.pcap" >"$log" 2>&1 &
  tcpdump_runs $! "$log"
}

start_capture() {
  SPANS=$DEMO/$1.csv
  forget_tcpdumps
  echo 'start_ns,end_ns,class' >"$SPANS"
  if [[ $1 == shaped ]]; then
    add_cut_tap in_fabric mon osd0 osd1 >"$DEMO/cut-tap.log"
    start_tap shaped-cut "$CUT_TAP"
  fi
  start_tap "$1" br0
}

stop_capture() { stop_tcpdumps "try again"; }

now_ns() { date +%s%N; }

# span CLASS SECONDS: marks the next seconds.
span() {
  local start
  start=$(now_ns)
  sleep "$2"
  echo "$start,$(now_ns),$1" >>"$SPANS"
}
