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
        for rate in ("100 Mb/s", "1 Gb/s", "4 Gb/s"):
            for slot in SLOTS_US:
                if rate == "4 Gb/s" and slot == 1000:
                    continue  # more cells than a slot may hold
                tunnel = tunnels.Cuttle(rate, f"{slot} us")
                try:
                    time.sleep(1)
                    before = tunnel.agents.link("a")
                    watch = cpu.Watch(tunnel.pids)
                    time.sleep(options.seconds)
                    used = watch.read()
                    results.add(f"{rate}, {slot} us", cores=used["cores_processes"] / 2, machine=used["cores_machine"] / 2,
                                **lateness(before, tunnel.agents.link("a")))
                finally:
                    tunnel.close()
            say(f"  round {number + 1} of {options.rounds}: {rate} done")
    results.check("cores a node at 1 Gb/s, 200 us slots", results.median("1 Gb/s, 200 us", "cores"), "<=", 0.10)
    return results
