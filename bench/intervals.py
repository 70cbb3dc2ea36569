"""What variable intervals cost: latency, goodput and CPU of a link with and without `jitter` and `scatter`."""

from lib import cpu, load, tunnels
from lib.results import Results
from lib.shell import say

RATE = "50 Mb/s"
RATE_BPS = 50e6
COLUMNS = {
    "ping_ms": ("ping ms", "{:.2f}"),
    "ping_p99_ms": ("p99", "{:.2f}"),
    "goodput_percent": ("TCP goodput, % of the rate", "{:.1f}"),
    "cores": ("cores a node, cover alone", "{:.3f}"),
}
SHAPES = {
    "fixed": "",
    "jitter 50 %": "jitter = 50",
    "jitter 100 %": "jitter = 100",
    "scattered": "scatter = true",
}
SLOTS = ("240 us", "1 ms", "2 ms")


def measure(results, row, tunnel, seconds):
    watch = cpu.Watch(tunnel.pids)
    pings = load.ping(tunnel.address, 100 * seconds, 0.01)
    results.add(row, ping_ms=pings["ping_ms"], ping_p99_ms=pings["ping_p99_ms"],
                cores=watch.read()["cores_processes"] / 2)
    server = load.TcpServer(tunnel.address)
    try:
        results.add(row, goodput_percent=100 * load.tcp(tunnel.address, seconds) / RATE_BPS)
    finally:
        server.close()


def main(options):
    results = Results("intervals", f"Variable intervals: what they cost at {RATE}", COLUMNS, plot="ping_ms")
    for number in range(options.rounds):
        tunnel = tunnels.Cuttle(RATE, None)
        try:
            measure(results, "the default shape", tunnel, options.seconds)
        finally:
            tunnel.close()
        for slot in SLOTS:
            for name, shape in SHAPES.items():
                tunnel = tunnels.Cuttle(RATE, slot, shape=shape)
                try:
                    measure(results, f"slot {slot}, {name}", tunnel, options.seconds)
                finally:
                    tunnel.close()
            say(f"  round {number + 1} of {options.rounds}: slots of {slot} done")
    return results
