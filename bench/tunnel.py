"""Two namespaces, plain TCP, Cuttle at increasing constant rates in both directions at once, and tunnels that shape
nothing: goodput, CPU, ping."""

from lib import cpu, load, tunnels
from lib.agents import lateness
from lib.programs import Missing, cuttle_of
from lib.results import Results
from lib.shell import say

COLUMNS = {
    "one_gbps": ("one stream Gb/s", "{:.2f}"),
    "eight_gbps": ("eight Gb/s", "{:.2f}"),
    "of_rate": ("of the rate %", "{:.1f}"),
    "missed_percent": ("slots left out %", "{:.3f}"),
    "late_percent": ("later than 100 us %", "{:.2f}"),
    "late_p999_us": ("late p99.9 us", "{:.0f}"),
    "both_gbps": ("both ways, each Gb/s", "{:.2f}"),
    "cores_processes": ("cores, both nodes", "{:.2f}"),
    "cores_machine": ("cores, machine", "{:.2f}"),
    "ping_ms": ("ping ms", "{:.3f}"),
    "ping_p99_ms": ("p99", "{:.3f}"),
    "busy_ping_ms": ("busy ping ms", "{:.2f}"),
    "busy_ping_p99_ms": ("p99", "{:.2f}"),
}
RATES_GBPS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16)
# What others ran with before there was a default that hides: for comparison.
FIXED = (("1 Gb/s", "200 us", 1), ("4 Gb/s", "200 us", 4))
QUICK = ("1 Gb/s", "50 us")


def measure(make, results, seconds, rate=None, tcp=True):
    tunnel = make()
    try:
        agents = getattr(tunnel, "agents", None)
        load.ping(tunnel.address, 20)
        results.add(tunnel.name, **load.ping(tunnel.address, 300))
        if not tcp:
            return
        server = load.TcpServer(tunnel.address)
        results.add(tunnel.name, one_gbps=load.tcp(tunnel.address, seconds) / 1e9)
        before = [agents.link(n) for n in "ab"] if agents else []
        watch = cpu.Watch(tunnel.pids)
        eight = load.tcp(tunnel.address, seconds, 8)
        results.add(tunnel.name, eight_gbps=eight / 1e9, **watch.read())
        if agents:
            late = [lateness(b, agents.link(n)) for b, n in zip(before, "ab")]
            worst = {key: max(l[key] for l in late) for key in ("missed_percent", "late_percent", "late_p999_us")}
            results.add(tunnel.name, of_rate=100 * eight / (rate * 1e9), **worst)
        forward, back = load.tcp(tunnel.address, seconds, 4, both_ways=True)
        results.add(tunnel.name, both_gbps=min(forward, back) / 1e9)
        busy = load.start_tcp(tunnel.address, seconds, 4)
        pings = load.ping(tunnel.address, 100 * max(1, seconds - 1))
        results.add(tunnel.name, busy_ping_ms=pings["ping_ms"], busy_ping_p99_ms=pings["ping_p99_ms"])
        busy.wait()
        server.close()
    finally:
        tunnel.close()


def main(options):
    results = Results("tunnel", "Tunnels: constant rate, and without shaping", COLUMNS, plot="eight_gbps")
    makers = [(lambda: tunnels.Plain(False), None, True), (lambda: tunnels.Plain(True), None, True),
              (tunnels.WireGuard, None, True), (tunnels.OpenVpn, None, True),
              (lambda: tunnels.Cuttle(*QUICK), None, False)]
    makers += [(lambda r=r: tunnels.Cuttle(f"{r} Gb/s"), r, True) for r in options.rates or RATES_GBPS]
    makers += [(lambda r=rate, s=slot: tunnels.Cuttle(r, s), gbps, True) for rate, slot, gbps in FIXED]
    if options.before:
        program = cuttle_of(options.before)
        makers += [(lambda: tunnels.Cuttle(*QUICK, program=program), None, False)]
        makers += [(lambda r=rate, s=slot: tunnels.Cuttle(r, s, program=program), gbps, True) for rate, slot, gbps in FIXED]
    for number in range(options.rounds):
        for make, rate, tcp in makers:
            try:
                measure(make, results, options.seconds, rate, tcp)
                say(f"  round {number + 1} of {options.rounds}: {list(results.samples)[-1] if number == 0 else 'next'} done")
            except Missing as missing:
                results.note(str(missing))
            except RuntimeError as error:
                results.note(f"failed once: {str(error)[:200]}")
    judge(results)
    return results


def judge(results):
    wireguard = max(results.median("wireguard-go", key) or 0 for key in ("one_gbps", "eight_gbps"))
    carried = {}  # by rate, in the default shape
    best = 0
    for row in results.samples:
        missed, of_rate = results.median(row, "missed_percent"), results.median(row, "of_rate")
        if missed is None or "slots" in row or row.startswith("before"):
            continue
        rate = float(row.split()[1])
        carried[rate] = results.median(row, "eight_gbps")
        if missed < 0.1 and of_rate >= 94:
            best = max(best, rate)
    results.note(f"highest rate in the default shape, fewer than 0.1 % of the slots left out and eight streams at least 94 % of it: {best:g} Gb/s"
                 + (f", {best / wireguard:.2f} times wireguard-go" if wireguard else ""))
    results.check("that rate in Gb/s, against twice wireguard-go (three times, where a wake-up is cheap)", best, ">=", 2 * wireguard or None)
    above = [goodput for rate, goodput in carried.items() if best < rate <= 2 * best]
    results.check("goodput where up to twice that is asked for, Gb/s", min(above, default=None), ">=",
                  0.9 * max(carried.values()) if carried else None)
    quick = f"Cuttle {QUICK[0]}, {QUICK[1]} slots"
    for key, times, what in (("ping_ms", 1, "median"), ("ping_p99_ms", 2, "p99")):
        theirs = results.median("wireguard-go", key)
        results.check(f"ping in ms, {QUICK[1]} slots, {what}, against {times} times wireguard-go's", results.median(quick, key), "<=",
                      theirs and times * theirs)
