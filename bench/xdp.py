"""Past the socket: what a cell costs from one namespace to another through a UDP socket (GSO, GRO), and with AF_XDP."""

import json
import os

from lib import spaces
from lib.results import Results
from lib.shell import run, say

PAST_SOCKET = os.environ["BENCH_BUILD"] + "/bench/past_socket"
TRAIN_CELLS = (5, 44)
COLUMNS = {"ns_per_cell": ("ns a cell, sent and received", "{:.0f}"), "lost": ("lost", "{:.0f}")}
# What the device does, and the way that is measured.
WAYS = {
    "socket, trains whole": ("on", "socket"),
    "socket, trains cut by the kernel": ("off", "socket"),
    "AF_XDP, copied": ("off", "xdp"),
}


def main(options):
    results = Results("xdp", "A cell past the socket: one thread sends a train and receives it", COLUMNS, plot="ns_per_cell")
    spaces.make()
    try:
        for number in range(options.rounds):
            for cells in TRAIN_CELLS:
                for way, (segmentation, kind) in WAYS.items():
                    for node in spaces.NODES:
                        run(*spaces.inside(node, "ethtool", "-K", "u0", "tx-udp-segmentation", segmentation, "gro", "on"))
                    found = json.loads(run(PAST_SOCKET, kind, spaces.space("a"), spaces.space("b"), cells, options.seconds,
                                           limit=options.seconds + 30))
                    results.add(f"{way}, {cells} cells", **found)
            say(f"  round {number + 1} of {options.rounds} done")
    finally:
        spaces.remove()
    best = results.median("socket, trains cut by the kernel, 44 cells", "ns_per_cell")
    past = results.median("AF_XDP, copied, 44 cells", "ns_per_cell")
    results.check("AF_XDP against a socket whose trains the kernel cuts, 44 cells (kept where it wins by a third)",
                  past and best and past / best, "<=", 0.67)
    return results
