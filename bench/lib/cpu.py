"""CPU time: of a process with all its threads, and of the whole machine."""

import os
import time

TICK = os.sysconf("SC_CLK_TCK")


def process_seconds(pid):
    try:
        with open(f"/proc/{pid}/schedstat", encoding="utf-8"):
            pass
        total = 0
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="utf-8") as file:
                total += int(file.read().split()[0])
        return total / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def machine_seconds():
    """Time in which a CPU was not idle, of all CPUs together."""
    with open("/proc/stat", encoding="utf-8") as file:
        fields = [int(x) for x in file.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


def memory_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


def keep_awake():
    """While this file is open no CPU of the machine sleeps (Linux, PM QoS)."""
    device = open("/dev/cpu_dma_latency", "wb", buffering=0)
    device.write((0).to_bytes(4, "little"))
    return device


class Watch:
    """Cores used from its making until read()."""

    def __init__(self, pids=()):
        self.pids = list(pids)
        self.began = time.monotonic()
        self.machine = machine_seconds()
        self.processes = sum(map(process_seconds, self.pids))

    def read(self):
        seconds = time.monotonic() - self.began
        return {
            "cores_processes": (sum(map(process_seconds, self.pids)) - self.processes) / seconds,
            "cores_machine": (machine_seconds() - self.machine) / seconds,
        }
