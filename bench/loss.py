"""Goodput while the path loses cells: with the adaptation of packet sizes, and with sizes held."""

import math

from lib import load, spaces, tunnels
from lib.results import Results
from lib.shell import run, say

LOSSES = (0, 0.01, 0.1, 1)
# Inner packets held at a size by the interface's limit on segmentation offload; None: as the agent chooses.
SIZES = (None, 65535, 16384, 4096, 1500)
RATE_MBPS = 500


def lose(percent):
    """Datagrams that enter either node, one in so many at random."""
    if percent == 0:
        return
    modulus = 100_000
    for node in spaces.NODES:
        run(*spaces.inside(node, "nft", f"""table inet loss {{
chain in {{
type filter hook prerouting priority -300;
udp dport 4410 numgen random mod {modulus} < {math.ceil(modulus * percent / 100)} drop
}}
}}
"""))


def hold(size):
    for node in spaces.NODES:
        peer = "b" if node == "a" else "a"
        run("ip", "-n", spaces.space(node), "link", "set", f"ct-{peer}", "gso_max_size", size)


def main(options):
    columns = {f"loss_{l}": (f"Mb/s at {l} %", "{:.0f}") for l in LOSSES}
    results = Results("loss", f"Loss: TCP goodput of a {RATE_MBPS} Mb/s link, four streams", columns, plot="loss_0.1")
    for number in range(options.rounds):
        for size in SIZES:
            for loss in LOSSES:
                tunnel = tunnels.Cuttle(f"{RATE_MBPS} Mb/s")  # in the default shape
                try:
                    spaces.ordinary_frames()
                    lose(loss)
                    if size:
                        hold(size)
                    server = load.TcpServer(tunnel.address)
                    load.tcp(tunnel.address, 1, 4)  # so that the link has noticed
                    name = f"packets of at most {size}" if size else "as the agent chooses"
                    results.add(name, **{f"loss_{loss}": load.tcp(tunnel.address, options.seconds, 4) / 1e6})
                    server.close()
                finally:
                    tunnel.close()
            say(f"  round {number + 1} of {options.rounds}: packets of {size or 'any size'} done")
    return results
