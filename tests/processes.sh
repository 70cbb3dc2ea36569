# shellcheck shell=bash
# Waiting for what other processes do, and ending them: for the end-to-end tests' harnesses, which have `fail`.

# eventually SECONDS COMMAND...: as soon as the command succeeds.
eventually() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < until)) || return 1
    sleep 0.05
  done
}

process_lives() { # PID
  [[ -e /proc/$1 ]] && ! grep -q '^State:.*zombie' "/proc/$1/status" 2>/dev/null
}
process_ended() { ! process_lives "$1"; }

# end_process SIGNAL PID: and waits for it, END_SECONDS (10) at the most.
end_process() {
  process_lives "$2" || return 0
  kill "-$1" "$2" || true
  eventually "${END_SECONDS:-10}" process_ended "$2" || fail "process $2 does not end on SIG$1"
}
