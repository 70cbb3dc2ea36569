"""Ceph on the lab: shaped at rate R, in the default shape and in short fixed slots, plain with the same limit on every pair
of nodes (htb), and plain without."""

import json
import os
import re

from lib.results import Results
from lib.shell import run, say

ROOT = os.environ["CUTTLE_ROOT"]
NAME = f"ctb{os.getpid()}"
RATE = "200Mb/s"
SLOT = "200us"
ADDRESS = {"mon": "10.77.0.10", "osd0": "10.77.0.11", "osd1": "10.77.0.12"}
COLUMNS = {
    "write_mbps": ("4 MiB writes MB/s", "{:.1f}"),
    "read_mbps": ("random reads MB/s", "{:.1f}"),
    "write4k_p50_ms": ("4 KiB writes p50 ms", "{:.2f}"),
    "write4k_p90_ms": ("p90", "{:.2f}"),
    "write4k_p99_ms": ("p99", "{:.2f}"),
    "write4k16_iops": ("depth 16 IOPS", "{:.0f}"),
    "write4k16_p50_ms": ("p50 ms", "{:.2f}"),
    "write4k16_p99_ms": ("p99", "{:.2f}"),
}


def lab(*words, limit=240):
    return run(f"{ROOT}/lab/lab", *words, limit=limit)


def inside(node, *words, limit=120):
    return lab("sh", "--name", NAME, node, "--", *words, limit=limit)


def card_with_offloads():
    """Trains are cut into packets behind the node, as an ordinary card does it. The lab itself cuts them in the node, for
    the sake of who watches its fabric; nobody does here."""
    for node in ADDRESS:
        inside(node, "ethtool", "-K", "eth0", "tso", "on", "gso", "on", "tx-udp-segmentation", "on")


def limit_rates():
    """A class of R for each peer on each node, chosen by address: what a link of Cuttle's is, without its shape."""
    kbit = int(re.match(r"\d+", RATE)[0]) * 1000
    for node in ADDRESS:
        inside(node, "tc", "qdisc", "add", "dev", "eth0", "root", "handle", "1:", "htb")
        rules = "table ip limits {\nchain out {\ntype filter hook postrouting priority 0;\n"
        for number, (peer, address) in enumerate(ADDRESS.items(), 1):
            if peer != node:
                inside(node, "tc", "class", "add", "dev", "eth0", "parent", "1:", "classid", f"1:{number}", "htb",
                       "rate", f"{kbit}kbit", "burst", "64k", "cburst", "64k")
                rules += f"ip daddr {address} meta priority set 1:{number}\n"
        inside(node, "nft", rules + "}\n}\n")


def bench(*words):
    text = inside("mon", "rados", "bench", "-p", "bench", *words)
    return float(re.search(r"Bandwidth \(MB/sec\): +([0-9.]+)", text)[1])


def timed(depth, seconds):
    return json.loads(inside("mon", "python3", f"{ROOT}/bench/lib/rados_time.py", "bench", "write", 4096, depth, seconds))


def measure(name, up, prepare, results, seconds):
    try:
        lab("up", "--name", NAME, *up)
        card_with_offloads()
        prepare()
        results.add(name, write_mbps=bench(2 * seconds, "write", "-t", "16", "--no-cleanup"))
        results.add(name, read_mbps=bench(2 * seconds, "rand", "-t", "16"))
        one, many = timed(1, 2 * seconds), timed(16, 2 * seconds)
        results.add(name, **{f"write4k_{p}_ms": one[f"{p}_ms"] for p in ("p50", "p90", "p99")},
                    write4k16_iops=many["iops"], write4k16_p50_ms=many["p50_ms"], write4k16_p99_ms=many["p99_ms"])
    finally:
        lab("down", "--name", NAME)


def main(options):
    results = Results("ceph", f"Ceph: shaped at {RATE} a link, plain with that limit, plain", COLUMNS, plot="write_mbps")
    limited, shaped = f"plain, limited to {RATE}", f"Cuttle at {RATE}"
    short = f"{shaped}, fixed slots of {SLOT}"
    for number in range(options.rounds):
        measure(limited, ["--plain"], limit_rates, results, options.seconds)
        measure(shaped, ["--rate", RATE], lambda: None, results, options.seconds)
        measure(short, ["--rate", RATE, "--slot", SLOT, "--jitter", "0", "--release", "thread"], lambda: None, results, options.seconds)
        measure("plain, without a limit", ["--plain"], lambda: None, results, options.seconds)
        say(f"  round {number + 1} of {options.rounds} done")

    def share(key, row=shaped):
        ours, theirs = results.median(row, key), results.median(limited, key)
        return ours / theirs if ours and theirs else None

    results.check("4 MiB writes, of the limited plain cluster's", share("write_mbps"), ">=", 0.98)
    results.check("4 MiB random reads, likewise", share("read_mbps"), ">=", 0.98)
    ratio = share("write4k_p50_ms")
    if ratio:
        results.note(f"4 KiB writes at depth 1, median latency, default shape: {ratio:.2f} times the limited plain cluster's")
    results.check(f"the same in fixed slots of {SLOT}", share("write4k_p50_ms", short), "<=", 1.5)
    results.check("4 KiB writes at depth 16, operations a second, of the limited plain cluster's", share("write4k16_iops"), ">=", 0.8)
    return results
