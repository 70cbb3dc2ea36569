"""Programs that only the comparison needs. One that is not to be had is left out, with a sentence that says so."""

import glob
import os
import shutil
import subprocess

from lib.shell import run


class Missing(Exception):
    pass


def find(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"left out: {name} is not installed (apt-get install {name})")
    return path


def cuttle_of(tree):
    return f"{tree}/build/bench/src/cuttle/cuttle"


def cells_of(tree):
    return f"{tree}/build/bench/bench/cells_bench"


# Debian 12's wireguard-go, of 2022, is slower than Debian 13's, whose program runs on Debian 12 as it is. It is
# taken from the archive that this machine already uses, by an apt of its own that changes nothing of the machine's.
_SUITE = "trixie"
_CACHE = os.path.expanduser("~/.cache/cuttle-bench")


def wireguard_go():
    find("wg")
    have = glob.glob(f"{_CACHE}/wireguard-go/usr/bin/wireguard-go")
    if have:
        return have[0]
    try:
        return _download()
    except (RuntimeError, subprocess.TimeoutExpired, OSError) as error:
        raise Missing(f"left out: wireguard-go cannot be had from {_SUITE} ({str(error)[:120]})") from None


def _archive():
    """The address and the keys of the Debian archive in this machine's own configuration."""
    text = ""
    for name in glob.glob("/etc/apt/sources.list.d/*.sources") + glob.glob("/etc/apt/sources.list.d/*.list") + ["/etc/apt/sources.list"]:
        if os.path.exists(name):
            with open(name, encoding="utf-8") as file:
                text += file.read() + "\n"
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] in ("URIs:", "deb"):
            address = next((w for w in words if "://" in w), "")
            if address.rstrip("/").endswith("/debian"):
                return address
    raise RuntimeError("no Debian archive in this machine's apt configuration")


def _download():
    state = f"{_CACHE}/apt"
    for folder in ("lists/partial", "cache/archives/partial", "etc"):
        os.makedirs(f"{state}/{folder}", exist_ok=True)
    with open(f"{state}/sources.list", "w", encoding="utf-8") as file:
        file.write(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {_archive()} {_SUITE} main\n")
    open(f"{state}/status", "a", encoding="utf-8").close()
    options = ["-o", f"Dir::State::Lists={state}/lists", "-o", f"Dir::Cache={state}/cache", "-o", f"Dir::State::status={state}/status",
               "-o", f"Dir::Etc::SourceList={state}/sources.list", "-o", f"Dir::Etc::SourceParts={state}/etc",
               "-o", "APT::Sandbox::User=root"]
    run("apt-get", *options, "update", limit=180)
    run("apt-get", *options, "download", "wireguard-go", limit=120, cwd=_CACHE)
    package = glob.glob(f"{_CACHE}/wireguard-go_*.deb")[0]
    run("dpkg-deb", "-x", package, f"{_CACHE}/wireguard-go")
    return f"{_CACHE}/wireguard-go/usr/bin/wireguard-go"
