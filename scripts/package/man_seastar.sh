#!/bin/bash
# man_seastar.sh PROGRAM: cuttle-seastar(1) on stdout, made from what the program says of itself.
set -euo pipefail
program=$1

roff() { sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"; }

cat <<TEXT
.TH CUTTLE\\-SEASTAR 1 "" "cuttle $("$program" --version | cut -d' ' -f2)" "User commands"
.SH NAME
cuttle\\-seastar \\- the agent of cuttle on the reactors of Seastar
.SH SYNOPSIS
.B cuttle\\-seastar up
.BI \\-\\-config \\ FILE
.RI [ OPTIONS ]
.SH DESCRIPTION
What
.B cuttle up
becomes where the configuration of the node says
.IP
[runtime]
.br
driver = "seastar"
.PP
or the option
.B \\-\\-driver seastar
does. Nobody need call it by this name; the unit cuttle@NAME runs it by itself. Each of
.I runtime.shards
is a reactor: a thread that packs, sends and receives for the lanes it has, and sleeps when there is nothing to do. Configuration,
.BR "cuttle status" ,
.B cuttle reload
and the wire are those of the native driver.
.SH OPTIONS
.nf
TEXT
"$program" up --help | roff
cat <<'TEXT'
.fi
.SH EXIT STATUS
0 done, 1 failed, 2 bad input or environment; then nothing was changed. More shards than CPUs, too little memory for them, and
a backend that the kernel lacks are said in one line.
.SH FILES
.TP
.I /usr/lib/systemd/system/cuttle@.service.d/seastar.conf
What the unit of the agent gets besides.
.TP
.I /usr/lib/sysctl.d/30\-cuttle\-seastar.conf
How much asynchronous I/O the kernel allows.
.SH SEE ALSO
.BR cuttle (1),
.BR cuttle.toml (5),
.I /usr/share/doc/cuttle\-seastar/seastar.md
TEXT
