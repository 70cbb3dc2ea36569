"""The native driver against the one on Seastar, in turn: lateness, slots left out, CPU idle and under load, goodput,
ping, at several constant rates; and the highest rates at which fewer than 0.1 % of the slots are left out, or late."""

import itertools
import os
import time

from lib import cpu, load, spaces
from lib.agents import Agents, lateness
from lib.results import Results
from lib.shell import say

COLUMNS = {
    "idle_cores": ("idle cores a node", "{:.3f}"),
    "late_p50_us": ("late p50 us", "{:.0f}"),
    "late_p99_us": ("p99", "{:.0f}"),
    "late_p999_us": ("p99.9", "{:.0f}"),
    "missed_percent": ("left out %", "{:.3f}"),
    "late_percent": ("late %", "{:.3f}"),
    "ping_ms": ("ping ms", "{:.3f}"),
    "ping_p99_ms": ("p99", "{:.3f}"),
    "goodput_gbps": ("TCP Gb/s", "{:.2f}"),
    "busy_cores": ("busy cores a node", "{:.3f}"),
    "busy_missed_percent": ("busy left out %", "{:.3f}"),
    "busy_late_percent": ("busy late %", "{:.3f}"),
    "busy_late_p99_us": ("busy late p99 us", "{:.0f}"),
    "busy_late_p999_us": ("p99.9", "{:.0f}"),
}
RATES_GBPS = (0.2, 1, 2, 4)
SLOT = "200 us"


def variants():
    """Name, lines of [runtime], options of `cuttle up`."""
    found = [("native", "", ())]
    program = os.environ.get("CUTTLE_SEASTAR_PROGRAM", "")
    if program:
        seastar = ("--driver", "seastar", "--driver-program", program)
        found += [
            ("Seastar, one shard", "", seastar),
            ("Seastar, --split", "shards = 2", seastar + ("--split",)),
            ("Seastar, epoll", "", seastar + ("--", "--reactor-backend", "epoll")),
            ("Seastar, --poll-mode", "", seastar + ("--poll-mode",)),
        ]
    return found


def measure(rate, slot, runtime, up, seconds):
    """One start of two nodes for idleness, another for load: the percentiles count from the start."""
    found = {}
    for busy in (False, True):
        spaces.make()
        agents = Agents(f"{rate * 1000:g} Mb/s", slot, runtime=runtime, up=up, own_cpus=False)
        try:
            address = spaces.ADDRESS["b"]
            load.ping(address, 20)
            before = [agents.link(node) for node in spaces.NODES]
            watch = cpu.Watch(agents.pids())
            if busy:
                server = load.TcpServer(address)
                forward, back = load.tcp(address, seconds, 4, both_ways=True)
                server.close()
                found["goodput_gbps"] = min(forward, back) / 1e9
            else:
                time.sleep(seconds)
            used = watch.read()
            late = [lateness(b, agents.link(node)) for b, node in zip(before, spaces.NODES)]
            worst = {key: max(one[key] for one in late) for key in late[0]}
            if busy:
                found["busy_cores"] = used["cores_processes"] / 2
                found.update({"busy_" + key: value for key, value in worst.items() if "busy_" + key in COLUMNS})
            else:
                found["idle_cores"] = used["cores_processes"] / 2
                found.update(worst)
                pings = load.ping(address, 200)
                found.update({key: pings[key] for key in ("ping_ms", "ping_p99_ms")})
        finally:
            agents.close()
    return found


def row_of(name, rate, slot):
    return f"{name}, {rate:g} Gb/s" + (f", {slot} slots" if slot else "")


def main(options):
    results = Results("drivers", "Native against Seastar, default shape and 200 us slots, both directions at once", COLUMNS, plot="busy_missed_percent")
    found = variants()
    if len(found) == 1:
        results.note("there is no Seastar driver here; ./run seastar says why")
    rates = options.rates or RATES_GBPS
    for number in range(options.rounds):
        for rate in rates:
            for slot, (name, runtime, up) in itertools.product((None, SLOT), found):
                try:
                    results.add(row_of(name, rate, slot), **measure(rate, slot, runtime, up, options.seconds))
                except RuntimeError as error:
                    results.note(f"{row_of(name, rate, slot)}: failed once: {str(error)[:200]}")
            say(f"  round {number + 1} of {options.rounds}: {rate:g} Gb/s done")
    for name, _, _ in found:
        results.note(f"{name}, {SLOT} slots: highest rate with fewer than 0.1 % of the slots left out, idle and busy: {highest(results, name, rates, 'missed_percent')}; "
                     f"later than 100 us or left out: {highest(results, name, rates, 'late_percent')}")
    return results


def highest(results, name, rates, share):
    best = None
    for rate in rates:
        row = row_of(name, rate, SLOT)
        shares = [results.median(row, key) for key in (share, "busy_" + share)]
        if None not in shares and max(shares) < 0.1:
            best = max(best or 0, rate)
    return f"{best:g} Gb/s" if best else "none of these"
