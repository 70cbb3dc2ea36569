#!/bin/bash
# Corosync through a link while an agent is restarted, reloaded, or killed and started again: does a member leave? A
# measurement, so not among the tests of ./run test: `apt install corosync` (its service may stay off), then
# ctest --test-dir build/release -L measure -R corosync, as root. TOKEN_MS: Corosync's own default is 3,000.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
COROSYNC=${COROSYNC:-$(command -v corosync || true)}
if [[ -z $COROSYNC ]]; then
  echo "SKIPPED: needs corosync" >&2
  exit 77
fi

configure_corosync() { # TOKEN_MS
  local node
  for node in a b; do
    mkdir "$WORK/state-$node"
    cat >"$WORK/corosync-$node.conf" <<END
totem {
  version: 2
  cluster_name: test
  transport: knet
  token: $1
}
nodelist {
  node {
    name: a
    nodeid: 1
    ring0_addr: ${V4[a]}
  }
  node {
    name: b
    nodeid: 2
    ring0_addr: ${V4[b]}
  }
}
quorum {
  provider: corosync_votequorum
  two_node: 1
}
logging {
  to_stderr: yes
  to_logfile: no
  to_syslog: no
}
system {
  state_dir: $WORK/state-$node
}
END
  done
}
# Two on one machine would share a process file and memory.
start_corosync() { # NODE
  # shellcheck disable=SC2016  # expands inside
  ip netns exec "$NET-$1" unshare -m bash -c 'mount -t tmpfs none /run && mount -t tmpfs none /dev/shm && exec "$@"' - \
    "$COROSYNC" -f -c "$WORK/corosync-$1.conf" >"$WORK/corosync-$1.log" 2>&1 &
  echo $! >"$WORK/corosync-$1.pid"
  disown
}
is_together() { # NODE
  grep 'Members\[[0-9]*\]: [0-9 ]*$' "$WORK/corosync-$1.log" | tail -n 1 | grep 'Members\[2\]' >/dev/null
}
losses() { # NODE
  grep -c 'Members left' "$WORK/corosync-$1.log" || true
}

interrupted() { # WHAT TOKEN_MS
  local ping node pause
  network
  connect
  configure
  start_agents
  configure_corosync "$2"
  for node in a b; do start_corosync "$node"; done
  for node in a b; do eventually 30 is_together "$node" || fail "no members: $(tail -n 5 "$WORK/corosync-$node.log")"; done
  in_space a timeout 60 ping -D -i 0.02 -c 600 "${V4[b]}" >"$WORK/ping" &
  ping=$!
  sleep 2
  case $1 in
    restart) stop_agent b && start_agent b ;;
    kill) stop_agent b KILL && start_agent b ;;
    reload) reload b ;;
  esac
  wait "$ping" || true
  pause=$(sed -n 's/^\[\([0-9.]*\)\].*/\1/p' "$WORK/ping" | awk 'NR > 1 && $1 - last > most { most = $1 - last } { last = $1 } END { print most }')
  echo "  $1, token $2 ms: a pause of $pause s; members that left: $(losses a) as a has it, $(losses b) as b has it"
  for node in a b; do end_process TERM "$(<"$WORK/corosync-$node.pid")"; done
}

for token in ${TOKEN_MS:-3000 1000}; do
  for what in reload restart kill; do run_case interrupted "$what" "$token"; done
done
finish
