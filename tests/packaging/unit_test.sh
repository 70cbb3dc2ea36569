#!/bin/bash
# The systemd units: systemd understands all of them, rates what they expose below 2.5, and the agent's system call filter
# leaves it what its own filter allows.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
UNIT=$ROOT/packaging/systemd/cuttle@.service
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
if ! command -v systemd-analyze >/dev/null; then
  echo "SKIPPED: needs systemd-analyze" >&2
  exit 77
fi

# What is unknown to systemd it would ignore, with a line in the journal only. The program is not installed here.
cp "$ROOT"/packaging/systemd/*.target "$WORK"
for file in "$UNIT" "$ROOT/packaging/systemd/cuttle-close@.service"; do
  sed -E 's|^(Exec[A-Za-z]+)=(-?)/usr/bin/cuttle|\1=\2/bin/true|' "$file" >"$WORK/${file##*/}"
done
for file in cuttle@.service cuttle-close@.service cuttle.target; do
  systemd-analyze verify --man=no "$WORK/$file" 2>"$WORK/verify" || true
  ! grep -F cuttle "$WORK/verify" || fail "systemd does not understand $file"
done

for file in "$UNIT" "$ROOT/packaging/systemd/cuttle-close@.service"; do
  systemd-analyze security --offline=true --no-pager "$file" >"$WORK/security" 2>&1 || true
  exposure=$(sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p' "$WORK/security")
  [[ -n $exposure ]] || fail "systemd-analyze says: $(tail -n 3 "$WORK/security")"
  awk "BEGIN { exit !($exposure < 2.5) }" || fail "exposure level $exposure of ${file##*/}; it was to be below 2.5"
  echo "exposure level $exposure: ${file##*/}"
done

# members SET_OR_CALL: the calls in it.
members() {
  local word
  if [[ $1 != @* ]]; then
    echo "$1"
    return
  fi
  systemd-analyze syscall-filter --no-pager "$1" | sed '1d; s/#.*//' | tr -d ' ' | sed '/^$/d' | while read -r word; do
    members "$word"
  done
}
: >"$WORK/allowed"
sed -n 's/^SystemCallFilter=//p' "$UNIT" | while read -r line; do
  for word in ${line#\~}; do members "$word"; done | sort -u >"$WORK/line"
  if [[ $line == \~* ]]; then
    comm -23 "$WORK/allowed" "$WORK/line" >"$WORK/next"
  else
    sort -u "$WORK/allowed" "$WORK/line" >"$WORK/next"
  fi
  mv "$WORK/next" "$WORK/allowed"
done
# Its own list, and what it takes to get there.
{
  sed -n '/kDataPath{/,/^ *"ftruncate"/p' "$ROOT/src/io/privileges.cc" | grep -o '"[a-z0-9_]*"' | tr -d '"'
  printf '%s\n' capset seccomp prctl mlockall sched_setscheduler execve clone3 openat
} | sort -u >"$WORK/wanted"
(($(wc -l <"$WORK/wanted") > 100)) || fail "the list in src/io/privileges.cc was not found"
# An old call that not every machine has.
missing=$(comm -13 "$WORK/allowed" "$WORK/wanted" | grep -vx time || true)
[[ -z $missing ]] || fail "the unit forbids what the agent needs: $missing"
echo "system calls: all of the agent's $(wc -l <"$WORK/wanted") are allowed"
