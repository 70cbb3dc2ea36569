#!/bin/bash
# `cuttle try`: what it shows, that what it suggests can be done, and that everything is gone afterwards, however it ends. The
# program is run from a folder of its own, with nothing of this tree beside it.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../node/harness.sh"
export CUTTLE_TEST_PREFIX=try
NAME=t$$
SPACES=(cuttle-"$NAME"-a cuttle-"$NAME"-b)
FOLDER=/run/cuttle-$NAME
mkdir -p "$WORK/usr/bin"
cp "$CUTTLE" "$WORK/usr/bin"

# try_out OPTIONS...: in a shell that knows no more than a fresh one.
try_out() {
  env -i PATH="$WORK/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin" timeout 60 cuttle try --name "$NAME" "$@"
}
# begin: in the background; it has what is written to descriptor 8 for its input.
begin() {
  rm -f "$WORK/keyboard"
  mkfifo "$WORK/keyboard"
  env -i PATH="$WORK/usr/bin:/usr/bin:/bin" cuttle try --name "$NAME" <"$WORK/keyboard" >"$WORK/said" 2>&1 &
  TRIAL=$!
  exec 8>"$WORK/keyboard"
}
has_shown() { grep -q 'takes everything away' "$WORK/said" || process_ended "$TRIAL"; }
wait_shown() {
  eventually 60 has_shown || fail "it shows nothing: $(<"$WORK/said")"
  process_lives "$TRIAL" || fail "it ended: $(<"$WORK/said")"
}
end_of_trial() { # STATUS, or none for any
  local status=0
  eventually 20 process_ended "$TRIAL" || fail "it does not end: $(<"$WORK/said")"
  wait "$TRIAL" || status=$?
  [[ $status == "${1:-$status}" ]] || fail "exit status $status, expected $1: $(<"$WORK/said")"
  exec 8>&-
}
things_left() {
  local space
  for space in "${SPACES[@]}"; do ip netns list | grep -w "$space" || true; done
  [[ ! -e $FOLDER ]] || echo "$FOLDER"
  pgrep -f "/run/cuttle-$NAME/" || true
}
expect_nothing_left() {
  [[ -z $(things_left) ]] || fail "after $1 there is still: $(things_left)"
}
clean_up_trial() {
  try_out --clean >/dev/null 2>&1 || true
  clean_up
}
trap clean_up_trial EXIT

shows_that_it_works() {
  try_out --seconds 0 >"$WORK/said" </dev/null || fail "$(<"$WORK/said")"
  sed 's/^/   /' "$WORK/said"
  grep -q '^The link is up after' "$WORK/said" || fail "no link"
  grep -Eq '^Ping from a to b through the link: [1-5] of 5 answered' "$WORK/said" || fail "no ping"
  grep -Eq '^On the cable meanwhile: [1-9][0-9]{3,} datagrams of 1472 bytes, [0-9]+ ARP, nothing else' "$WORK/said" ||
    fail "no cells, or something else: $(<"$WORK/said")"
  expect_nothing_left "the time that was given"
}

# Each command that it prints, as printed; but the shell is not to wait for somebody.
what_it_suggests() {
  local command commands
  begin
  wait_shown
  mapfile -t commands < <(sed -n 's/^  \(ip netns exec\|cuttle\) /\1 /p' "$WORK/said")
  ((${#commands[@]} >= 5)) || fail "few suggestions: $(<"$WORK/said")"
  for command in "${commands[@]}"; do
    echo "   $command"
    PATH=$WORK/usr/bin:$PATH timeout 60 bash -c "$command" >"$WORK/done" 2>&1 </dev/null ||
      [[ $command == *doctor* ]] || fail "'$command': $(<"$WORK/done")"
    case $command in
      *ping*) grep -q ' 0% packet loss' "$WORK/done" ;;
      *tcpdump*) ! grep ' > ' "$WORK/done" | grep -v 'length 1472$' ;;
      *status*) grep -q ' up ' "$WORK/done" ;;
      *doctor*) grep -q '^ok *link b: up' "$WORK/done" ;;
    esac || fail "'$command' shows: $(<"$WORK/done")"
  done
  echo >&8
  end_of_trial 0
  expect_nothing_left "Enter"
}

# interrupted SIGNAL SECONDS: wherever it is then.
interrupted() {
  begin
  sleep "$2"
  kill "-$1" "$TRIAL"
  end_of_trial # 1, or 0 where the machine was quick enough to show all of it
  expect_nothing_left "SIG$1 after $2 s"
}

interrupted_when_shown() {
  begin
  wait_shown
  ip netns exec "${SPACES[0]}" sleep 300 & # somebody is still inside
  disown
  kill -INT "$TRIAL"
  end_of_trial 0
  expect_nothing_left "an interrupt"
}

one_at_a_time() {
  local status=0
  begin
  wait_shown
  try_out --seconds 0 >"$WORK/second" 2>&1 </dev/null || status=$?
  ((status == 2)) || fail "a second one of the same name: exit status $status"
  grep -q "a trial named $NAME is running already" "$WORK/second" || fail "it says: $(<"$WORK/second")"
  kill -KILL "$TRIAL"
  wait "$TRIAL" || true
  exec 8>&-
  [[ -n $(things_left) ]] || fail "a crash leaves nothing, so this case shows nothing"
  try_out --clean >"$WORK/said" || fail "--clean: $(<"$WORK/said")"
  grep -q "taken away: ${SPACES[0]}" "$WORK/said" || fail "--clean says: $(<"$WORK/said")"
  expect_nothing_left "--clean"
  try_out --clean | grep -q '^Nothing is left' || fail "--clean of nothing says something else"
  expect_nothing_left "--clean of nothing"
}

refused() { # EXPECTED COMMAND...
  local status=0
  "${@:2}" >"$WORK/refused" 2>&1 </dev/null || status=$?
  ((status == 2)) || fail "${*:2}: exit status $status"
  grep -q "$1" "$WORK/refused" || fail "${*:2} says: $(<"$WORK/refused")"
  expect_nothing_left "a refusal"
}
says_what_is_wrong() {
  chmod 755 "$WORK" "$WORK/usr" "$WORK/usr/bin" "$WORK/usr/bin/cuttle"
  # shellcheck disable=SC2016  # as it is printed
  refused 'needs root: `sudo cuttle try`' setpriv --reuid 65534 --clear-groups "$WORK/usr/bin/cuttle" try --name "$NAME"
  refused '1 to 16 of a-z' "$WORK/usr/bin/cuttle" try --name ../x
}

run_case shows_that_it_works
run_case what_it_suggests
run_case interrupted TERM 0.05
run_case interrupted HUP 1.5
run_case interrupted_when_shown
run_case one_at_a_time
run_case says_what_is_wrong
finish
