# shellcheck shell=bash
# Bringing a lab up, step by step. What an earlier run left is removed first; what this one began is removed
# when it is interrupted. A step that fails leaves the lab as it is, to look at.

interrupted() {
  trap '' INT TERM
  printf '\n'
  warn "lab: interrupted; removing what was begun"
  clean_up
  exit 130
}

# Two `up` of one name at a time would tear at each other.
refuse_while_coming_up() {
  if process_lives up 2>/dev/null; then
    die "another './run lab up' of '$LAB_NAME' is at work (process $(process_pid up)); wait for it or interrupt it"
  fi
}

already_up() {
  local name
  [[ -e $STATE/ready && $(cat "$STATE/settings" 2>/dev/null) == "$(settings_line)" ]] || return 1
  for name in $(recorded_processes); do
    process_lives "$name" || return 1
  done
}

prepare_state() {
  (umask 022 && mkdir -p "${STATE%/*}")
  (umask 077 && mkdir -p "$STATE")
  mkdir -p "$STATE"/{log,run,crash,processes}
  : >"$STEP_LOG"
  record up $$
  settings_line >"$STATE/settings"
}

lab_up() {
  local began
  began=$(now_ms)
  refuse_while_coming_up
  if already_up; then
    say "The lab '$LAB_NAME' is up already."
    lab_status
    return 0
  fi
  [[ $LAB_PLAIN == yes ]] || require_agent
  trap interrupted INT TERM
  if anything_left; then
    say "Removing what is left of an earlier lab '$LAB_NAME'"
    clean_up
  fi
  prepare_state
  describe_lab
  step "network: ${#NODES[@]} nodes and a bridge" make_network
  if [[ $LAB_PLAIN == no ]]; then
    step "Cuttle: keys, configuration, an agent in each node" start_agents
    step "Cuttle: all links up" wait_for_links
  fi
  step "Ceph: monitor" start_monitor
  step "Ceph: manager" start_manager
  step "Ceph: ${#OSDS[@]} OSD(s)" start_osds
  step "Ceph: a pool, $COPIES cop$([[ $COPIES == 1 ]] && echo y || echo ies) of each object" make_pool
  step "Ceph: health" become_healthy
  rm "$STATE/processes/up" "$STATE/processes/step"
  touch "$STATE/ready"
  trap - INT TERM
  say "$(ceph_health), $(seconds_since "$began") s. Look around: ./run lab sh mon -- ceph -s"
}

describe_lab() {
  local how="shaped by Cuttle: cells of $LAB_CELL bytes, $LAB_RATE a link, slots of ${LAB_SLOT:-the default length}"
  [[ $LAB_PLAIN == no ]] || how="plain, without Cuttle"
  say "Lab '$LAB_NAME': $how (state and logs: $STATE)"
}
