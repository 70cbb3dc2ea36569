"""A link that large packets fill: how long a small packet of another connection waits. In the default shape, and in fixed
slots of 200 us, for which there is a bound."""

import itertools
import time

from lib import load, tunnels
from lib.results import Results
from lib.shell import say

COLUMNS = {
    "idle_ms": ("ping ms, idle", "{:.2f}"),
    "ping_ms": ("beside 8 streams", "{:.2f}"),
    "ping_p99_ms": ("p99", "{:.2f}"),
    "ping_lost_percent": ("lost %", "{:.2f}"),
    "bound_ms": ("bound, one way", "{:.2f}"),
}
RATES_MBPS = (50, 200, 1000)
SLOT, SLOT_MS = "200 us", 0.2


def bound_ms(rate_mbps):
    """docs/timing.md, "Queueing": the ring, the largest packet, two slots."""
    largest = min(max(rate_mbps * 1e6 / 8 * 1e-3, 4096), 65536)
    return max(1, 4 * SLOT_MS) + largest * 8 / rate_mbps / 1e3 * 1500 / 1426 + 2 * SLOT_MS


def main(options):
    results = Results("queueing", "Queueing: ping beside eight TCP streams that fill the link", COLUMNS, plot="ping_ms")
    for number in range(options.rounds):
        for slot, rate in itertools.product((None, SLOT), RATES_MBPS):
            tunnel = tunnels.Cuttle(f"{rate} Mb/s", slot)
            try:
                results.add(tunnel.name, idle_ms=load.ping(tunnel.address, 100)["ping_ms"])
                if slot:
                    results.add(tunnel.name, bound_ms=bound_ms(rate))
                server = load.TcpServer(tunnel.address)
                busy = load.start_tcp(tunnel.address, options.seconds + 2, 8)
                time.sleep(1.5)
                results.add(tunnel.name, **load.ping(tunnel.address, 50 * options.seconds, 0.02))
                busy.wait()
                server.close()
            finally:
                tunnel.close()
        say(f"  round {number + 1} of {options.rounds} done")
    for rate in RATES_MBPS:
        row = f"Cuttle {rate} Mb/s, {SLOT} slots"
        idle = results.median(row, "idle_ms") or 0
        results.check(f"added wait in ms at {rate} Mb/s, median", (results.median(row, "ping_ms") or 0) - idle, "<=", bound_ms(rate))
    return results
