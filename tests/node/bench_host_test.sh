#!/bin/bash
# `./run bench host`, between two namespaces for hosts and a stand-in for ssh: figures, and nothing left behind.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
BENCH=$(dirname "${BASH_SOURCE[0]}")/../../bench

bench_host() { # WORDS...
  in_space a env PATH="$WORK/bin:$PATH" CUTTLE="$CUTTLE" BENCH_OUT="$WORK/out" BENCH_BUILD=/nowhere PYTHONDONTWRITEBYTECODE=1 \
    timeout 120 python3 "$BENCH/main.py" host --rounds 1 --seconds 2 "$@" >"$WORK/bench.log" 2>&1
}

between_two_hosts() {
  network
  connect
  mkdir "$WORK/bin"
  ln -s "$CUTTLE" "$WORK/bin/cuttle"
  # ssh OPTIONS... root@HOST COMMAND
  cat >"$WORK/bin/ssh" <<TEXT
#!/bin/bash
exec nsenter --net=/run/netns/$NET-b -- sh -c "\${*: -1}"
TEXT
  chmod +x "$WORK/bin/ssh"
  bench_host --other root@b --addresses "${V4[a]}" "${V4[b]}" --rates 0.1 || fail "bench: $(<"$WORK/bench.log")"
  grep -q 'Cuttle 0.1 Gb/s' "$WORK/bench.log" || fail "no figures: $(<"$WORK/bench.log")"
  expect "Gb/s through the link" "$(jq '.rows[] | select(.name == "Cuttle 0.1 Gb/s") | .median.eight_gbps' "$WORK/out/host.json")" '>' 0.05
  for node in a b; do
    expect_same "rules of $node afterwards" "" "$(ip -n "$NET-$node" rule list pref 91)"
    expect_same "the test's own addresses on $node" "" "$(ip -n "$NET-$node" addr show to 198.18.127.0/24)"
    expect_same "interfaces of $node" "" "$(ip -n "$NET-$node" -o link | grep ' ct-' || true)"
    expect_same "processes in $node" "" "$(ip netns pids "$NET-$node")"
  done
  [[ -z $(compgen -G "/tmp/cuttle-bench-host-*") ]] || fail "it leaves its files: $(compgen -G "/tmp/cuttle-bench-host-*")"
}

says_what_is_missing() {
  network
  connect
  ! bench_host || fail "it runs without a host"
  grep -q 'say which hosts: ./run bench host --other' "$WORK/bench.log" || fail "it does not say what to give: $(<"$WORK/bench.log")"
  mkdir "$WORK/bin"
  printf '#!/bin/bash\necho "no route to host" >&2\nexit 255\n' >"$WORK/bin/ssh"
  chmod +x "$WORK/bin/ssh"
  ! bench_host --other root@b --addresses "${V4[a]}" "${V4[b]}" || fail "it goes on without the other host"
  grep -q 'no route to host' "$WORK/bench.log" || fail "it does not say why: $(<"$WORK/bench.log")"
}

run_case between_two_hosts
run_case says_what_is_missing
finish
