# shellcheck shell=bash
# The lab's processes. Each one started is recorded in $STATE/processes/NAME as "PID START-TIME"; the start time
# (field 22 of /proc/PID/stat) tells the process from a later one that was given the same number.

# start_time PID: of a living process that is not a zombie; fails otherwise.
start_time() {
  local line
  line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The second field, the command's name, may hold blanks and parentheses: cut up to its end.
  # shellcheck disable=SC2086  # the fields are wanted one by one
  set -- ${line##*) }
  [[ $1 != Z ]] && echo "${20}"
}

# in_node NODE COMMAND...: in the foreground, in the node's namespace. nsenter and not `ip netns exec` or `ip -n`,
# which mount a /sys of their own first and so fail where the root folder is no mount point (in a chroot).
in_node() {
  local node=$1
  shift
  nsenter --net="/run/netns/$(namespace "$node")" -- "$@"
}

# start_in NODE NAME COMMAND...: in the background, output in $STATE/log/NAME.out. setsid: a ^C on the terminal
# is for the lab, which then ends its processes itself.
start_in() {
  local node=$1 name=$2
  shift 2
  # Ceph takes the host's name for that of its node.
  # shellcheck disable=SC2016  # expands inside
  nsenter --net="/run/netns/$(namespace "$node")" -- setsid -- unshare --uts -- \
    sh -c 'hostname "$0" && exec "$@"' "$node" "$@" >"$STATE/log/$name.out" 2>&1 </dev/null &
  record "$name" $!
}

# Two records are of the lab's own work while it comes up: `up` itself and the step it is at.
record() { echo "$2 $(start_time "$2")" >"$STATE/processes/$1"; }
step_began() { record step "$1"; }

recorded_processes() {
  local file
  for file in "$STATE"/processes/*; do
    [[ ! -f $file ]] || basename "$file"
  done
}

# process_pid NAME: prints the number if that very process lives.
process_pid() {
  local pid started
  read -r pid started <"$STATE/processes/$1" || return 1
  [[ -n $started && $(start_time "$pid") == "$started" ]] && echo "$pid"
}

process_lives() { process_pid "$1" >/dev/null 2>&1; }

# Every process of this lab: the recorded ones, and whatever lives in its namespaces (a run killed between
# starting and recording, a shell left open in `lab sh`).
all_pids() {
  local name node
  {
    for name in $(recorded_processes); do
      process_pid "$name" || true
    done
    for node in $(lab_namespaces); do
      ip netns pids "$node" 2>/dev/null || true
    done
  } | sort -un | grep -vx "$$" || true
}

stop_all_processes() {
  local pids tries
  for tries in {1..80}; do
    mapfile -t pids < <(all_pids)
    ((${#pids[@]} > 0)) || return 0
    # Four seconds to leave in order, then by force.
    if ((tries == 1)); then
      kill -TERM "${pids[@]}" 2>/dev/null || true
    elif ((tries > 40)); then
      kill -KILL "${pids[@]}" 2>/dev/null || true
    fi
    sleep 0.1
  done
  warn "lab: these processes do not end: ${pids[*]}"
  return 1
}
