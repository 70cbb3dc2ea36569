#!/bin/bash
# The shells' completions: every word and option that --help lists is offered, nothing else is needed.
set -euo pipefail
: "${CUTTLE:?the program to test}"
CUTTLE_ROOT=${CUTTLE_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
PATH=$(dirname "$CUTTLE"):$PATH

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# shellcheck source=packaging/completion/cuttle.bash
source "$CUTTLE_ROOT/packaging/completion/cuttle.bash"

# offered WORDS...: what bash would offer for the last of them.
offered() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  _cuttle cuttle "${*: -1}" "${COMP_WORDS[COMP_CWORD - 1]}"
  echo "${COMPREPLY[*]}"
}
[[ $(offered cuttle st) == status ]] || fail "cuttle st: $(offered cuttle st)"
for word in up down check status init show plan metrics trace audit doctor; do
  [[ " $(offered cuttle '') " == *" $word "* ]] || fail "'$word' is not offered: $(offered cuttle '')"
done
[[ " $(offered cuttle status --) " == *" --watch "* ]] || fail "cuttle status --: $(offered cuttle status --)"
echo "bash: good"
if command -v zsh >/dev/null; then
  zsh -n "$CUTTLE_ROOT/packaging/completion/_cuttle" || fail "zsh does not take its completion"
  # A completion system of two functions is enough to see what ours hands to it.
  words=$(zsh -fc '
    _describe() { print -l ${(P)2} }
    _files() { : }
    compadd() { shift; print -l -- $@ }
    CURRENT=2 words=(cuttle "")
    source '"$CUTTLE_ROOT"'/packaging/completion/_cuttle')
  grep -q '^status:Ask' <<<"$words" || fail "zsh: $words"
  echo "zsh: good"
fi
