# shellcheck shell=bash
# Where a lab keeps what it is: in a folder that root alone can write to. What lies there says which processes are ended, and what
# runs as root.

lab_state() { echo "/var/lib/cuttle-lab/$1"; } # NAME
