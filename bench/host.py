"""A link between two real hosts, this one and one that ssh reaches as root: what the path itself carries, then Cuttle in its
default shape at rising rates until a rate does not hold.

Only addresses of its own (198.18.127.1 and .2, RFC 2544's) go through the link; the hosts' other traffic, ssh included, is not
touched. Both agents end by themselves when nobody ends them, and everything they set up is taken away."""

import json
import os
import shlex
import tempfile
import time

from lib import cpu, load, spaces
from lib.agents import lateness
from lib.results import Results
from lib.shell import run, say, wait_for

CUTTLE = os.environ["CUTTLE"]
INNER = {"a": "198.18.127.1", "b": "198.18.127.2"}
PORT, TABLE, PREFERENCE = 4471, 4471, 91
RATES_GBPS = (0.2, 1, 2, 5, 10, 20, 40)
COLUMNS = {
    "ping_ms": ("ping ms", "{:.3f}"),
    "ping_p99_ms": ("p99", "{:.3f}"),
    "eight_gbps": ("eight streams Gb/s", "{:.2f}"),
    "of_rate": ("of the rate %", "{:.1f}"),
    "both_gbps": ("both ways, each Gb/s", "{:.2f}"),
    "missed_percent": ("slots left out %", "{:.3f}"),
    "late_p99_us": ("late p99 us", "{:.0f}"),
    "idle_cores": ("cores here, idle", "{:.2f}"),
    "busy_cores": ("busy", "{:.2f}"),
}


def arguments(parser):
    """Of `./run bench host`."""
    parser.add_argument("--other", metavar="root@HOST", help="host: the other host, as ssh reaches it without a password")
    parser.add_argument("--addresses", nargs=2, metavar=("HERE", "THERE"), help="host: the addresses that cells go between")


class Link:
    """An agent on either host. The other one's files are in a folder of the same name there."""

    def __init__(self, rate, addresses, limit):
        self.addresses = dict(zip("ab", addresses))
        self.folder = tempfile.TemporaryDirectory(prefix="cuttle-bench-host-")
        self.there = run(*spaces.inside("b", "mktemp", "-d", "/tmp/cuttle-bench-host-XXXXXX")).strip()
        self.programs = {"a": CUTTLE, "b": "cuttle"}
        self.processes = {}
        self.has_address = []
        try:
            keys = {node: run(CUTTLE, "genkey").strip() for node in "ab"}
            for node, peer in ("ab", "ba"):
                self.write(node, "key", keys[node] + "\n")
                self.write(node, "toml", self.configuration(node, peer, rate, run(CUTTLE, "pubkey", input=keys[peer]).strip()))
                run(*spaces.inside(node, "ip", "addr", "add", INNER[node] + "/32", "dev", "lo"))
                self.has_address.append(node)
            for node in "ab":
                # Nobody may be left to end it: it ends by itself.
                self.processes[node] = spaces.start_inside(node, "timeout", limit, self.programs[node], "up", "--config",
                                                           self.path(node, "toml"), log=os.path.join(self.folder.name, node + ".log"))
            wait_for(lambda: all(self.link(node).get("state") == "up" for node in "ab"), 40, "the link to come up: " + self.logs())
        except RuntimeError as error:
            said = f"{error} {self.logs()}"
            self.close()
            raise RuntimeError(said) from None
        except BaseException:  # an interrupt, too
            self.close()
            raise

    def path(self, node, ending):
        return os.path.join(self.folder.name if node == "a" else self.there, f"{node}.{ending}")

    def write(self, node, ending, text):
        script = f"umask 077; cat >{shlex.quote(self.path(node, ending))}"
        run(*spaces.inside(node, "sh", "-c", script), input=text)

    def configuration(self, node, peer, rate, key):
        return f"""[node]
name = "bench-{node}"
private_key_file = "{self.path(node, "key")}"
listen = "{self.addresses[node]}:{PORT}"
addresses = ["{INNER[node]}"]
route_table = {TABLE}
rule_preference = {PREFERENCE}
control_socket = "{self.path(node, "sock")}"
[shape]
rate = "{rate}"
[[peer]]
name = "bench-{peer}"
public_key = "{key}"
endpoint = "{self.addresses[peer]}:{PORT}"
redirect = ["{INNER[peer]}"]
"""

    def link(self, node):
        text = run(*spaces.inside(node, self.programs[node], "status", "--socket", self.path(node, "sock"), "--json"), check=False)
        return ((json.loads(text).get("links") if text.startswith("{") else None) or [{}])[0]

    def logs(self):
        lines = []
        for node in "ab":
            log = os.path.join(self.folder.name, node + ".log")
            if os.path.exists(log):
                with open(log, encoding="utf-8", errors="replace") as file:
                    lines += [line.strip() for line in file.readlines()[-2:]]
        return " / ".join(lines)

    def close(self):
        for node, process in self.processes.items():
            spaces.stop_inside(process, 15)
            run(*spaces.inside(node, self.programs[node], "down", "--config", self.path(node, "toml")), check=False, limit=60)
        for node in self.has_address:
            run(*spaces.inside(node, "ip", "addr", "del", INNER[node] + "/32", "dev", "lo"), check=False)
        run(*spaces.inside("b", "rm", "-rf", self.there), check=False)
        self.folder.cleanup()


