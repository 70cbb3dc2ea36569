#!/bin/bash
# man.sh PROGRAM: cuttle(1) on stdout, made from what the program says of itself, so that the two never differ.
set -euo pipefail
program=$1

# Text for roff: no line is taken for a request, no minus for a hyphen.
roff() { sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"; }

verbatim() {
  echo '.nf'
  roff
  echo '.fi'
}

words() { "$program" --help | awk '/^Subcommands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && $1 ~ /^[a-z]/ { print $1 }'; }

cat <<TEXT
.TH CUTTLE 1 "" "cuttle $("$program" --version | cut -d' ' -f2)" "User commands"
.SH NAME
cuttle \\- constant\\-rate encrypted links between the nodes of a cluster
.SH SYNOPSIS
.B cuttle
.I WORD
.RI [ OPTIONS ]
.SH DESCRIPTION
TEXT
"$program" --help | sed '/^Usage:/,$d' | roff
cat <<'TEXT'
.PP
The configuration file is described in
.BR cuttle.toml (5).
Words that belong to the package cuttle\-tools need it installed.
.SH WORDS
TEXT
for word in $(words); do
  printf '.SS cuttle %s\n' "$word"
  { "$program" "$word" --help 2>/dev/null || echo "See cuttle $word --help."; } | verbatim
done
cat <<'TEXT'
.SH EXIT STATUS
0 done, 1 failed or the answer is no, 2 bad input or environment; then nothing was changed.
.SH FILES
.TP
.I /etc/cuttle/NAME.toml
The configuration of a node; the unit cuttle@NAME runs with it.
.TP
.I /run/cuttle/NAME.sock
The control socket of a running agent.
.SH SEE ALSO
.BR cuttle.toml (5),
.I /usr/share/doc/cuttle/ceph.md.gz
TEXT
