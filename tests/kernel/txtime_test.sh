#!/bin/bash
# options: time-travel=inf-cpu
# `release = "txtime"` in a kernel that has fq and etf (`./run kernel`; not every other has): while the agent gets no processor for some
# milliseconds time and again, so that its own thread is late, trains leave when they were drawn to, as long as the lead covers
# that. In the virtual time of User Mode Linux: computing takes none, so how busy the machine is shows in nothing.
# KERNEL_TEST_LEAD: another lead, e.g. "100 us", with which it has to fail.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
[[ $(uname -r) == *-cuttle ]] || fail "not in the kernel of ./run kernel"
LEAD=${KERNEL_TEST_LEAD:-10 ms}
export RATE="10 Mb/s" SLOT="20 ms"

# queue_of_a QUEUE...: on the interface by which a's cells leave. etf gets what has priority 3, and nothing else.
queue_of_a() {
  if [[ $1 != etf ]]; then
    tc -n "$NET-a" qdisc replace dev u0 root "$@" || fail "this kernel has no $1"
    return
  fi
  local map
  read -ra map <<<"${PRIOMAP:-2 3 3 0 2 3 1 1 2 2 2 2 2 2 2 2}"
  tc -n "$NET-a" qdisc replace dev u0 root handle 1: prio bands 4 priomap "${map[@]}"
  tc -n "$NET-a" qdisc replace dev u0 parent 1:1 etf clockid CLOCK_TAI delta "${DELTA_NS:-10000000}" "${@:2}" || fail "this kernel has no etf"
}

