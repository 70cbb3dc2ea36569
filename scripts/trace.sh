#!/bin/bash
# summary: a write's way through Ceph, step by step: plain and shaped, on labs of its own
# example: ./run trace; ./run trace --count 50 --bytes 65536 --rate 25Mb/s --slot 1ms
# shellcheck source=scripts/lib/common.sh
source "$CUTTLE_ROOT/scripts/lib/common.sh"
# shellcheck source=scripts/lib/build.sh
source "$CUTTLE_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/lib/own_lab.sh
source "$CUTTLE_ROOT/scripts/lib/own_lab.sh"

TRACE=$OUT/trace
LAB_NAME=cuttle-trace
STATE=$(lab_state "$LAB_NAME")
PROGRAM=$CUTTLE_ROOT/build/release/src/trace/standalone/cuttle-trace
STEP_LOG=$TRACE/trace.log
PAYLOAD='Hello^'

count=20
bytes=
shape=() # of the shaped lab, as ./run lab takes it
while (($# > 0)); do
  case $1 in
    --count) count=${2:-} && shift ;;
    --bytes) bytes=${2:-} && shift ;;
    --rate | --slot | --jitter | --cell) shape+=("$1" "${2:-}") && shift ;;
    *) DIE_STATUS=2 die "no option '$1' for 'trace'; there are --count, --bytes, --rate, --slot, --jitter, --cell" ;;
  esac
  shift
done
[[ $count =~ ^[1-9][0-9]{0,3}$ ]] || DIE_STATUS=2 die "--count '$count': expected 1 to 9999"
[[ -z $bytes || $bytes =~ ^[1-9][0-9]{0,7}$ ]] || DIE_STATUS=2 die "--bytes '$bytes': expected 1 to 67108864"

# write KIND: one write as tree and page, then all of them as JSON.
write() {
  local kind=$1 agents=() node
  for node in mon osd0 osd1; do
    [[ $kind == plain ]] || agents+=(--agent "$STATE/cuttle/$node.sock")
  done
  [[ $kind == shaped ]] || agents=(--no-agents)
  lab sh mon -- "$PROGRAM" put bench greeting "$TRACE/payload" --conf "$STATE/ceph.conf" "${agents[@]}" \
    --html "$TRACE/$kind.html" >"$TRACE/$kind.txt"
  lab sh mon -- "$PROGRAM" put bench greeting "$TRACE/payload" --conf "$STATE/ceph.conf" "${agents[@]}" \
    --count "$count" --json >"$TRACE/$kind.json"
}

observe() {
  local kind=$1
  shift
  bring_up_lab "$@"
  step "$((count + 1)) writes, $kind" write "$kind"
  lab down >/dev/null
}

setup_packages
((EUID == 0)) || DIE_STATUS=2 die "the lab's nodes are network namespaces, which need root; run 'sudo ./run trace'"
rm -rf "$TRACE"
mkdir -p "$TRACE"
: >"$STEP_LOG"
if [[ -n $bytes ]]; then
  head -c "$bytes" /dev/urandom >"$TRACE/payload"
else
  printf '%s' "$PAYLOAD" >"$TRACE/payload"
fi
build_release cuttle cuttle-trace
trap lab_interrupted INT TERM
trap remove_lab EXIT

heading "1 of 3: plain"
observe plain --plain
heading "2 of 3: shaped"
observe shaped "${shape[@]}"
heading "3 of 3: side by side"
"$PROGRAM" compare "$TRACE/plain.json" "$TRACE/shaped.json" --html "$TRACE/compare.html" | tee "$TRACE/compare.txt"
say "The pages: out/trace/plain.html, shaped.html and compare.html; the trees: out/trace/plain.txt, shaped.txt"
