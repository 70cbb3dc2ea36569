#!/bin/bash
# options: time-travel=inf-cpu
# `release = "txtime"` in a kernel that has fq (`./run kernel`; not every other has): while the agent gets no processor for some
# milliseconds time and again, so that its own thread is late, trains leave when they were drawn to, as long as the lead covers
# that. In the virtual time of User Mode Linux: computing takes none, so how busy the machine is shows in nothing.
# KERNEL_TEST_LEAD: another lead, e.g. "100 us", with which it has to fail.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
[[ $(uname -r) == *-cuttle ]] || fail "not in the kernel of ./run kernel"
LEAD=${KERNEL_TEST_LEAD:-10 ms}
export RATE="10 Mb/s" SLOT="20 ms"

# set_up RELEASE [QUEUE...]: of a; b has no queue that reads instants, and releases by itself.
set_up() {
  network
  connect
  (($# < 2)) || tc -n "$NET-a" qdisc replace dev u0 root "${@:2}" || fail "this kernel has no $2"
  RUNTIME="release = \"$1\""$'\n'"realtime = false" configure
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
  stop_agent a
  stop_capture cells
  lateness
}

trains_leave_when_they_were_drawn() {
  local thread txtime p99_thread p99_txtime trains whole
  thread=$(measured thread)
  txtime=$(measured txtime fq)
  echo "  late by (median, p99, trains, whole ones): the thread $thread us; txtime $txtime us, $(<"$WORK/empty") after their instant"
  read -r _ p99_thread trains whole <<<"$thread"
  expect "the thread's trains that are whole" "$whole" == "$trains"
  expect "the thread is late enough to tell, p99 in us" "$p99_thread" '>' 1000
  read -r _ p99_txtime trains whole <<<"$txtime"
  expect "trains" "$trains" '>' 500
  expect "trains by txtime that are whole" "$whole" == "$trains"
  expect "p99 with txtime in us" "$p99_txtime" '<' "$p99_thread / 10"
}

late_ones_are_counted() {
  local LEAD="500 us" txtime trains whole
  txtime=$(measured txtime fq)
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

the_thread_takes_over() {
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
run_case late_ones_are_counted
run_case refused_without_fq
run_case the_thread_takes_over
run_case dropped_ones_are_counted
finish
