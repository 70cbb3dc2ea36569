#!/bin/bash
# summary: the main job: Ceph plain, Ceph under Cuttle, and what an observer saw of each
# example: ./run demo; ./run demo --driver seastar
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/lib/driver.sh
source "$CUTTLE_ROOT/scripts/lib/driver.sh"
# shellcheck source=scripts/lib/cut_tap.sh
source "$CUTTLE_ROOT/scripts/lib/cut_tap.sh"
# shellcheck source=scripts/lib/own_lab.sh
source "$CUTTLE_ROOT/scripts/lib/own_lab.sh"
for part in cluster capture load facts; do
  # shellcheck source=/dev/null
  source "$CUTTLE_ROOT/scripts/demo/$part.sh"
done

IDLE_SECONDS=10 # both long enough that a second more or less in a count is seen
BUSY_SECONDS=10
CELL=1472
PORT=4410
DEMO=$OUT/demo
REPORT=$CUTTLE_ROOT/build/release/src/report/cuttle-demo-report
export STEP_LOG=$DEMO/demo.log

only=both
DRIVER=native
keep_captures=no
while (($# > 0)); do
  case $1 in
    --only-plain) only=plain ;; # for work on the demo itself
    --keep-captures) keep_captures=yes ;;
    --driver)
      check_driver "${2:-}"
      DRIVER=$2
      shift
      ;;
    *) DIE_STATUS=2 die "no option '$1' for 'demo'; --driver seastar runs the agents on Seastar, --keep-captures leaves the captures in out/demo" ;;
  esac
  shift
done

demo_began=$(now_ms)
setup_packages
((EUID == 0)) || DIE_STATUS=2 die "the demo's nodes are network namespaces, which need root; run 'sudo ./run demo'"
rm -rf "$DEMO"
mkdir -p "$DEMO"
if [[ $only == both ]]; then
  build_release cuttle cuttle-demo-report
fi
build_driver "$DRIVER"
trap lab_interrupted INT TERM
trap remove_lab EXIT

# observe KIND: the whole way once, plain or shaped.
observe() {
  local kind=$1
  bring_up_cluster "$kind"
  step "the object 'greeting', payload '$PAYLOAD': write, read" write_and_read_greeting "$kind"
  start_capture "$kind"
  step "idle, observed" stay_idle "$kind" "$IDLE_SECONDS"
  step "rados bench, 4 MiB writes, observed" stay_busy "$kind" "$BUSY_SECONDS"
  step "end of the capture: no packet missed" stop_capture
  step "what the cluster says of itself" collect_facts "$kind"
  remove_lab
}

heading "1 of 3: Ceph as it is"
observe plain
[[ $only == both ]] || exit 0
heading "2 of 3: the same cluster under Cuttle"
observe shaped
heading "3 of 3: what the observer saw"
verdict=0
"$REPORT" --plain "$DEMO/plain.pcap" --plain-spans "$DEMO/plain.csv" \
  --shaped "$DEMO/shaped.pcap" --shaped-spans "$DEMO/shaped.csv" --cut "$DEMO/shaped-cut.pcap" \
  --nodes mon=10.77.0.10,osd0=10.77.0.11,osd1=10.77.0.12 --port "$PORT" --cell "$CELL" \
  --facts "$DEMO/facts.json" --out "$DEMO" || verdict=$?
[[ $keep_captures == yes ]] || rm -f "$DEMO"/*.pcap
say ""
say "The plots: out/demo/report.html   the figures: out/demo/report.json   ($(seconds_since "$demo_began") s in all)"
((verdict == 0)) || warn "demo: not every promise held, see the table above"
exit "$verdict"
