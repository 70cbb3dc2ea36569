#!/bin/bash
# A reload changes what the file says has changed, and nothing else: other links keep their sessions, and what goes
# through them does not notice. A configuration that is not good changes nothing.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source=tests/node/third_node.sh
source "$(dirname "${BASH_SOURCE[0]}")/third_node.sh"
CELLS=$(cells_v4 1472 4410)
export RATE="20 Mb/s"
OTHER_DRIVER=seastar
[[ ${CUTTLE_TEST_DRIVER:-native} == native ]] || OTHER_DRIVER=native

two_up() {
  network
  connect
  configure
  start_agents
}
released_by() { # PEER, of a's
  status a ".links[] | select(.name == \"$1\") | .release.by"
}
peers_come_and_go() {
  two_up
  third_node
  cp "$WORK/a.toml" "$WORK/without.toml"
  reaches a "${V4[c]}" || fail "there is no way to c before there is a link"
  start_agent c
  transfer "${V4[b]}" --seconds 8 --limit-bps 5000000 &
  local load=$! before
  before=$(session)

  peer_of c >>"$WORK/a.toml"
  reload a || fail "reload: $(<"$WORK/a.reload")"
  expect_same "what reload says" "added c; 1 as before" "$(<"$WORK/a.reload")"
  eventually 20 link_is_up a c || fail "the new link does not come up"
  expect_same "what lets go of the new link's cells" "$(released_by b)" "$(released_by c)"
  start_capture shaped mc
  reaches a "${V4[c]}" || fail "nothing comes through the new link"
  reaches c "${V6[a]}" || fail "nothing comes through the new link to a"
  stop_capture shaped
  expect_same "packets between a and c that are no cells" "" \
    "$(captured shaped "ip host ${V4[a]} and ip host ${V4[c]} and not $CELLS" | head -n 3)"

  # While its agent is away, nothing goes beside the new link either.
  stop_agent c KILL
  ! reaches a "${V4[c]}" || fail "c answers without its link"
  cp "$WORK/without.toml" "$WORK/a.toml"
  reload a || fail "reload: $(<"$WORK/a.reload")"
  expect_same "what reload says" "removed c; 1 as before" "$(<"$WORK/a.reload")"
  ! ip -n "$NET-a" link show dev ct-c >/dev/null 2>&1 || fail "the interface of a peer that is gone stayed"
  expect_same "routes to a peer that is gone" "" "$(ip -n "$NET-a" route show table 4410 "${V4[c]}")"
  take_down c
  reaches a "${V4[c]}" || fail "the way to a peer that is gone is still closed"

  wait "$load" || fail "the connection over the other link did not survive"
  expect_same "the checksum is the sender's" true "$(transferred match)"
  expect_same "the other link's session" "$before" "$(session)"
}

# SIGHUP does the same, and is no end. A link whose shape changes starts anew; its connections survive.
by_signal() {
  two_up
  transfer "${V4[b]}" --seconds 6 --limit-bps 5000000 &
  local load=$! node
  for node in a b; do
    sed -i 's/^rate = .*/rate = "40 Mb\/s"/' "$WORK/$node.toml"
    kill -HUP "$(<"$WORK/$node.pid")"
    eventually 10 has_rate "$node" 40000000 || fail "$node does not take over the new rate"
  done
  wait_up
  wait "$load" || fail "the connection did not survive"
  expect_same "the checksum is the sender's" true "$(transferred match)"
  sed -i 's/^rate = .*/rate = "4 parsecs"/' "$WORK/a.toml"
  kill -HUP "$(<"$WORK/a.pid")"
  eventually 10 grep -q 'not reloaded' "$WORK/a.log" || fail "the log says nothing of a bad reload"
  grep -q 'a.toml:[0-9]*: .*4 parsecs' "$WORK/a.log" || fail "the log does not say what is wrong"
  is_up a || fail "the link ended"
}
has_rate() { # NODE RATE
  [[ $(status "$1" '.links[0].shape.rate_bps') == "$2" ]]
}

# expect_refused WHAT: nothing changes, and the lines are those of `cuttle check`.
expect_refused() {
  local status=0
  reload a || status=$?
  expect_same "exit status of reload with $1" 2 "$status"
  expect_same "the session after a reload with $1" "$SESSION" "$(session)"
  expect_same "links after a reload with $1" 1 "$(status a '.links | length')"
}
expect_refused_as_checked() {
  expect_refused "$1"
  in_space a "$CUTTLE" check "$WORK/a.toml" >/dev/null 2>"$WORK/checked" || true
  [[ -s $WORK/checked ]] || fail "cuttle check finds nothing wrong with $1"
  echo "cuttle: not reloaded; what ran before goes on" >>"$WORK/checked"
  expect_same "what reload says of $1" "$(<"$WORK/checked")" "$(<"$WORK/a.reload")"
}

