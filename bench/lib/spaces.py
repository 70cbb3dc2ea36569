"""The two nodes, a and b: network namespaces joined by one veth pair, so that nothing shows in the machine's own network;
or, where a benchmark says so, this host and one that ssh reaches."""

import atexit
import os
import shlex
import signal
import subprocess

from lib.shell import run, start, stop

NAME = f"ctb-{os.getpid()}"
ADDRESS = {"a": "10.99.0.1", "b": "10.99.0.2"}
NODES = ("a", "b")
_other_host = None  # what ssh calls it
_cable = None  # the process of make_with_cable
_ids = {}  # files on the other host with the ids of what was started there


def space(node):
    return f"{NAME}-{node}"


def use_hosts(other):
    """a is this host from now on, b the other one."""
    global _other_host
    _other_host = other


def inside(node, *words):
    """The words that run a command in a node."""
    if _other_host:
        quick = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", _other_host)
        return words if node == "a" else (*quick, shlex.join(str(word) for word in words))
    return ("ip", "netns", "exec", space(node), *words)


def start_inside(node, *words, log=None):
    """Starts a process in a node; stop_inside() ends it."""
    if not _other_host or node == "a":
        return start(*inside(node, *words), log=log)
    # The end of ssh is not that of what it started.
    file = f"/run/{NAME}-{len(_ids)}.pid"  # where no other user can have prepared it
    script = f"echo $$ >{file}; exec {shlex.join(str(word) for word in words)}"
    process = start(*inside(node, "sh", "-c", script), log=log)
    _ids[process] = file
    return process


def stop_inside(process, limit=10):
    file = _ids.get(process)
    if file:
        run(*inside("b", "sh", "-c", f"kill $(cat {file}); rm -f {file}"), check=False)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            pass
    stop(process, limit)


def make(mtu=1500):
    remove()
    for node in NODES:
        run("ip", "netns", "add", space(node))
        run("ip", "-n", space(node), "link", "set", "lo", "up")
        run(*inside(node, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                    "net.ipv6.conf.default.disable_ipv6=1"))
    run("ip", "link", "add", "u0", "netns", space("a"), "mtu", mtu, "type", "veth",
        "peer", "name", "u0", "netns", space("b"), "mtu", mtu)
    for node in NODES:
        run("ip", "-n", space(node), "addr", "add", ADDRESS[node] + "/24", "dev", "u0")
        run("ip", "-n", space(node), "link", "set", "u0", "up")


def ordinary_frames():
    """No packet longer than the MTU crosses the veth: what a network card without offloads would see."""
    for node in NODES:
        run(*inside(node, "ethtool", "-K", "u0", "tso", "off", "gso", "off", "gro", "off", "tx-udp-segmentation", "off"))


def make_with_cable(program, *options):
    """The two nodes, and between them a space m with a cable that misbehaves (tests/tools/impair.cc)."""
    global _cable
    make()
    run("ip", "-n", space("a"), "link", "del", "u0")
    run("ip", "netns", "add", space("m"))
    for node in NODES:
        run("ip", "link", "add", "u0", "netns", space(node), "type", "veth", "peer", "name", "m" + node, "netns", space("m"))
        run(*inside(node, "ethtool", "-K", "u0", "tx", "off"))  # whole checksums, as the cable hands frames on
        run("ip", "-n", space(node), "addr", "add", ADDRESS[node] + "/24", "dev", "u0")
        run("ip", "-n", space(node), "link", "set", "u0", "up")
        run("ip", "-n", space("m"), "link", "set", "m" + node, "up")
    ordinary_frames()
    _cable = start("ip", "netns", "exec", space("m"), "timeout", 120, program, "ma", "mb", *options)


def remove():
    """With every process that is still in them: iperf3 can outlive the command that started it, and spin."""
    global _cable
    if _cable:
        stop(_cable)
        _cable = None
    for node in (*NODES, "m"):
        if os.path.exists(f"/run/netns/{space(node)}"):
            for pid in run("ip", "netns", "pids", space(node), check=False).split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            run("ip", "netns", "del", space(node), check=False)


atexit.register(remove)
