#!/bin/bash
# In the machine: takes commands, a line each, from the second serial line, and answers with what they print and, at last,
# "== STATUS". (machine.sh has the other end.)
exec </dev/ttyS1 >/dev/ttyS1 2>&1
stty raw -echo
echo '== ready'
while IFS= read -r line; do
  (eval "$line")
  printf '\n== %d\n' $?
done