broken() {
  two_up
  local before
  SESSION=$(session)
  before=$(machine_state a | grep -v counter)
  cp "$WORK/a.toml" "$WORK/good.toml"
  echo "nonsense" >>"$WORK/a.toml"
  expect_refused_as_checked "a file that is not TOML"
  { cat "$WORK/good.toml" && echo 'color = "blue"'; } >"$WORK/a.toml"
  expect_refused_as_checked "an unknown key"
  sed 's/^preshared_key_file.*/preshared_key_file = "nowhere.psk"/' "$WORK/good.toml" >"$WORK/a.toml"
  expect_refused_as_checked "a key file that is not there"
  sed '/^redirect/d' "$WORK/good.toml" >"$WORK/a.toml"
  expect_refused_as_checked "a peer without addresses"
  mv "$WORK/a.toml" "$WORK/away.toml"
  expect_refused_as_checked "no file"
  # Good, but not while it runs.
  sed 's/^listen = .*/listen = "10.99.0.1:4500"/' "$WORK/good.toml" >"$WORK/a.toml"
  expect_refused "another address of its own"
  grep -q 'a.toml:4: node.listen: .*restart' "$WORK/a.reload" || fail "reload says: $(<"$WORK/a.reload")"
  # Where `cuttle up --driver` says what runs, the file does not.
  if [[ $(status a .driver) == "${CUTTLE_TEST_DRIVER:-native}" ]]; then
    sed -e '/^driver = /d' -e "s/^\[runtime\]/&\ndriver = \"$OTHER_DRIVER\"/" "$WORK/good.toml" >"$WORK/a.toml"
    expect_refused "another driver"
    grep -q 'a.toml:[0-9]*: runtime.driver: .*restart' "$WORK/a.reload" || fail "reload says: $(<"$WORK/a.reload")"
  fi
  # A peer that cannot be added: nothing of it stays.
  cat "$WORK/good.toml" - >"$WORK/a.toml" <<'END'
[[peer]]
name = "c"
public_key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="
endpoint = "10.98.0.3:4410"
redirect = ["10.98.0.3"]
END
  ip -n "$NET-a" link add ct-c type veth peer name d1
  expect_refused "a peer whose interface is somebody's"
  ip -n "$NET-a" link del dev ct-c
  cp "$WORK/good.toml" "$WORK/a.toml"
  reload a || fail "reload of a good file: $(<"$WORK/a.reload")"
  expect_same "what reload says of the same file" "1 as before" "$(<"$WORK/a.reload")"
  expect_same "the machine" "$before" "$(machine_state a | grep -v counter)"
  reaches a "${V4[b]}" || fail "the link does not work any more"
  expect_same "the session" "$SESSION" "$(session)"
}

# A reload that fails halfway leaves what ran before whole, its routes too.
fails_halfway() {
  local holder round
  two_up
  ip netns exec "$NET-a" timeout 60 "$CUTTLE_TOOLS/sequence" receive --port 4411 >/dev/null &
  holder=$!
  eventually 5 holds_port a 4411 || fail "the port is not taken"
  cat >>"$WORK/a.toml" <<'END'
[[peer]]
name = "c"
public_key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="
endpoint = "10.99.0.3:4410"
redirect = ["10.99.0.3"]
lanes = 2
END
  # Three times, because the agent also looks by itself, every two seconds.
  for round in 1 2 3; do
    ip -n "$NET-a" route del "${V4[b]}" dev ct-b table 4410
    ! reload a || fail "the reload succeeds without its port"
    [[ -n $(ip -n "$NET-a" route show "${V4[b]}" dev ct-b table 4410) ]] ||
      fail "the link's route is gone after a reload that failed, round $round: $(<"$WORK/a.reload")"
  done
  kill "$holder"
  reaches a "${V4[b]}" || fail "the link does not work any more"
}
holds_port() { # NODE PORT
  [[ -n $(in_space "$1" ss -Hlun "sport = :$2") ]]
}

# This node's own address goes for a moment (a lease that is renewed), and the links that are to start anew cannot be
# had. Nobody has to say so when it is back; but what root is editing then is not taken on without root's word.
its_address_is_away() {
  local node
  two_up
  for node in a b; do sed -i 's/^rate = .*/rate = "40 Mb\/s"/' "$WORK/$node.toml"; done
  reload b || fail "reload of b: $(<"$WORK/b.reload")"
  ip -n "$NET-a" addr del "${V4[a]}/24" dev u0
  ! reload a || fail "the reload does not say that there is no link"
  grep -q 'node.listen: .* is no address of this machine at the moment' "$WORK/a.reload" ||
    fail "reload says: $(<"$WORK/a.reload")"
  expect_same "the link without the address" failed "$(status a '.links[0].state')"
  sed -i '1i # a line more' "$WORK/a.toml"
  cp "$WORK/a.toml" "$WORK/whole.toml"
  sed -i 's/^rate = .*/rate = "60 Mb\/s"/' "$WORK/a.toml"
  ip -n "$NET-a" addr add "${V4[a]}/24" dev u0
  sleep 7
  expect_same "the link while root edits the file" failed "$(status a '.links[0].state')"
  cp "$WORK/whole.toml" "$WORK/a.toml"
  eventually 20 link_is_up a b || fail "the link stays down: $(tail -n 3 "$WORK/a.log")"
  has_rate a 40000000 || fail "the link has another rate than the file says"
  reaches a "${V4[b]}" || fail "the link does not work any more"
}

run_case peers_come_and_go
run_case its_address_is_away
run_case by_signal
run_case broken
run_case fails_halfway
finish
