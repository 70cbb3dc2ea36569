#!/bin/bash
# man_mesh.sh PROGRAM: cuttle-mesh(1) on stdout, made from what `cuttle mesh` says of itself.
set -euo pipefail
program=$1

roff() { sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"; }
words() { "$program" mesh --help | awk '/^Subcommands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && $1 ~ /^[a-z]/ { print $1 }'; }

cat <<TEXT
.TH CUTTLE\\-MESH 1 "" "cuttle $("$program" --version | cut -d' ' -f2)" "User commands"
.SH NAME
cuttle\\-mesh \\- nodes of cuttle enrolled by the monitors of a Ceph cluster
.SH SYNOPSIS
.B cuttle mesh
.I WORD
.RI [ OPTIONS ]
.SH DESCRIPTION
.nf
TEXT
"$program" mesh --help | sed '/^Usage:/,$d' | roff
cat <<'TEXT'
.fi
.SH WORDS
TEXT
for word in $(words); do
  printf '.SS cuttle mesh %s\n.nf\n' "$word"
  "$program" mesh "$word" --help | roff
  printf '.fi\n'
done
cat <<'TEXT'
.SH EXIT STATUS
0 done, 1 failed or something waits for an operator, 2 bad input.
.SH FILES
.TP
.I /var/lib/cuttle\-mesh/NODE.toml
The peers that the agent reads.
.TP
.I /var/lib/cuttle\-mesh/NODE.known.json
What was seen first of every host, and what stays closed.
.TP
.I /etc/cuttle/NODE.identity
What this host proves its entries with; for root alone.
.SH SEE ALSO
.BR cuttle (1),
.BR cuttle.toml (5),
.I /usr/share/doc/cuttle/mesh.md
TEXT
