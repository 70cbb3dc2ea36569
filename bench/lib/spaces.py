"""Two network namespaces, a and b, joined by one veth pair; nothing of it shows in the machine's own network."""

import atexit
import os
import signal

from lib.shell import run

NAME = f"ctb-{os.getpid()}"
ADDRESS = {"a": "10.99.0.1", "b": "10.99.0.2"}
NODES = ("a", "b")


def space(node):
    return f"{NAME}-{node}"


def inside(node, *words):
    """The words that run a command in a node."""
    return ("ip", "netns", "exec", space(node), *words)


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


def remove():
    """With every process that is still in them: iperf3 can outlive the command that started it, and spin."""
    for node in NODES:
        if os.path.exists(f"/run/netns/{space(node)}"):
            for pid in run("ip", "netns", "pids", space(node), check=False).split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            run("ip", "netns", "del", space(node), check=False)


atexit.register(remove)
