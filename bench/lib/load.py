"""Loads between the nodes of lib.spaces: iperf3 and ping. iperf3 can spin forever when its other end goes away,
so everything runs under a time limit."""

import json
import re
import statistics

from lib.shell import run, start, wait_for
from lib.spaces import inside, start_inside, stop_inside


class TcpServer:
    def __init__(self, address, seconds=120):
        self.process = start_inside("b", "timeout", seconds, "iperf3", "-s", "-B", address)
        wait_for(lambda: run(*inside("b", "ss", "-Hltn", "sport = :5201")).strip() != "", 5, "iperf3 to listen")

    def close(self):
        stop_inside(self.process)


def tcp(address, seconds, streams=1, both_ways=False, congestion=None):
    """Goodput in bits a second: a's sending, and with both_ways b's as well (as a pair)."""
    words = ["timeout", seconds + 15, "iperf3", "-J", "-c", address, "-t", seconds, "-O", 1, "-P", streams]
    words += ["--bidir"] if both_ways else []
    words += ["-C", congestion] if congestion else []
    text = run(*inside("a", *words), limit=seconds + 30, check=False)
    end = json.loads(text).get("end", {}) if text.startswith("{") else {}
    if "sum_received" not in end:
        raise RuntimeError("iperf3: " + text[-300:])
    forward = end["sum_received"]["bits_per_second"]
    if not both_ways:
        return forward
    return forward, end["sum_received_bidir_reverse"]["bits_per_second"]


def start_tcp(address, seconds, streams=1):
    return start(*inside("a", "timeout", seconds + 15, "iperf3", "-c", address, "-t", seconds, "-P", streams))


def ping(address, count=200, interval=0.01):
    """Round trips in milliseconds: median and p99; and the share that got no answer."""
    text = run(*inside("a", "timeout", count * interval + 20, "ping", "-n", "-i", interval, "-c", count, "-W", 2, address),
               limit=count * interval + 30, check=False)
    times = sorted(float(t) for t in re.findall(r"time=([0-9.]+) ms", text))
    if not times:
        raise RuntimeError("ping: no answer from " + address)
    return {
        "ping_ms": statistics.median(times),
        "ping_p99_ms": times[min(len(times) - 1, int(len(times) * 0.99))],
        "ping_lost_percent": 100 * (count - len(times)) / count,
    }
