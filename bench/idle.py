"""What a node costs that sends and receives nothing but cover."""

import json
import os
import time

from lib import cpu, tunnels
from lib.agents import lateness
from lib.results import Results
from lib.shell import run, say

SLEEPER = os.environ["BENCH_BUILD"] + "/bench/sleeper"
SLOTS_US = (50, 100, 200, 1000)
RATES = {"100 Mb/s": 0.1, "200 Mb/s": 0.2, "1 Gb/s": 1, "4 Gb/s": 4}
COLUMNS = {
    "cores": ("cores a node", "{:.3f}"),
    "machine": ("cores, machine, a node", "{:.3f}"),
    "late_us": ("late, mean us", "{:.0f}"),
    "late_p50_us": ("late p50 us", "{:.0f}"),
    "late_p99_us": ("p99", "{:.0f}"),
    "late_p999_us": ("p99.9", "{:.0f}"),
    "missed_percent": ("slots left out %", "{:.3f}"),
}


def main(options):
    results = Results("idle", "Cover alone: CPU of a node", COLUMNS, plot="cores")
    for number in range(options.rounds):
        for slot in SLOTS_US:
            found = json.loads(run(SLEEPER, slot, options.seconds, limit=options.seconds + 30))
            results.add(f"a thread that only sleeps, {slot} us", cores=found["cores"], late_us=found["late_us"])
        for rate in RATES:
            for slot in (None, *SLOTS_US):
                tunnel = tunnels.Cuttle(rate, f"{slot} us" if slot else None)
                try:
                    time.sleep(1)
                    before = tunnel.agents.link("a")
                    watch = cpu.Watch(tunnel.pids)
                    time.sleep(options.seconds)
                    used = watch.read()
                    results.add(f"{rate}, {slot} us" if slot else rate, cores=used["cores_processes"] / 2, machine=used["cores_machine"] / 2,
                                **lateness(before, tunnel.agents.link("a")))
                finally:
                    tunnel.close()
            say(f"  round {number + 1} of {options.rounds}: {rate} done")
    for rate, gbps in RATES.items():
        cores = results.median(rate, "cores")
        if gbps >= 1:
            results.check(f"cores a node and Gb/s, default shape, {rate}", cores and cores / gbps, "<=", 0.08)
    return results
