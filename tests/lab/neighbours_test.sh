#!/bin/bash
# Another user of the machine cannot prepare a lab's state: what lies there says which processes root ends, and which settings
# it takes over.
# shellcheck source=tests/lab/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
FOLDER=$(mktemp -d)
CAME=$FOLDER/came
clean_up() {
  rm -rf "$FOLDER" "$STATE"
  rmdir "${STATE%/*}" 2>/dev/null || true
}
trap clean_up EXIT
as_neighbour() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

# No folder above it is one that others write to.
folder=$STATE
while [[ $folder != / ]]; do
  folder=${folder%/*}
  folder=${folder:-/}
  [[ ! -e $folder || $(stat -c '%u %A' "$folder") =~ ^0\ d.......-.$ ]] ||
    fail "$folder: others can write to it: $(stat -c '%U %A' "$folder")"
done
! as_neighbour mkdir -p "$STATE/processes" 2>/dev/null || fail "uid 65534 made $STATE"
echo "nobody but root can make $STATE"

# Nor does a name in the file of settings run anything, whoever wrote it.
mkdir -p "$STATE/processes"
# In octal, which is the same in capitals.
octal=$(printf '%s' "$CAME" | od -An -v -to1 | tr -d '\n' | sed 's/ /\\/g')
# shellcheck disable=SC2016  # for whoever takes it for a name
printf 'rate=5Mb/s A[$(>$'"'%s'"')]=x path=/nowhere\n' "$octal" >"$STATE/settings"
said=$(lab status 2>&1 || true)
[[ ! -e $CAME ]] || fail "a name in $STATE/settings was run: $said"
[[ $said == *5Mb/s* ]] || fail "the settings beside it were not read: $said"
echo "a setting is read, and what is none is not"
