#!/usr/bin/env python3
"""The benchmarks of ./run bench: each in a file of its own beside this one, with main(options) -> Results."""

import argparse
import importlib
import os
import sys
import time

import host
from lib import cpu, programs

NAMES = ("cells", "idle", "tunnel", "queueing", "loss", "links", "intervals", "ceph", "drivers", "transfers", "xdp")
ALONE = ("host",)  # only where it is asked for


def parse():
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)}, or all (the default); or host, by itself")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured, in turn (default 3)")
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement (default 5)")
    parser.add_argument("--rates", type=float, nargs="+", help="tunnel, drivers: constant rates in Gb/s")
    parser.add_argument("--counts", type=int, nargs="+", help="links: how many")
    parser.add_argument("--cpus-awake", action="store_true",
                        help="no CPU of the machine sleeps meanwhile, whatever is measured (as runtime.cpu_latency = \"0 us\" does)")
    parser.add_argument("--before", metavar="TREE",
                        help="cells, tunnel: another tree of Cuttle's, of before a change, in which ./run bench cells was run; "
                             "its rows stand beside this one's")
    host.arguments(parser)
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 2:
        parser.error("--rounds is at least 1, --seconds at least 2")
    for name in options.names:
        if name not in NAMES + ALONE + ("all",):
            parser.error(f"no benchmark '{name}'; there are {', '.join(NAMES + ALONE)}, all")
    if not options.names or "all" in options.names:
        options.names = list(NAMES)
    if options.names != ["cells"] and os.geteuid() != 0:
        parser.error("network namespaces need root; only `cells` does not")
    if options.before and not os.access(programs.cuttle_of(options.before), os.X_OK):
        parser.error(f"--before: there is no {programs.cuttle_of(options.before)}; run './run bench cells' in that tree first")
    options.rates = [int(r) if r == int(r) else r for r in options.rates] if options.rates else None
    return options


def main():
    options = parse()
    failed = []
    awake = cpu.keep_awake() if options.cpus_awake else None
    for name in options.names:
        print(f"\n== {name}", flush=True)
        began = time.monotonic()
        try:
            results = importlib.import_module(name).main(options)
        except RuntimeError as error:
            print(f"bench: {name}: {error}", file=sys.stderr)
            failed.append(name)
            continue
        if awake:
            results.note("with the CPUs kept awake")
        results.save()
        print(results.text())
        print(f"  {time.monotonic() - began:.0f} s; out/bench/{name}.json, out/bench/{name}.html", flush=True)
    sys.exit(1 if failed else 0)


main()
