#!/bin/bash
# The man pages are made without a warning, and say what is in the program and in docs/configuration.md; and every word has
# a --help with an example.
set -euo pipefail
: "${CUTTLE:?the program to test}"
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

for page in cuttle.1 cuttle-mesh.1 cuttle.toml.5; do
  bash "$ROOT/scripts/package/man.sh" "$page" "$CUTTLE" >"$WORK/$page"
  warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$WORK/$page" 2>&1 >/dev/null)
  [[ -z $warnings ]] || fail "$page: $warnings"
  LC_ALL=C.UTF-8 MANWIDTH=120 man -E UTF-8 -l "$WORK/$page" 2>/dev/null | sed 's/.\x08//g' >"$WORK/$page.text"
done
for word in up status doctor init 'plan' 'trace'; do
  grep -q "cuttle $word" "$WORK/cuttle.1.text" || fail "cuttle(1) says nothing of 'cuttle $word'"
done
words=$("$CUTTLE" --help | awk '/^Subcommands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && $1 ~ /^[a-z]/ { print $1 }')
for word in $words; do
  grep -qi '^ *examples\?:' <<<"$("$CUTTLE" "$word" --help)" || fail "cuttle $word --help has no example"
done
for word in join revoke rotate; do
  grep -q "cuttle mesh $word" "$WORK/cuttle-mesh.1.text" || fail "cuttle-mesh(1) says nothing of 'cuttle mesh $word'"
done
for word in $("$CUTTLE" mesh --help | awk '/^Subcommands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && $1 ~ /^[a-z]/ { print $1 }'); do
  grep -qi '^ *examples\?:' <<<"$("$CUTTLE" mesh "$word" --help)" || fail "cuttle mesh $word --help has no example"
done
for key in joining redirect private_key_file; do
  grep -q "^ *$key" "$WORK/cuttle.toml.5.text" || fail "cuttle.toml(5) says nothing of '$key'"
done
echo "man pages: no warning"