def measure_path(results, address, seconds):
    server = load.TcpServer(address)
    try:
        results.add("the path itself", **pings(address), eight_gbps=load.tcp(address, seconds, 8) / 1e9)
        forward, back = load.tcp(address, seconds, 4, both_ways=True)
        results.add("the path itself", both_gbps=min(forward, back) / 1e9)
    finally:
        server.close()


def pings(address):
    found = load.ping(address, 200)
    return {key: found[key] for key in ("ping_ms", "ping_p99_ms")}


def measure(results, row, rate_gbps, addresses, seconds):
    link = Link(f"{rate_gbps * 1000:g} Mb/s", addresses, 10 * seconds + 120)
    try:
        agent = int(run("pgrep", "-P", link.processes["a"].pid).split()[0])
        helpers = [int(pid) for pid in run("pgrep", "-P", agent, check=False).split()]
        watch = cpu.Watch([agent, *helpers])
        time.sleep(seconds)
        results.add(row, idle_cores=watch.read()["cores_processes"], **pings(INNER["b"]))
        server = load.TcpServer(INNER["b"])
        try:
            before, watch = link.link("a"), cpu.Watch([agent, *helpers])
            eight = load.tcp(INNER["b"], seconds, 8)
            late = lateness(before, link.link("a"))
            forward, back = load.tcp(INNER["b"], seconds, 4, both_ways=True)
            results.add(row, eight_gbps=eight / 1e9, of_rate=eight / rate_gbps / 1e7, both_gbps=min(forward, back) / 1e9,
                        busy_cores=watch.read()["cores_processes"],
                        **{key: late[key] for key in ("missed_percent", "late_p99_us")})
        finally:
            server.close()
        return eight / rate_gbps / 1e7 >= 94 and late["missed_percent"] < 0.1
    finally:
        link.close()


def main(options):
    if not options.other or not options.addresses:
        raise RuntimeError("say which hosts: ./run bench host --other root@osd1 --addresses 10.0.0.1 10.0.0.2")
    spaces.use_hosts(options.other)
    run(*spaces.inside("b", "true"))  # or ssh says why not
    for program in ("iperf3", "ip", "ss", "timeout"):
        for node in "ab":
            if not run(*spaces.inside(node, "sh", "-c", f"command -v {program}"), check=False):
                raise RuntimeError(f"{program} is missing on {'this host' if node == 'a' else options.other}")
    if not run(*spaces.inside("b", "sh", "-c", "command -v cuttle"), check=False):
        raise RuntimeError(f"{options.other} has no cuttle; install the package there")
    results = Results("host", f"This host and {options.other}: default shape", COLUMNS, plot="eight_gbps")
    for number in range(options.rounds):
        measure_path(results, options.addresses[1], options.seconds)
        best = 0
        for rate in options.rates or RATES_GBPS:
            if not measure(results, f"Cuttle {rate:g} Gb/s", rate, options.addresses, options.seconds):
                break
            best = rate
            say(f"  round {number + 1} of {options.rounds}: {rate:g} Gb/s holds")
        results.note(f"round {number + 1}: the highest of these rates that holds, 94 % of it for eight streams and fewer than 0.1 % of the slots left out: {best:g} Gb/s")
    return results
