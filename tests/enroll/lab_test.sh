#!/bin/bash
# `cuttle init --from-ceph` against a real cluster, and against what is none.
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/common.sh"

# init ARGUMENTS...: from the client's node. Its status is in $STATUS, what it says in $STATE/said.
init() {
  STATUS=0
  lab sh mon -- timeout 60 "$CUTTLE" init --from-ceph "$@" >"$STATE/said" 2>&1 || STATUS=$?
}

# expect_refused WHAT PATTERN: one line, status 2, nothing written.
expect_refused() {
  ((STATUS == 2)) || fail "$1: status $STATUS: $(cat "$STATE/said")"
  grep -q "^cuttle: .*$2" "$STATE/said" || fail "$1: $(cat "$STATE/said")"
  (($(wc -l <"$STATE/said") == 1)) || fail "$1: more than one line: $(cat "$STATE/said")"
  [[ ! -e $STATE/refused ]] || fail "$1: something was written: $(find "$STATE/refused")"
  echo "$1: $(cat "$STATE/said")"
}

lab up --plain
conf=(--conf "$STATE/ceph.conf")
init "${conf[@]}" --folder "$STATE/nodes" --rate '150 Mb/s'
((STATUS == 0)) || fail "init: status $STATUS: $(cat "$STATE/said")"
for node in mon osd0 osd1; do
  lab sh "$node" -- "$CUTTLE" check "$STATE/nodes/$node/$node.toml" || fail "the configuration of $node"
done
grep -q 'endpoint = "10.77.0.12:4410"' "$STATE/nodes/mon/mon.toml" || fail "$(cat "$STATE/nodes/mon/mon.toml")"

before=$(find "$STATE/nodes" -type f -exec sha256sum {} + | sort)
init "${conf[@]}" --folder "$STATE/nodes"
[[ $(cat "$STATE/said") == *'Nothing has grown'* ]] || fail "again: $(cat "$STATE/said")"
init "${conf[@]}" --folder "$STATE/nodes" --host client=10.77.0.20
[[ $(cat "$STATE/said") == *client*new* ]] || fail "grown: $(cat "$STATE/said")"
[[ $(grep -c '^\[\[peer\]\]' "$STATE/nodes/osd1/osd1.toml") == 3 ]] || fail "osd1 did not grow"
after=$(find "$STATE/nodes" -name '*.key' -not -path '*client*' -exec sha256sum {} + | sort)
[[ $after == "$(grep '\.key$' <<<"$before")" ]] || fail "a key changed"

init "${conf[@]}" --folder "$STATE/refused" --host client=10.77.0.11
expect_refused "an address twice" 'hosts client and osd0 both have the address 10.77.0.11\|hosts osd0 and client both have'
sed 's/^mon host = .*/mon host = 10.77.0.99/' "$STATE/ceph.conf" >"$STATE/away.conf"
init --conf "$STATE/away.conf" --timeout 4 --folder "$STATE/refused"
expect_refused "no monitor there" 'no monitor named in'
ceph-authtool --create-keyring "$STATE/wrong.keyring" --gen-key -n client.admin >/dev/null
sed "s#^keyring = .*#keyring = $STATE/wrong.keyring#" "$STATE/ceph.conf" >"$STATE/wrong.conf"
init --conf "$STATE/wrong.conf" --folder "$STATE/refused"
expect_refused "a foreign key" 'may not read the maps'
lab sh mon -- ceph auth get-or-create client.nothing -o "$STATE/client.nothing.keyring" >/dev/null
init "${conf[@]}" --name client.nothing --folder "$STATE/refused"
expect_refused "a key without rights" "mon 'allow r'"
init --conf /nowhere.conf --folder "$STATE/refused"
expect_refused "no configuration" 'name them with --conf'
init "${conf[@]}"
expect_refused "no folder" '--folder is required'
lab down
