#!/bin/bash
# man.sh PAGE PROGRAM: a man page on stdout, of packaging/man/PAGE.md by lowdown. Lines between @ are filled in here, so
# that a page never differs from what the program says of itself:
#   @about [WORD]@      what its --help opens with
#   @help [WORD]@       all of it
#   @words [WORD]@      each of its words with its --help
#   @configuration@     docs/configuration.md, the rows of its tables as a list, which a narrow terminal can show
set -euo pipefail
page=$1
program=$2
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

indented() { sed 's/^/    /'; }
words_of() { "$program" "$@" --help | awk '/^Subcommands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && $1 ~ /^[a-z]/ { print $1 }'; }

about() { "$program" "$@" --help | sed '/^Usage:/,$d' | indented; }
help() { "$program" "$@" --help | indented; }

words() {
  local word
  for word in $(words_of "$@"); do
    printf '## %s\n\n' "cuttle${*:+ $*} $word"
    { "$program" "$@" "$word" --help 2>/dev/null || echo "See cuttle${*:+ $*} $word --help."; } | indented
    echo
  done
}

configuration() {
  awk '
    /^```/ { code = !code }
    code { print; next }
    /^# / || /^\|[ -]*-/ || /^\| key / { next }
    /^## / { sub(/^##/, "#") }
    /^\|/ {
      sub(/^\| */, ""); sub(/[ |]*$/, "")
      n = split($0, cell, / \| /)
      text = ""
      for (i = 2; i <= n; i++) if (cell[i] != "") text = text (text == "" ? "" : "; ") cell[i]
      print cell[1] "\n\n: " (text == "" ? "no default" : text) "\n"
      next
    }
    { print }' "$ROOT/docs/configuration.md"
}

filled_in() {
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^@(about|help|words|configuration)( [a-z ]+)?@$ ]]; then
      # shellcheck disable=SC2086  # words of a command line are meant
      "${BASH_REMATCH[1]}" ${BASH_REMATCH[2]}
    else
      printf '%s\n' "$line"
    fi
  done <"$ROOT/packaging/man/$page.md"
}

name=${page%.*}
filled_in | lowdown -s -Tman --parse-no-metadata -M title="${name^^}" -M section="${page##*.}" -M date=" " \
  -M source="cuttle $("$program" --version | cut -d' ' -f2)"
