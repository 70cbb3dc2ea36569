#!/bin/bash
# The systemd units: systemd understands all of them, rates what they expose below 2.5, and the agent's system call filter
# leaves the agent and its helper what their own filters allow.
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
MESH=$ROOT/packaging/systemd/cuttle-mesh@.service
for file in "$UNIT" "$ROOT/packaging/systemd/cuttle-close@.service" "$MESH"; do
  sed -E 's|^(Exec[A-Za-z]+)=(-?)/usr/bin/cuttle|\1=\2/bin/true|' "$file" >"$WORK/${file##*/}"
done
for file in cuttle@.service cuttle-close@.service cuttle-mesh@.service cuttle.target; do
  systemd-analyze verify --man=no "$WORK/$file" 2>"$WORK/verify" || true
  ! grep -F cuttle "$WORK/verify" || fail "systemd does not understand $file"
done

for file in "$UNIT" "$ROOT/packaging/systemd/cuttle-close@.service" "$MESH"; do
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
# What agent and helper allow themselves, looked at with arguments or without, and what it takes to get there.
SOURCE=$ROOT/src/io/system_calls.cc
{
  sed -n '/kEveryProcess\[\]/,/^\/\/ What makes threads/p' "$SOURCE" | grep -v '^ *//' | grep -o '"[a-z0-9_]*"' | tr -d '"'
  sed -nE 's/.*(allow_where|allow_values<[a-z ]+>)\("([a-z0-9_]+)".*/\2/p' "$SOURCE"
  printf '%s\n' capset seccomp prctl mlockall sched_setscheduler execve clone3 openat socketpair fork setsid
} | sort -u >"$WORK/wanted"
for call in recvmsg epoll_pwait2 getdents64 bpf ioctl clone mmap; do
  grep -qx "$call" "$WORK/wanted" || fail "the lists in $SOURCE were not found: no $call"
done
(($(wc -l <"$WORK/wanted") > 90)) || fail "the lists in $SOURCE were not found"
# An old call that not every machine has.
missing=$(comm -13 "$WORK/allowed" "$WORK/wanted" | grep -vx time || true)
[[ -z $missing ]] || fail "the unit forbids what the agent needs: $missing"
echo "system calls: all $(wc -l <"$WORK/wanted") of agent and helper are allowed"
