"""Many links on one node: what 500 peers cost. One agent has the links; what is shown is its own. The other ends have a
key and an address each and share one process."""

import json
import os
import tempfile
import time

from lib import cpu, spaces
from lib.agents import CUTTLE, lateness
from lib.results import Results
from lib.shell import run, say, start, stop

COLUMNS = {
    "cores": ("cores", "{:.2f}"),
    "mib_a_link": ("MiB a link", "{:.2f}"),
    "up": ("links up", "{:.0f}"),
    "missed_percent": ("slots left out %", "{:.3f}"),
    "late_p99_us": ("late p99 us", "{:.0f}"),
    "start_s": ("all up after s", "{:.0f}"),
}
COUNTS = (1, 10, 100, 500)
RATE = "1 Mb/s"
SLOT = "12 ms"  # one cell
# Real peers know nothing of each other's slots; with jitter, those of one process do not either.
ENDS = "jitter = 100\n[runtime]\nrealtime = false\n"
ENDS_PROGRAM = os.environ["BENCH_BUILD"] + "/bench/link_ends"


def address(i):
    return f"10.100.{i // 250}.{i % 250 + 1}"


class Star:
    """One agent with `count` links, in node a. The other ends, in b, have a key and an address each; one program
    (link_ends) is all of them."""

    def __init__(self, count):
        self.count = count
        self.folder = tempfile.TemporaryDirectory(prefix="cuttle-bench-")
        os.umask(0o077)
        spaces.make()
        addresses = "".join(f"addr add {address(i)}/32 dev u0\n" for i in range(count))
        run("ip", "-n", spaces.space("b"), "-batch", "-", input=addresses)
        run("ip", "-n", spaces.space("a"), "route", "add", "10.100.0.0/16", "dev", "u0")
        hub_key = run(CUTTLE, "genkey")
        hub = run(CUTTLE, "pubkey", input=hub_key).strip()
        self._write("hub.key", hub_key)
        text = self._node("hub", spaces.ADDRESS["a"])
        for i in range(count):
            key = run(CUTTLE, "genkey")
            self._write(f"e{i}.key", key)
            text += self._peer(f"e{i}", run(CUTTLE, "pubkey", input=key).strip(), address(i), address(i))
            # All interfaces are in one namespace, so each peer has a name of its own.
            self._write(f"e{i}.toml", self._node(f"e{i}", address(i), ENDS) +
                        self._peer(f"hub{i}", hub, spaces.ADDRESS["a"], spaces.ADDRESS["a"]))
        self._write("hub.toml", text)
        self.hub = start(*spaces.inside("a", CUTTLE, "up", "--config", self.path("hub.toml")), log=self.path("hub.log"))
        self.ends = start(*spaces.inside("b", ENDS_PROGRAM, *(self.path(f"e{i}.toml") for i in range(count))),
                          log=self.path("ends.log"))

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def _write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def _node(self, name, listen, more=""):
        return f"""[node]
name = "{name}"
private_key_file = "{self.path(name + '.key')}"
listen = "{listen}:4410"
control_socket = "{self.path(name + '.sock')}"
[shape]
rate = "{RATE}"
slot = "{SLOT}"
{more}"""

    @staticmethod
    def _peer(name, key, endpoint, redirect):
        return f"""[[peer]]
name = "{name}"
public_key = "{key}"
endpoint = "{endpoint}:4410"
redirect = ["{redirect}"]
"""

    def links(self):
        text = run(CUTTLE, "status", "--socket", self.path("hub.sock"), "--json", check=False)
        return json.loads(text)["links"] if text else []

    def up(self):
        return sum(link["state"] == "up" for link in self.links())

    def close(self):
        for process in (self.ends, self.hub):
            stop(process)
        spaces.remove()
        self.folder.cleanup()


def measure(count, seconds, results):
    began = time.monotonic()
    star = Star(count)
    try:
        while star.up() < count and time.monotonic() - began < 120:
            time.sleep(0.5)
        took = time.monotonic() - began
        time.sleep(2)
        before = star.links()
        watch = cpu.Watch([star.hub.pid])
        time.sleep(seconds)
        used = watch.read()
        late = [lateness(b, a) for b, a in zip(before, star.links())]
        results.add(f"Cuttle, {count} links at {RATE}", cores=used["cores_processes"], up=star.up(), start_s=took,
                    mib_a_link=cpu.memory_mib(star.hub.pid) / count,
                    missed_percent=sum(l["missed_percent"] for l in late) / count,
                    late_p99_us=max(l["late_p99_us"] for l in late))
    finally:
        star.close()


def main(options):
    results = Results("links", f"Links of one node, {RATE} each, {SLOT} slots", COLUMNS, plot="cores")
    for number in range(options.rounds):
        for count in options.counts or COUNTS:
            try:
                measure(count, options.seconds, results)
            except RuntimeError as error:
                results.note(f"{count} links: failed once: {str(error)[:200]}")
            say(f"  round {number + 1} of {options.rounds}: {count} links done")
    many = f"Cuttle, {COUNTS[-1]} links at {RATE}"
    results.check(f"cores with {COUNTS[-1]} links", results.median(many, "cores"), "<=", 1)
    results.check("MiB a link", results.median(many, "mib_a_link"), "<=", 1)
    return results
