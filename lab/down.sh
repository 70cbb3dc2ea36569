# shellcheck shell=bash
# Taking a lab away, whatever is left of it: processes first, then the namespaces, then the files.

clean_up() {
  stop_step
  stop_all_processes
  remove_network
  rm -rf --one-file-system "$STATE"
  rmdir "${STATE%/*}" 2>/dev/null || true
}

anything_left() { [[ -e $STATE || -n $(lab_namespaces) ]]; }

lab_down() {
  if ! anything_left; then
    say "There is no lab '$LAB_NAME'."
    return 0
  fi
  refuse_while_coming_up
  clean_up
  say "The lab '$LAB_NAME' is gone."
}