# set_up RELEASE [QUEUE...]: of a; b has no queue that reads instants, and releases by itself.
# SCATTER: the cells one by one.
set_up() {
  network
  connect
  (($# < 2)) || queue_of_a "${@:2}"
  RUNTIME="release = \"$1\""$'\n'"realtime = false" configure
  [[ -z ${SCATTER:-} ]] || sed -i 's/^slot = .*/&\nscatter = true/' "$WORK/a.toml" "$WORK/b.toml"
  sed -i "s/^realtime = false/&\nlead = \"$LEAD\"/" "$WORK/a.toml"
  sed -i 's/^release = .*/release = "thread"/' "$WORK/b.toml"
}
goes_by() { # BY
  [[ $(status a '.links[0].release.by') == "$1" ]]
}
released() { # COUNT
  status a ".links[0].release.$1"
}
has_dropped() { (($(released queue_dropped) > 0)); }

# disturbed SECONDS: a gets no processor for 1 to 8 ms at a time, some thirty times a second, as beside other work.
disturbed() {
  local until=$((SECONDS + $1)) pid
  pid=$(<"$WORK/a.pid")
  while ((SECONDS < until)); do
    kill -STOP "$pid"
    sleep "0.00$((RANDOM % 8 + 1))"
    kill -CONT "$pid"
    sleep "0.0$((RANDOM % 30 + 10))"
  done
}

# lateness: how far from its draw each of a's trains left, early or late: "MEDIAN P99 TRAINS WHOLE", in us. The draws say how many cells each
# train has, and the capture has every cell from the first one on: were one too few or too many, then of all trains that follow
# the last cell would be in another slot. WHOLE counts those whose last cell is where it belongs.
lateness() {
  captured cells "udp src port 4410 and src host ${V4[a]}" | awk -v draws="$WORK/draws" '
    { seen[NR] = substr($1, 6) + 0 }  # of ten digits, what fits into a double to the microsecond
    END {
      FS = ","
      getline line <draws
      while ((getline line <draws) > 0) {
        split(line, field, ",")
        first = last + 1
        if (field[3] == 0) continue
        last += field[3]
        if (!(last in seen)) break
        late = (seen[first] - substr(field[2], 6, 11) / 1e6) * 1e6
        printf "%d %d\n", late < 0 ? -late : late, (seen[last] - seen[first]) * 1e6
      }
    }' | sort -n >"$WORK/late"
  awk '{ late[NR] = $1; whole += $2 < 10000 } END { print late[int(NR / 2)], late[int(NR * 0.99)], NR, whole }' "$WORK/late"
}

# wake_ups: of a's pacer in a second, while nothing disturbs it.
wake_ups() {
  local before task
  task=$(grep -l '^pacer' "/proc/$(<"$WORK/a.pid")/task/"*/comm)
  before=$(waits_of "${task%/comm}")
  sleep 10
  echo $((($(waits_of "${task%/comm}") - before) / 10))
}
waits_of() { awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "$1/status"; } # TASK

# measured RELEASE [QUEUE]: under load, what lateness() says.
measured() {
  set_up "$@"
  in_space a ping -q -c 1 -W 5 "${V4[b]}" >/dev/null || fail "no network"
  start_agent b
  start_capture cells ma 96
  start_agent a --debug-draws "$WORK/draws"
  wait_up
  goes_by "$1" || fail "released by $(status a '.links[0].release.by'): $(status a '.queue_why_not')"
  disturbed 12
  released queue_empty >"$WORK/empty"
  status a .links[0].release >"$WORK/release"
  stop_agent a
  stop_capture cells
  lateness
}

# expect_instants QUEUE: under the same load, its lateness against the thread's.
expect_instants() {
  local thread txtime p99_thread p99_txtime trains whole
  thread=$(measured thread)
  txtime=$(measured txtime "$1")
  echo "  late by (median, p99, trains, whole ones): the thread $thread us; txtime by $1 $txtime us, $(<"$WORK/empty") after their instant"
  read -r _ p99_thread trains whole <<<"$thread"
  expect "the thread's trains that are whole" "$whole" == "$trains"
  expect "the thread is late enough to tell, p99 in us" "$p99_thread" '>' 1000
  read -r _ p99_txtime trains whole <<<"$txtime"
  expect "trains" "$trains" '>' 500
  expect "trains by txtime that are whole" "$whole" == "$trains"
  expect "p99 with txtime in us" "$p99_txtime" '<' "$p99_thread / 10"
  expect_same "dropped, sent again" "0 0" "$(jq -r '"\(.queue_dropped) \(.queue_sent_again)"' "$WORK/release")"
}
trains_leave_when_they_were_drawn() { expect_instants fq; }
scattered_cells_leave_when_they_were_drawn() { SCATTER=yes expect_instants fq; }
trains_by_etf_leave_when_they_were_drawn() {
  expect_instants etf
  expect_same "which queue it is" "etf in software (no offload), by TAI" "$(jq -r .queue "$WORK/release")"
}
scattered_cells_by_etf_leave_when_they_were_drawn() { SCATTER=yes expect_instants etf; }

# A slot has 17 cells, fifty times a second.
scattered_cells_take_one_wake_up_a_slot() {
  local SCATTER=yes thread txtime
  set_up thread
  start_agents
  thread=$(wake_ups)
  set_up txtime fq
  start_agents
  goes_by txtime || fail "released by $(status a '.links[0].release.by')"
  txtime=$(wake_ups)
  echo "  wake-ups of the pacer in a second: $thread where it releases, $txtime with txtime"
  expect "wake-ups where the pacer releases" "$thread" '>' 600
  expect "wake-ups with txtime" "$txtime" '<' 60
}

late_ones_are_counted() { expect_late_ones fq; }
late_ones_by_etf_are_counted() { expect_late_ones etf; }
expect_late_ones() { # QUEUE
  local LEAD="500 us" txtime trains whole
  txtime=$(measured txtime "$1")
  expect_same "dropped" 0 "$(jq .queue_dropped "$WORK/release")"
  read -r _ _ trains whole <<<"$txtime"
  expect "trains handed over after their instant" "$(<"$WORK/empty")" '>' 10
  expect "trains that are whole" "$whole" == "$trains"
}

refused_without_fq() {
  # shellcheck disable=SC2016  # as it is said
  local why='release = "txtime", but the queue of u0 is pfifo, which reads no instants; `tc qdisc replace dev u0 root fq` makes it so'
  set_up txtime pfifo
  start_agent a
  eventually 10 process_ended "$(<"$WORK/a.pid")" || fail "it starts without fq"
  grep -qF "$why" "$WORK/a.log" || fail "it does not say why"
  ! in_space a "$CUTTLE" check "$WORK/a.toml" >"$WORK/check" 2>&1 || fail "check finds nothing"
  grep -qF "$why" "$WORK/check" || fail "check says: $(<"$WORK/check")"
  # Nor with one that drops what it has to hold.
  tc -n "$NET-a" qdisc replace dev u0 root fq flow_limit 2
  sed -i 's/^slot = .*/slot = "2 ms"/' "$WORK/a.toml"
  ! in_space a "$CUTTLE" check "$WORK/a.toml" >"$WORK/check" 2>&1 || fail "check finds nothing wrong with flow_limit"
  grep -q 'packets of b wait at a time, and the queue of u0 drops all beyond 2' "$WORK/check" || fail "check says: $(<"$WORK/check")"
}

# refuses WHY: to start, and `check` says the same.
refuses() {
  ! in_space a "$CUTTLE" check "$WORK/a.toml" >"$WORK/check" 2>&1 || fail "check finds nothing: $(<"$WORK/check")"
  grep -qF "$1" "$WORK/check" || fail "check says: $(<"$WORK/check")"
  start_agent a
  eventually 10 process_ended "$(<"$WORK/a.pid")" || fail "it starts all the same"
  grep -qF "$1" "$WORK/a.log" || fail "it does not say why: $(<"$WORK/a.log")"
}
etf_that_is_of_no_use_is_refused() {
  set_up txtime etf
  tc -n "$NET-a" qdisc replace dev u0 root etf clockid CLOCK_TAI delta 10000000
  refuses 'the queue of u0 is etf, which drops all that carries no instant'
  tc -n "$NET-a" qdisc del dev u0 root
  DELTA_NS=300000 queue_of_a etf
  refuses 'etf on u0 drops what is more than its delta of 300 us late'
  tc -n "$NET-a" qdisc del dev u0 root
  queue_of_a etf deadline_mode
  refuses 'etf on u0 is in deadline_mode'
  tc -n "$NET-a" qdisc del dev u0 root
  PRIOMAP='0 3 3 0 2 3 1 1 2 2 2 2 2 2 2 2' queue_of_a etf
  refuses 'etf on u0 gets what carries no instant as well'
  tc -n "$NET-a" qdisc del dev u0 root
  tc -n "$NET-a" qdisc replace dev u0 root handle 1: prio
  refuses 'no class of prio on u0 is etf'
  tc -n "$NET-a" qdisc del dev u0 root
  queue_of_a etf skip_sock_check
  in_space a "$CUTTLE" check "$WORK/a.toml" >"$WORK/check" 2>&1 || fail "check says: $(<"$WORK/check")"
  grep -qF 'cells on u0 are released by etf in software (no offload), by TAI, delta 10 ms, priority 3' "$WORK/check" || fail "check says: $(<"$WORK/check")"
  # veth has no launch time.
  ! (queue_of_a etf offload) 2>/dev/null || fail "this interface has a launch time?"
}

# cells_by_number: a's cells that were captured, those whose number is missing among them, and those that came twice:
# "CELLS MISSING TWICE". Each session numbers its cells from 1 on.
cells_by_number() {
  tcpdump -Z root -n -x -r "$WORK/cells.pcap" "udp src port 4410 and src host ${V4[a]}" 2>/dev/null | awk '
    $1 == "0x0010:" { spi = $8 $9 }
    $1 == "0x0020:" && spi != "00000000" { print spi, $2 $3 }' | sort >"$WORK/numbers"
  awk -v twice="$(uniq -d "$WORK/numbers" | wc -l)" '
    function number(hex,   i, n) {
      for (i = 1; i <= length(hex); i++) n = 16 * n + index("0123456789abcdef", substr(hex, i, 1)) - 1
      return n
    }
    { last[$1] = number($2); cells++ }
    END {
      for (spi in last) all += last[spi]
      print cells, all - (cells - twice), twice
    }' "$WORK/numbers"
}
set_clock() { date -s "@$(($(date +%s) + $1))" >/dev/null; } # SECONDS ahead
is_in_step() { goes_by txtime && [[ -z $(status a .queue_why_not) ]]; }
etf_while_the_clock_is_set() {
  # There is always something that waits in it.
  SLOT="5 ms" set_up txtime etf
  start_agent b
  start_capture cells ma 96
  start_agent a
  wait_up
  eventually 5 is_in_step || fail "released by $(status a '.links[0].release.by'): $(status a '.queue_why_not')"
  sleep 1
  set_clock 5
  sleep 1
  expect "trains that were sent again after the clock was set forward" "$(released queue_sent_again)" '>' 0
  eventually 10 is_in_step || fail "after the clock was set forward: $(status a '.queue_why_not')"
  grep -q 'etf on u0 dropped a train as too late, which was sent again: the clock was set' "$WORK/a.log" || fail "nothing is said: $(<"$WORK/a.log")"
  # Set back: etf holds what it has, and takes nothing that is to leave before that. So the thread releases until then.
  set_clock -4
  eventually 5 goes_by thread || fail "the clock was set back, and released by $(status a '.links[0].release.by')"
  eventually 60 is_in_step || fail "after the clock was set back: $(status a '.queue_why_not')"
  in_space a ping -q -c 1 -W 5 "${V4[b]}" >/dev/null || fail "no answer"
  in_space a "$CUTTLE" doctor --config "$WORK/a.toml" >"$WORK/doctor" 2>&1 || true
  grep -q "etf has dropped .* trains of this node as too late, and its thread sent them again" "$WORK/doctor" || fail "doctor says: $(<"$WORK/doctor")"
  expect_same "missing for good" true "$(status a '.links[0].release | .queue_dropped <= .queue_sent_again')"
  echo "  sent again: $(released queue_sent_again)"
  stop_agent a
  stop_capture cells
  local cells missing twice
  read -r cells missing twice < <(cells_by_number)
  expect "cells" "$cells" '>' 1000
  expect_same "cells that are missing, and that came twice" "0 0" "$missing $twice"
}

the_thread_takes_over() {
  set_up txtime etf
  start_agents
  goes_by txtime || fail "released by $(status a '.links[0].release.by')"
  tc -n "$NET-a" qdisc replace dev u0 root fq
  eventually 10 goes_by thread || fail "etf is gone, and nobody sees it"
  [[ $(status a .queue_why_not) == *"the queue of u0 is another one than at the start (fq, by the monotonic clock, not etf in software"* ]] ||
    fail "it says $(status a .queue_why_not)"
  eventually 20 in_space a ping -q -c 1 -W 5 "${V4[b]}" >/dev/null || fail "no answer"
  set_up txtime fq
  start_agents
  goes_by txtime || fail "released by $(status a '.links[0].release.by')"
  tc -n "$NET-a" qdisc replace dev u0 root pfifo
  eventually 10 goes_by thread || fail "fq is gone, and nobody sees it"
  [[ $(status a .queue_why_not) == *"the queue of u0 is pfifo"* ]] || fail "it says $(status a .queue_why_not)"
  tc -n "$NET-a" qdisc replace dev u0 root fq
  eventually 10 goes_by txtime || fail "fq is back, and nobody sees it"
  eventually 20 in_space a ping -q -c 1 -W 5 "${V4[b]}" >/dev/null || fail "no answer"
}

dropped_ones_are_counted() {
  SLOT="2 ms" set_up txtime fq
  start_agents
  eventually 5 goes_by txtime || fail "released by $(status a '.links[0].release.by')"
  sleep 3
  expect "packets that fq dropped" "$(released queue_dropped)" == 0
  tc -n "$NET-a" qdisc change dev u0 root fq flow_limit 2
  eventually 10 has_dropped || fail "fq drops, and nobody sees it"
  grep -q 'the queue of u0 has dropped' "$WORK/a.log" || fail "nothing is said"
  in_space a "$CUTTLE" doctor --config "$WORK/a.toml" >"$WORK/doctor" 2>&1 || true
  grep -q "the interface's own queue has dropped" "$WORK/doctor" || fail "doctor says: $(<"$WORK/doctor")"
}

run_case trains_leave_when_they_were_drawn
run_case scattered_cells_leave_when_they_were_drawn
run_case scattered_cells_take_one_wake_up_a_slot
run_case trains_by_etf_leave_when_they_were_drawn
run_case scattered_cells_by_etf_leave_when_they_were_drawn
run_case late_ones_are_counted
run_case late_ones_by_etf_are_counted
run_case refused_without_fq
run_case etf_that_is_of_no_use_is_refused
run_case etf_while_the_clock_is_set
run_case the_thread_takes_over
run_case dropped_ones_are_counted
finish
