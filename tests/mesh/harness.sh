# shellcheck shell=bash
# For the mesh's end-to-end tests: a real monitor (ceph-mon, no more of Ceph), and hosts h1 to h5, each in a network
# namespace of its own on one bridge, with an agent and a cuttle-mesh that the tests start. Everything has names
# nobody else has, is bounded in time, and is gone afterwards.
#
#   mon 10.98.0.10, h1 10.98.0.1, h2 10.98.0.2 ...; where a test wants more monitors (MONITORS), monb 10.98.0.11 ...
#
# From outside: CUTTLE, CUTTLE_ROOT (the tree).
set -euo pipefail
: "${CUTTLE:?the program to test}"
if ((EUID != 0)); then
  echo "SKIPPED: needs root" >&2
  exit 77
fi
NET=ctm-$$
WORK=$(mktemp -d "/tmp/$NET-XXXXXX")
HOSTS=(h1 h2 h3 h4 h5)
read -ra MONITORS <<<"${MONITORS:-mon}" # namespaces of one each
ADMIN=(--conf "$WORK/ceph.conf")
export CEPH_CONF=$WORK/ceph.conf

declare -A PIDS=()
# shellcheck disable=SC2034  # of processes.sh: a question to monitors that are away takes its time-out
END_SECONDS=30
# shellcheck source=tests/processes.sh
source "$(dirname "${BASH_SOURCE[0]}")/../processes.sh"

clean_up() {
  local space pid
  for space in fabric "${MONITORS[@]}" "${HOSTS[@]}"; do
    [[ -e /run/netns/$NET-$space ]] || continue
    for pid in $(ip netns pids "$NET-$space"); do kill -KILL "$pid" 2>/dev/null || true; done
    ip netns del "$NET-$space"
  done
  rm -rf "$WORK"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP PIPE

fail() {
  local file
  echo "FAILED: $*" >&2
  for file in "$WORK"/*.log; do
    [[ ! -s $file ]] || { echo "--- ${file##*/}" && tail -n 12 "$file"; } >&2
  done
  exit 1
}

in_space() { ip netns exec "$NET-$1" "${@:2}"; }
address_of() {
  case $1 in
    mon) echo 10.98.0.10 ;;
    monb) echo 10.98.0.11 ;;
    monc) echo 10.98.0.12 ;;
    *) echo "10.98.0.${1#h}" ;;
  esac
}

make_network() {
  local space
  for space in fabric "${MONITORS[@]}" "${HOSTS[@]}"; do
    ip netns add "$NET-$space"
    ip -n "$NET-$space" link set dev lo up
  done
  ip -n "$NET-fabric" link add br0 type bridge mcast_snooping 0
  ip -n "$NET-fabric" link set dev br0 up
  for space in "${MONITORS[@]}" "${HOSTS[@]}"; do
    ip link add u0 netns "$NET-$space" type veth peer name "p-$space" netns "$NET-fabric"
    ip -n "$NET-fabric" link set dev "p-$space" master br0 up
    in_space "$space" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.u0.rp_filter=0
    ip -n "$NET-$space" addr add "$(address_of "$space")/24" dev u0
    ip -n "$NET-$space" link set dev u0 up
  done
}

# --- the monitor, or several

