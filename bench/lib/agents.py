"""Cuttle on both nodes of lib.spaces: configuration, start, status."""

import json
import os
import tempfile

from lib import cpu, spaces
from lib.shell import run, start, stop, wait_for

CUTTLE = os.environ["CUTTLE"]


def shape_lines(slot, shape):
    """Without a slot the product's default shape; with one fixed slots, unless `shape` says how they vary."""
    lines = [f'slot = "{slot}"'] if slot else []
    if slot and not any(key in shape for key in ("jitter", "scatter")):
        lines.append("jitter = 0")
    return "\n".join(lines + [shape])


class Agents:
    """Two agents and the link between them. Fixed slots are released by the agent's own thread: the quickest way,
    which tells how busy the host is."""

    def __init__(self, rate, slot=None, lanes=1, runtime="", shape="", up=(), own_cpus=True, program=CUTTLE):
        self.program = program
        self.folder = tempfile.TemporaryDirectory(prefix="cuttle-bench-")
        self.processes = {}
        os.umask(0o077)
        keys = {}
        for node in spaces.NODES:
            key = run(CUTTLE, "genkey")
            keys[node] = run(CUTTLE, "pubkey", input=key).strip()
            self._write(node + ".key", key)
        if slot and "release" not in runtime and "jitter" not in shape:
            runtime += '\nrelease = "thread"'
        usable = sorted(os.sched_getaffinity(0))
        for i, (node, peer) in enumerate((("a", "b"), ("b", "a"))):
            # Both nodes are on one machine. Each pacer keeps to a CPU of its own, as on two machines it would.
            cpus = f"cpus = [{usable[i]}]" if own_cpus and len(usable) > 1 else ""
            self._write(node + ".toml", f"""[node]
name = "{node}"
private_key_file = "{self.folder.name}/{node}.key"
listen = "{spaces.ADDRESS[node]}:4410"
control_socket = "{self.folder.name}/{node}.sock"
[shape]
rate = "{rate}"
{shape_lines(slot, shape)}
[runtime]
{cpus}
{runtime}
[[peer]]
name = "{peer}"
public_key = "{keys[peer]}"
endpoint = "{spaces.ADDRESS[peer]}:4410"
redirect = ["{spaces.ADDRESS[peer]}"]
lanes = {lanes}
""")
        for node in spaces.NODES:
            self.processes[node] = start(*spaces.inside(node, program, "up", "--config", self.path(node + ".toml"), *up),
                                         log=self.path(node + ".log"))
        try:
            wait_for(lambda: all(self.link(n).get("state") == "up" for n in spaces.NODES), 30, "the link to come up")
        except RuntimeError as error:
            text = str(error) + ": " + self._log_tail()
            self.close()
            raise RuntimeError(text) from None

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def _write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def _log_tail(self):
        lines = []
        for node in spaces.NODES:
            with open(self.path(node + ".log"), encoding="utf-8") as file:
                lines += file.readlines()[-2:]
        return " / ".join(line.strip() for line in lines)

    def status(self, node):
        text = run(self.program, "status", "--socket", self.path(node + ".sock"), "--json", check=False)
        return json.loads(text) if text else {}

    def link(self, node):
        links = self.status(node).get("links") or [{}]
        return links[0]

    def pids(self):
        return [p.pid for p in self.processes.values()]

    def cpu_seconds(self):
        return sum(cpu.process_seconds(pid) for pid in self.pids())

    def close(self):
        for process in self.processes.values():
            stop(process)
        self.folder.cleanup()


def lateness(before, after):
    """What a link's slots did between two statuses: the shares left out and late (left out, or released more than
    100 us after the deadline), and the percentiles since the start (us)."""
    slots = (after["cells"]["sent"] - before["cells"]["sent"]) / after["shape"]["cells_per_slot"]
    missed = after["deadlines_missed"] - before["deadlines_missed"]
    behind = after["deadlines_late"] - before["deadlines_late"]
    late = after["lateness_ns"]
    return {
        "missed_percent": 100 * missed / max(1, slots + missed),
        "late_percent": 100 * (missed + behind) / max(1, slots + missed),
        "late_p50_us": late["p50"] / 1000,
        "late_p99_us": late["p99"] / 1000,
        "late_p999_us": late["p99.9"] / 1000,
    }
