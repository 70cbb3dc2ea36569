# shellcheck shell=bash
# Telling the user what happens: headings, steps with their seconds, and errors of one line.

say() { printf '%s\n' "$*"; }
heading() { printf '\n== %s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
  printf '%s: %s\n' "${SAY_AS:-run}" "$*" >&2
  exit "${DIE_STATUS:-1}"
}

# The seconds since the time in ms given, with one digit after the point.
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# step TEXT COMMAND...: runs the command with its output in $STEP_LOG, and prints one line with the seconds
# it took. It runs as a background job that is waited for, because bash handles a signal at once only there:
# an interrupted step stops now, not when it is done. On failure the end of the log follows. The command runs
# in a subshell under set -e, so it cannot set variables of the caller.
STEP_PID=
step_began() { :; } # for a caller that keeps a record of its processes
step() {
  local text=$1 began status=0
  shift
  began=$(now_ms)
  printf '  %-58s' "$text"
  printf '\n-- %s\n' "$text" >>"$STEP_LOG"
  # A caller's traps and job must not be run twice, hence the subshell's own.
  (
    trap - INT TERM EXIT
    set -e
    "$@"
  ) >>"$STEP_LOG" 2>&1 </dev/null &
  STEP_PID=$!
  step_began "$STEP_PID"
  wait "$STEP_PID" || status=$?
  STEP_PID=
  if ((status == 0)); then
    printf 'ok  %6s s\n' "$(seconds_since "$began")"
    return 0
  fi
  printf 'FAILED, %s s\n' "$(seconds_since "$began")"
  warn "The end of $STEP_LOG:"
  tail -n 15 "$STEP_LOG" | sed 's/^/    /' >&2
  return "$status"
}

# Ends the step at work, if any: for traps.
stop_step() {
  [[ -n $STEP_PID ]] || return 0
  kill -TERM "$STEP_PID" 2>/dev/null || true
  wait "$STEP_PID" 2>/dev/null || true
  STEP_PID=
}

# wait_for SECONDS WHAT COMMAND...: tries the command until it succeeds, or fails after so many seconds.
wait_for() {
  local limit=$1 what=$2 end
  shift 2
  end=$(($(now_ms) + limit * 1000))
  until "$@"; do
    if (($(now_ms) > end)); then
      echo "waited $limit s in vain for: $what"
      return 1
    fi
    sleep 0.2
  done
}
