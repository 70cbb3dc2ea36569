"""ask.py CONF KEYRING NAME: commands for the monitors (for the manager: those of cuttle), each a line of JSON on stdin.

One connection for all of them: the program `ceph` takes half a second of a CPU for each. Ends with status 1 at the first
that fails."""
import json
import sys

import rados


def main():
    conf, keyring, name = sys.argv[1:]
    with rados.Rados(conffile=conf, name=name, conf={"keyring": keyring}) as cluster:
        for line in sys.stdin:
            ask = (
                cluster.mgr_command
                if json.loads(line)["prefix"].startswith("cuttle")
                else cluster.mon_command
            )
            status, out, words = ask(line, b"", timeout=30)
            print(out.decode(), end="" if out.endswith(b"\n") else "\n")
            if status != 0:
                sys.exit("%s: %s (%d)" % (line.strip()[:100], words, status))


main()
