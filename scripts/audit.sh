#!/bin/bash
# summary: the audit: can an attacker tell what the lab's cluster does, plain and under Cuttle?
# example: ./run audit; ./run audit --minutes 60; ./run audit --rate 1Gb/s --one-osd --keep-captures; ./run audit --driver seastar; ./run audit --ladder 100Mb/s
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/lib/driver.sh
source "$CUTTLE_ROOT/scripts/lib/driver.sh"
# shellcheck source=scripts/lib/own_lab.sh
source "$CUTTLE_ROOT/scripts/lib/own_lab.sh"
for part in settings cluster taps load blocks attack; do
  # shellcheck source=/dev/null
  source "$CUTTLE_ROOT/scripts/audit/$part.sh"
done

read_options "$@"
setup_packages
((EUID == 0)) || DIE_STATUS=2 die "the lab's nodes are network namespaces, which need root; run 'sudo ./run audit'"
rm -rf "$AUDIT"
mkdir -p "$AUDIT"
build_release cuttle cuttle-audit cuttle-audit-report
build_driver "$DRIVER"
audit_began=$(now_ms) # set-up and build are not the experiment's
trap lab_interrupted INT TERM
trap remove_lab EXIT
write_settings
describe_audit

# observe KIND DEADLINE_MS: the cluster once, plain or shaped, its blocks captured until the deadline.
observe() {
  bring_up_cluster "$1"
  step "objects to read later" prepare_reads
  start_taps "$1"
  run_blocks "$1" "$2"
  step "a write after the last block" do_last_write
  step "end of the captures: no packet missed" stop_taps
  remove_lab
}

heading "1 of 4: does the attacker find what is planted?"
self_test
heading "2 of 4: Ceph as it is"
observe plain $(($(now_ms) + PLAIN_SECONDS * 1000))
heading "3 of 4: the same cluster under Cuttle"
observe shaped $((audit_began + (MINUTES * 60 - ANALYSIS_SECONDS) * 1000))
heading "4 of 4: the attacker"
attack_everything
verdict=0
[[ -n $(list_observers) ]] || die "no observer's capture could be read; out/audit/failed-*.log say why"
"$REPORT" --dir "$AUDIT" --observers "$(list_observers)" --load "$MAIN_LOAD" || verdict=$?
mapfile -t failed < <(failed_observers)
if ((${#failed[@]} > 0)); then
  warn "not judged, so this is no pass: ${failed[*]} (out/audit/failed-*.log)"
  ((verdict > 0)) || verdict=2
fi
[[ $KEEP_CAPTURES == yes ]] || rm -f "$AUDIT"/*.pcap
say ""
say "The plots: out/audit/report.html   the figures: out/audit/report.json   ($(seconds_since "$audit_began") s in all)"
exit "$verdict"
