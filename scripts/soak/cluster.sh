# shellcheck shell=bash
# A lab to do harm to, and the parts of the lab's scripts that reach into it.
for part in settings options processes network shape ceph; do
  # shellcheck source=/dev/null
  source "$CUTTLE_ROOT/lab/$part.sh"
done

# use_cluster RATE [DRIVER]: brings it up; the functions of the lab's scripts then mean this one.
use_cluster() {
  # shellcheck disable=SC2034  # the lab's parts read these
  LAB_RATE=$1 LAB_DRIVER=${2:-native}
  bring_up_lab --rate "$LAB_RATE" --driver "$LAB_DRIVER"
  derive_settings
  # shellcheck disable=SC2034  # say.sh reads it
  STEP_LOG=$SOAK/steps.log
}

# in_background NAME COMMAND...: output in $SOAK/NAME.out and NAME.err. Its number is in a file, since steps run in
# subshells.
in_background() {
  local name=$1
  shift
  setsid -- "$@" >"$SOAK/$name.out" 2>"$SOAK/$name.err" </dev/null &
  echo $! >"$SOAK/$name.pid"
  disown
}
our_pid() { cat "$SOAK/$1.pid" 2>/dev/null; }
is_alive() {
  local pid
  pid=$(our_pid "$1") && [[ -e /proc/$pid ]] && ! grep -qs '^State:.*Z' "/proc/$pid/status"
}
has_ended() { ! is_alive "$1"; }

# end_ours NAME [SIGNAL]: and waits for its end.
end_ours() {
  if is_alive "$1"; then
    kill "-${2:-TERM}" "$(our_pid "$1")" 2>/dev/null || true
    wait_for 60 "the end of $1" has_ended "$1"
  fi
  rm -f "$SOAK/$1.pid"
}

# --- agents

start_agent() { start_in "$1" "cuttle-$1" "$CUTTLE" up --config "$(agent_file "$1" toml)" "${DRIVER_OPTIONS[@]}"; }
agent_pid() { process_pid "cuttle-$1"; }
agent_has_ended() { ! agent_pid "$1" >/dev/null; }
# end_agent NODE SIGNAL
end_agent() {
  kill "-$2" "$(agent_pid "$1")"
  wait_for 10 "the end of the agent of $1" agent_has_ended "$1"
}

end_soak() {
  local file
  trap '' INT TERM
  stop_step
  for file in "$SOAK"/*.pid; do
    [[ ! -f $file ]] || ! is_alive "$(basename "$file" .pid)" || kill -KILL "$(<"$file")" 2>/dev/null || true
  done
  # What is needed to find out what went wrong.
  rm -rf "$SOAK/log"
  # shellcheck disable=SC2153  # of soak.sh and restart.sh
  cp -r "$(lab_state "$LAB_NAME")/log" "$SOAK/log" 2>/dev/null || true
  remove_lab
}
