"""TCP through a network that loses, duplicates and reorders, on each driver: goodput with one, two and eight lanes, and how
much of the native driver's that is, in the same run."""

import os

from drivers import variants
from lib import load, spaces
from lib.agents import Agents
from lib.results import Results
from lib.shell import say

LANES = (1, 2, 8)
COLUMNS = {f"lanes_{n}": (f"Mb/s, {n} lane" + ("s" if n > 1 else ""), "{:.1f}") for n in LANES}
COLUMNS.update({f"of_native_{n}": ("of native", "{:.2f}") for n in LANES})
NETWORK = ("--loss", 2, "--duplicate", 2, "--reorder", 5)
RATE = "100 Mb/s"
# Eight lanes in slots of 1.5 ms, a cable in software and four reactors are more than two CPUs.
SLOT = {8: "3 ms"}
STREAMS = 8


def measure(runtime, up, lanes, seed, seconds):
    spaces.make_with_cable(os.environ["BENCH_IMPAIR"], *NETWORK, "--seed", seed)
    shape = f'slot = "{SLOT[lanes]}"' if lanes in SLOT else ""
    agents = Agents(RATE, lanes=lanes, runtime=runtime, up=up, shape=shape, own_cpus=False)
    try:
        address = spaces.ADDRESS["b"]
        server = load.TcpServer(address)
        load.tcp(address, 1, STREAMS)
        goodput = load.tcp(address, seconds, STREAMS) / 1e6
        server.close()
        missed = max(agents.link(node)["deadlines_missed"] for node in spaces.NODES)
        return goodput, missed
    finally:
        agents.close()
        spaces.remove()


def main(options):
    results = Results("transfers", f"Transfers through a bad network, {RATE}, {STREAMS} streams: 2 % lost, 2 % twice, 5 % out of order", COLUMNS)
    found = [variant for variant in variants() if variant[0] != "Seastar, --poll-mode"]
    if len(found) == 1:
        results.note("there is no Seastar driver here; ./run seastar says why")
    else:
        seastar = found[1][2]
        found += [("Seastar, two shards", "shards = 2", seastar), ("Seastar, four shards", "shards = 4", seastar)]
    for number in range(options.rounds):
        for lanes in LANES:
            for name, runtime, up in found:
                try:
                    goodput, missed = measure(runtime, up, lanes, number + 1, options.seconds)
                    results.add(name, **{f"lanes_{lanes}": goodput})
                    if missed:
                        results.note(f"{name}, {lanes} lanes: {missed} slots left out once")
                except RuntimeError as error:
                    results.note(f"{name}, {lanes} lanes: failed once: {str(error)[:200]}")
            say(f"  round {number + 1} of {options.rounds}: {lanes} lanes done")
    for lanes in LANES:
        native = results.median("native", f"lanes_{lanes}")
        for name, _, _ in found:
            goodput = results.median(name, f"lanes_{lanes}")
            if native and goodput and name != "native":
                results.add(name, **{f"of_native_{lanes}": goodput / native})
                results.check(f"{name}, {lanes} lanes, of native's goodput", goodput / native, ">=", 0.9)
    return results
