#!/bin/bash
# Two hundred entries in the store, and five of them real hosts: what cuttle-mesh and the monitor take, and how soon all
# five know of a change. Figures go to stdout.
# shellcheck source=tests/mesh/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

ENTRIES=200
MEASURED_SECONDS=${MEASURED_SECONDS:-60}

# put FIRST COUNT: entries of hosts that are nowhere.
put() {
  "$CUTTLE_TOOLS/mesh_entries" "$1" "$2" | jq -c '{to: "mon", command: .}' |
    in_space mon timeout 120 "$(dirname "$CUTTLE")/../trace/client/cuttle-trace-client" control --conf "$WORK/ceph.conf" --name client.admin --timeout 30 |
    sed 1d | jq -e -s --argjson count "$2" 'length == $count and all(.[]; .status == 0)' >/dev/null
}
names() { sed -n 's/^name = "\(.*\)"$/\1/p' "$WORK/$1/state/$1.toml" | sort; }
# All five have so many others, the same ones.
agree_on() { # COUNT
  local host reference
  reference=$({ names h1; echo h1; } | sort)
  [[ $(wc -l <<<"$reference") == "$1" ]] || return 1
  for host in "${HOSTS[@]}"; do
    [[ $({ names "$host"; echo "$host"; } | sort) == "$reference" ]] || return 1
  done
}
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{print $12 + $13}'; } # of CPU time, of all its threads
memory_kib() { awk -v key="$2:" '$1 == key {print $2}' "/proc/$1/status"; }
all_up() {
  local host
  for host in "${HOSTS[@]}"; do
    [[ $(links "$host" | grep -c '^h[0-9] up$') == $((${#HOSTS[@]} - 1)) ]] || return 1
  done
}

make_network
make_monitor
start_monitor
# A link to nobody sends nothing but handshakes; but each has its threads' attention, so slots are long.
in_space mon "$CUTTLE" mesh init "${ADMIN[@]}" --network 10.98.0.0/24 --rate "2 Mb/s" --slot "50 ms" --host h1 >/dev/null
EVERY=4
for host in "${HOSTS[@]}"; do bring_in "$host"; done
eventually 60 all_up || fail "the five are not up: $(links h1)"

before=$SECONDS
put 20 $((ENTRIES - ${#HOSTS[@]} - 1)) || fail "the store takes no entries"
eventually 60 agree_on $((ENTRIES - 1)) || fail "they do not agree on $((ENTRIES - 1)) hosts: $(wc -l < <(names h1))"
echo "$((ENTRIES - 1)) hosts known to all after $((SECONDS - before)) s"
# One more, as often as it takes to believe it.
for number in 1 2 3; do
  put $((ENTRIES - ${#HOSTS[@]} + 18 + number)) 1 || fail "the store takes no entry"
  before=$SECONDS
  eventually 15 agree_on $((ENTRIES - 1 + number)) || fail "one more host is not known to all after 15 s"
  echo "one more: known to all after $((SECONDS - before)) s"
done
eventually 60 all_up || fail "the five are not up among the others: $(links h1)"

declare -A began=()
sleep 5
for host in "${HOSTS[@]}"; do began[$host]=$(ticks "${PIDS[$host.mesh]}"); done
began[mon]=$(ticks "${PIDS[mon]}")
sleep "$MEASURED_SECONDS"
per_mille() { echo $((($(ticks "$2") - began[$1]) * 1000 / ($(getconf CLK_TCK) * MEASURED_SECONDS))); }
for host in "${HOSTS[@]}"; do
  pid=${PIDS[$host.mesh]}
  share=$(per_mille "$host" "$pid")
  resident=$(memory_kib "$pid" VmRSS)
  echo "cuttle-mesh of $host: $share per mille of a core, $resident KiB resident ($(memory_kib "$pid" RssAnon) its own), peak $(memory_kib "$pid" VmHWM)"
  ((share < 10)) || fail "cuttle-mesh of $host takes 1 % of a core or more"
  ((resident < 32 * 1024)) || fail "cuttle-mesh of $host takes 32 MiB or more"
done
echo "the monitor: $(per_mille mon "${PIDS[mon]}") per mille of a core, with ${#HOSTS[@]} hosts that look every $EVERY s"
all_up || fail "the five are not up at the end: $(links h1)"
