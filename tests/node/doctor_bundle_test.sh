#!/bin/bash
# `cuttle doctor --bundle`: what goes to somebody else has no key in it, in no spelling, wherever one may have got to; it
# is there with an agent, without one, and where the configuration is no good.
# shellcheck source=tests/node/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

bundle() { # EXPECTED_STATUSES
  local status=0
  rm -rf "$WORK/report.tar.gz" "$WORK/inside"
  in_space a timeout 60 "$CUTTLE" doctor --config "$WORK/a.toml" --no-probe --bundle "$WORK/report.tar.gz" \
    >"$WORK/doctor.out" 2>&1 || status=$?
  [[ " $1 " == *" $status "* ]] || fail "exit status $status: $(<"$WORK/doctor.out")"
  [[ $(stat -c %a "$WORK/report.tar.gz") == 600 ]] || fail "others may read it"
  mkdir "$WORK/inside"
  tar --extract --gzip --file "$WORK/report.tar.gz" --directory "$WORK/inside"
  [[ -z $(compgen -G "${TMPDIR:-/tmp}/cuttle-bundle-*") ]] || fail "it leaves its folder behind"
}

# Of every key there is, as text, in hexadecimal and as bytes.
expect_no_keys() {
  local file hex
  for file in "$WORK"/a.key "$WORK"/b.key "$WORK"/psk; do
    ! grep -rFq -- "$(<"$file")" "$WORK/inside" || fail "the bundle has $(basename "$file"): $(grep -rFl -- "$(<"$file")" "$WORK/inside")"
    hex=$(base64 -d <"$file" | od -An -v -tx1 | tr -d ' \n')
    ! grep -riFq -- "$hex" "$WORK/inside" || fail "the bundle has $(basename "$file") in hexadecimal"
    # shellcheck disable=SC2001  # it cannot: each pair of digits
    ! LC_ALL=C grep -raPq "$(sed 's/../\\x&/g' <<<"${hex:0:32}")" "$WORK/inside" || fail "the bundle has the bytes of $(basename "$file")"
  done
}

with_an_agent() {
  network
  connect
  RATE="20 Mb/s" configure
  start_agents
  bundle "0 1"
  grep -q 'link b: up' "$WORK/inside/cuttle-a/doctor.txt" || fail "no findings in it"
  grep -q '"state": *"up"' "$WORK/inside/cuttle-a/status.json" || fail "no status in it"
  grep -q 'ct-b' "$WORK/inside/cuttle-a/network.txt" || fail "no interfaces in it"
  grep -q 'table inet cuttle' "$WORK/inside/cuttle-a/firewall.txt" || fail "no rules in it"
  grep -q 'endpoint = ' "$WORK/inside/cuttle-a/configuration.toml" || fail "no configuration in it"
  expect_no_keys
}

# Somebody wrote keys where they do not belong: into comments, and into a rule's.
keys_in_the_wrong_place() {
  network
  connect
  RATE="20 Mb/s" configure
  sed -i "1i # private $(<"$WORK/a.key"), the other's=$(<"$WORK/b.key")\n# psk $(base64 -d <"$WORK/psk" | od -An -v -tx1 | tr -d ' \n')" "$WORK/a.toml"
  in_space a nft "add table inet mine { comment \"$(<"$WORK/psk")\"; }"
  bundle "0 1"
  grep -q 'private \[key [0-9a-f]*\]' "$WORK/inside/cuttle-a/configuration.toml" || fail "nothing is replaced, so nothing is tried"
  expect_no_keys
}

no_good_configuration() {
  network
  connect
  RATE="20 Mb/s" configure
  sed -i "s|^private_key_file.*|private_key = \"$(<"$WORK/a.key")\"|" "$WORK/a.toml"
  bundle "2"
  grep -q 'private_key' "$WORK"/inside/*/doctor.txt || fail "what is wrong with the file is not in it: $(cat "$WORK"/inside/*/doctor.txt)"
  expect_no_keys
  local status=0
  in_space a timeout 60 "$CUTTLE" doctor --config "$WORK/a.toml" --bundle "$WORK/report.tar.gz" >"$WORK/doctor.out" 2>&1 || status=$?
  grep -q 'not overwritten' "$WORK/doctor.out" || fail "it overwrites a file: $(<"$WORK/doctor.out")"
}

# Root writes it where a user asked for it, and that user puts a link to another file in its place meanwhile.
in_a_users_folder() {
  network
  connect
  RATE="20 Mb/s" configure
  mkdir "$WORK/shims"
  echo "must not change" >"$WORK/precious"
  cat >"$WORK/shims/tar" <<END
#!/bin/bash
ln -sf "$WORK/precious" "$WORK/report.tar.gz"
exec $(command -v tar) "\$@"
END
  chmod +x "$WORK/shims/tar"
  PATH=$WORK/shims:$PATH in_space a timeout 60 "$CUTTLE" doctor --config "$WORK/a.toml" --no-probe --bundle "$WORK/report.tar.gz" \
    >"$WORK/doctor.out" 2>&1 || true
  [[ -L $WORK/report.tar.gz ]] || fail "nothing was put in its place, so nothing is tried"
  expect_same "the other file" "must not change" "$(<"$WORK/precious")"
}

run_case with_an_agent
run_case keys_in_the_wrong_place
run_case no_good_configuration
run_case in_a_users_folder
finish
