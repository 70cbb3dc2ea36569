"""What Cuttle is compared with. Each is made by a function that returns an object with: name, address (of b, inside),
pids of its processes, close()."""

import os
import tempfile

from lib import programs, spaces
from lib.agents import Agents
from lib.shell import run, start, stop, wait_for

INNER = {"a": "10.98.0.1", "b": "10.98.0.2"}


class Plain:
    def __init__(self, ordinary):
        self.name = "plain TCP, 1,500-byte packets" if ordinary else "plain TCP"
        self.address = spaces.ADDRESS["b"]
        self.pids = []
        spaces.make()
        if ordinary:
            spaces.ordinary_frames()

    def close(self):
        spaces.remove()


class Cuttle:
    def __init__(self, rate, slot=None, **more):
        """Without a slot the product's default shape. With a program, that one of before a change."""
        self.name = ("before: " if "program" in more else "") + f"Cuttle {rate}" + (f", {slot} slots" if slot else "")
        self.name += f", {more['lanes']} lanes" if more.get("lanes", 1) > 1 else ""
        self.address = spaces.ADDRESS["b"]
        spaces.make()
        self.agents = Agents(rate, slot, **more)
        self.pids = self.agents.pids()

    def close(self):
        self.agents.close()
        spaces.remove()


class _WithProcesses:
    """Tunnels with an inner network of their own, and a process on each node."""

    def __init__(self):
        self.address = INNER["b"]
        self.folder = tempfile.TemporaryDirectory(prefix="cuttle-bench-")
        self.processes = []
        spaces.make()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    @property
    def pids(self):
        return [p.pid for p in self.processes]

    def answers(self):
        return run(*spaces.inside("a", "ping", "-c1", "-W1", self.address), check=False).find(" 1 received") >= 0

    def close(self):
        for process in self.processes:
            stop(process)
        spaces.remove()
        self.folder.cleanup()


class WireGuard(_WithProcesses):
    name = "wireguard-go"

    def __init__(self):
        program = programs.wireguard_go()
        super().__init__()
        os.umask(0o077)
        keys = {node: run("wg", "genkey") for node in spaces.NODES}
        public = {node: run("wg", "pubkey", input=keys[node]).strip() for node in spaces.NODES}
        for node in spaces.NODES:
            # Two names, because the control sockets of both share a folder.
            link = f"{spaces.NAME}{node}"[-14:]
            with open(self.path(node), "w", encoding="utf-8") as file:
                file.write(keys[node])
            self.processes.append(start(*spaces.inside(node, program, "-f", link), log=self.path("log"),
                                        env={**os.environ, "WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD": "1",
                                             "LOG_LEVEL": "error"}))
            wait_for(lambda n=node, l=link: l in run("ip", "-n", spaces.space(n), "-o", "link"), 10, "wireguard-go")
            peer = "b" if node == "a" else "a"
            run(*spaces.inside(node, "wg", "set", link, "private-key", self.path(node), "listen-port", 51820,
                               "peer", public[peer], "allowed-ips", INNER[peer] + "/32",
                               "endpoint", spaces.ADDRESS[peer] + ":51820"))
            run("ip", "-n", spaces.space(node), "addr", "add", INNER[node], "peer", INNER[peer], "dev", link)
            run("ip", "-n", spaces.space(node), "link", "set", link, "up", "mtu", 1420)
        wait_for(self.answers, 20, "wireguard-go to carry a ping")


class OpenVpn(_WithProcesses):
    name = "OpenVPN, AES-256-GCM"

    def __init__(self):
        program = programs.find("openvpn")
        super().__init__()
        prints = {}
        for node in spaces.NODES:
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 1,
                "-subj", "/CN=" + node, "-keyout", self.path(node + ".key"), "-out", self.path(node + ".crt"))
            prints[node] = run("openssl", "x509", "-in", self.path(node + ".crt"), "-noout", "-sha256",
                               "-fingerprint").strip().split("=")[1]
        for node, peer in (("b", "a"), ("a", "b")):
            words = [program, "--dev", "tun", "--proto", "udp", "--local", spaces.ADDRESS[node], "--port", 1194,
                     "--remote", spaces.ADDRESS[peer], 1194, "--ifconfig", INNER[node], INNER[peer],
                     "--cert", self.path(node + ".crt"), "--key", self.path(node + ".key"),
                     "--peer-fingerprint", prints[peer], "--data-ciphers", "AES-256-GCM", "--verb", 1]
            words += ["--tls-server", "--dh", "none"] if node == "b" else ["--tls-client"]
            self.processes.append(start(*spaces.inside(node, *words), log=self.path("log")))
        wait_for(self.answers, 30, "OpenVPN to carry a ping")
