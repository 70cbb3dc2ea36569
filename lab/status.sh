# shellcheck shell=bash
# Looking at a lab: its processes, the cluster's health, the links; and commands inside its nodes.

lab_status() {
  local name
  if ! anything_left; then
    say "There is no lab '$LAB_NAME'."
    return 1
  fi
  recall_settings
  describe_lab
  for name in $(recorded_processes); do
    if [[ $name == up || $name == step ]]; then
      printf '  %-12s %s\n' "$name" "$(process_lives "$name" && echo 'at work' || echo 'ended before the lab was ready')"
    elif process_lives "$name"; then
      printf '  %-12s runs, process %s\n' "$name" "$(process_pid "$name")"
    else
      printf '  %-12s DEAD, see %s/log\n' "$name" "$STATE"
    fi
  done
  say "  Ceph: $(ceph_health || true)"
  [[ $LAB_PLAIN == yes ]] || show_links
}

lab_sh() {
  [[ $SH_NODE == fabric || -n ${ADDRESS[$SH_NODE]:-} ]] ||
    bad_option "no node '$SH_NODE'; the nodes are fabric, mon, osd0, osd1"
  [[ -e /run/netns/$(namespace "$SH_NODE") ]] ||
    die "the lab '$LAB_NAME' has no node '$SH_NODE' now; bring it up with './run lab up'"
  export CEPH_CONF=$STATE/ceph.conf
  export LAB_STATE=$STATE
  exec nsenter --net="/run/netns/$(namespace "$SH_NODE")" -- "${SH_COMMAND[@]}"
}
