"""Two namespaces, plain TCP, Cuttle at increasing constant rates in both directions at once, and tunnels that shape
nothing: goodput, CPU, ping."""

from lib import cpu, load, tunnels
from lib.agents import lateness
from lib.programs import Missing
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
RATES_GBPS = (1, 2, 4, 6, 7, 7.5, 7.75, 8)
# Above this, slots as long as can be: fewer wake-ups.
HIGH_GBPS = 7
MOST_CELLS = 255  # in a slot; 1,500 octets each


def slot_for(gbps):
    return f"{int(MOST_CELLS * 12 / gbps)} us" if gbps > HIGH_GBPS else "200 us"


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
              (lambda: tunnels.Cuttle("1 Gb/s", "50 us"), None, False)]
    makers += [(lambda r=r: tunnels.Cuttle(f"{r} Gb/s", slot_for(r)), r, True)
               for r in options.rates or RATES_GBPS]
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
    best = 0
    for row in results.samples:
        missed, of_rate = results.median(row, "missed_percent"), results.median(row, "of_rate")
        if missed is not None and missed < 0.1 and of_rate >= 94:
            best = max(best, float(row.split()[1]))
    results.check("highest rate, both directions at once (Gb/s), fewer than 0.1 % of the slots left out, eight streams at "
                  "least 94 % of it, against 2.5 times wireguard-go", best, ">=", 2.5 * wireguard or None)
    results.check("ping in ms, 50 us slots, against wireguard-go's", results.median("Cuttle 1 Gb/s, 50 us slots", "ping_ms"), "<=",
                  results.median("wireguard-go", "ping_ms"))
