#!/bin/bash
# markdown_man.sh: the page docs/configuration.md on stdin as cuttle.toml(5) on stdout: headings, paragraphs, boxes of
# code, and tables, whose rows become tagged paragraphs.
set -euo pipefail

cat <<'TEXT'
.TH CUTTLE.TOML 5 "" "cuttle" "File formats"
.SH NAME
cuttle.toml \- configuration of a cuttle node
.SH DESCRIPTION
TEXT
# shellcheck disable=SC2016  # backquotes are Markdown's
sed -E -e 's/\\/\\e/g' -e 's/\[([^]]+)\]\([^)]+\)/\1/g' -e 's/\*\*([^*]+)\*\*/\\fB\1\\fR/g' \
  -e 's/`([^`]+)`/\\fB\1\\fR/g' -e 's/-/\\-/g' |
  awk '
    function put(text) { if (text ~ /^[.\x27]/) text = "\\&" text; print text }
    /^```/ { code = !code; print code ? ".PP\n.nf" : ".fi"; next }
    code { put($0); next }
    /^# / { next }
    /^## / { sub(/^## /, ""); print ".SH \"" $0 "\""; after_heading = 1; next }
    /^\| \\-\\-/ || /^\| key / { next }
    /^\|/ {
      sub(/^\| */, ""); sub(/ *\|$/, "")
      n = split($0, cell, / *\| */)
      print ".TP"
      put(cell[1])
      text = ""
      for (i = 2; i <= n; i++) if (cell[i] != "") text = text (text == "" ? "" : "; ") cell[i]
      put(text == "" ? "\\&" : text)
      next
    }
    /^$/ { blank = 1; next }
    { if (blank && !after_heading) print ".PP"; blank = after_heading = 0; put($0) }'