make_monitor() {
  local space fsid addresses=() map=()
  mkdir -p "$WORK/run" "$WORK/log" "$WORK/mon"
  fsid=$(cat /proc/sys/kernel/random/uuid)
  for space in "${MONITORS[@]}"; do
    addresses+=("$(address_of "$space")")
    map+=(--addv "$space" "[v2:$(address_of "$space"):3300,v1:$(address_of "$space"):6789]")
  done
  cat >"$WORK/ceph.conf" <<END
[global]
fsid = $fsid
mon host = ${addresses[*]}
public network = 10.98.0.0/24
auth allow insecure global id reclaim = false
keyring = $WORK/\$type.\$id.keyring
run dir = $WORK/run
admin socket = $WORK/run/\$type.\$id.\$pid.asok
log file = $WORK/log/\$type.\$id.log
crash dir = $WORK/log
[client]
log file =
[mon]
mon data = $WORK/mon/\$id
keyring = $WORK/mon/\$id/keyring
mon data avail warn = 2
mon data avail crit = 1
END
  ceph-authtool --create-keyring "$WORK/client.admin.keyring" --gen-key -n client.admin --cap mon 'allow *' >/dev/null
  ceph-authtool --create-keyring "$WORK/initial.keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
  ceph-authtool "$WORK/initial.keyring" --import-keyring "$WORK/client.admin.keyring" >/dev/null
  monmaptool --create --fsid "$fsid" "${map[@]}" "$WORK/monmap" >/dev/null
  for space in "${MONITORS[@]}"; do
    in_space "$space" ceph-mon --conf "$WORK/ceph.conf" --mkfs -i "$space" --monmap "$WORK/monmap" \
      --keyring "$WORK/initial.keyring" --public-addr "$(address_of "$space")"
  done
}
# start_monitor [MONITORS...]: all of them, without a word.
start_monitor() {
  local space
  (($# > 0)) || set -- "${MONITORS[@]}"
  for space in "$@"; do
    ip netns exec "$NET-$space" ceph-mon --conf "$WORK/ceph.conf" -f -i "$space" --public-addr "$(address_of "$space")" \
      >"$WORK/$space.out" 2>&1 &
    PIDS[$space]=$!
    disown
  done
  eventually 60 monitor_answers || fail "the monitors do not answer: $(tail -n 3 "$WORK/$1.out")"
}
stop_monitor() { end_process KILL "${PIDS[${1:-mon}]}"; }
monitor_answers() { admin mon stat >/dev/null 2>&1; }
# admin COMMAND...: as client.admin.
admin() { in_space "${ADMIN_AT:-mon}" timeout 30 ceph --conf "$WORK/ceph.conf" --connect-timeout 10 "$@"; }
# as HOST COMMAND...: with that host's keyring.
as() {
  in_space "$1" timeout 30 ceph --conf "$WORK/ceph.conf" --connect-timeout 10 --name "client.cuttle.$1" \
    --keyring "$WORK/client.cuttle.$1.keyring" "${@:2}"
}

# --- hosts

# mesh HOST WORD...: what it says is in $WORK/said; its status in $STATUS.
mesh() {
  STATUS=0
  in_space "$1" timeout 240 "$CUTTLE" mesh "${@:2}" >"$WORK/said" 2>&1 || STATUS=$?
}
mesh_good() {
  mesh "$@"
  ((STATUS == 0)) || fail "cuttle mesh ${*:2} on $1: status $STATUS: $(<"$WORK/said")"
}
config_of() { echo "$WORK/$1/etc/$1.toml"; }

# The command that `cuttle mesh init` prints is what makes the keyring.
make_keyring() { # HOST
  local command
  command=$(in_space mon "$CUTTLE" mesh init "${ADMIN[@]}" --host "$1" | sed -n 's/^ *(umask 077; \(ceph auth get-or-create .*\) -o .*)/\1/p')
  [[ -n $command ]] || fail "init prints no command for the keyring of $1"
  (umask 077 && in_space mon bash -c "$command" >"$WORK/client.cuttle.$1.keyring") || fail "$command"
}

try_to_join() { # HOST [OPTIONS...]
  mesh "$1" join --host "$1" --no-systemd --folder "$WORK/$1/etc" --state "$WORK/$1/state" --conf "$WORK/ceph.conf" \
    --keyring "$WORK/client.cuttle.$1.keyring" --control-socket "$WORK/$1.sock" "${@:2}"
}
join_host() { # HOST [OPTIONS...]
  try_to_join "$@"
  ((STATUS == 0)) || fail "$1 does not join: status $STATUS: $(<"$WORK/said")"
}
start_agent() {
  ip netns exec "$NET-$1" "$CUTTLE" up --config "$(config_of "$1")" >>"$WORK/$1.agent.log" 2>&1 &
  PIDS[$1]=$!
  disown
  eventually 20 answers "$1" || fail "the agent of $1 does not start"
}
answers() { "$CUTTLE" status --socket "$WORK/$1.sock" --json >/dev/null 2>&1; }
start_mesh() {
  ip netns exec "$NET-$1" "$CUTTLE" mesh serve --every "${EVERY:-1}" --config "$(config_of "$1")" >>"$WORK/$1.mesh.log" 2>&1 &
  PIDS[$1.mesh]=$!
  disown
}
stop_agent() { end_process TERM "${PIDS[$1]}"; }
stop_mesh() { end_process TERM "${PIDS[$1.mesh]}"; }

# bring_in HOST: from nothing to agent and cuttle-mesh.
bring_in() {
  make_keyring "$1"
  join_host "$1"
  start_agent "$1"
  start_mesh "$1"
}

# begin_mesh HOSTS...: network, monitor and these hosts, from nothing.
begin_mesh() {
  local host
  make_network
  make_monitor
  start_monitor
  in_space mon "$CUTTLE" mesh init "${ADMIN[@]}" --network 10.98.0.0/24 --rate "20 Mb/s" --host h1 >/dev/null
  for host in "$@"; do bring_in "$host"; done
}

# links HOST: "h2 up" and so on, a line each.
links() { "$CUTTLE" status --socket "$WORK/$1.sock" --json 2>/dev/null | jq -r '.links[] | .name + " " + .state + (if .open then " OPEN" else "" end)' | sort; }
has_links() { # HOST PEERS...: up all of them, closed, and no other
  local wanted
  wanted=$(for peer in "${@:2}"; do echo "$peer up"; done | sort)
  [[ $(links "$1") == "$wanted" ]]
}
expect_links() { # SECONDS HOST PEERS...
  eventually "$1" has_links "${@:2}" || fail "links of $2, which were to be '${*:3}': $(links "$2"); $(cat "$(dirname "$(config_of "$2")")/../state/$2.toml")"
}
reaches() { in_space "$1" ping -q -c 1 -W 1 "$(address_of "$2")" >/dev/null 2>&1; }

# started HOST PEER: cells that came; a link that starts anew counts from 0.
started() { "$CUTTLE" status --socket "$WORK/$1.sock" --json | jq -r ".links[] | select(.name == \"$2\") | .cells.received"; }
says() { # HOST PATTERN: what its cuttle-mesh printed
  grep -qE "$2" "$WORK/$1.mesh.log"
}
shows() { # HOST PATTERN: `cuttle mesh status`
  mesh "$1" status --config "$(config_of "$1")"
  grep -qE "$2" "$WORK/said"
}
