"""What a cell costs: nanoseconds by Google Benchmark, and instructions by callgrind, which repeat exactly."""

import json
import os
import re
import tempfile

from lib import programs
from lib.results import Results
from lib.shell import run, say

OURS = os.environ["BENCH_BUILD"] + "/bench/cells_bench"
COLUMNS = {
    "ns": ("ns a cell", "{:.0f}"),
    "of_bare": ("of bare AES-GCM", "{:.2f}"),
    "instructions": ("instructions a cell", "{:.0f}"),
}
COUNTED = 3400  # cells, a hundred slots


def instructions(program, name):
    """Of the measured part alone, a cell."""
    with tempfile.NamedTemporaryFile(prefix="cuttle-bench-") as out:
        text = run(programs.find("valgrind"), "--tool=callgrind", f"--callgrind-out-file={out.name}", "--collect-atstart=no",
                   "--toggle-collect=*measured_*", program, f"--benchmark_filter=^{name}/iterations:{COUNTED}$", limit=300,
                   env={**os.environ, "CUTTLE_BENCH_CELLS": str(COUNTED)}, check=False)
        with open(out.name, encoding="utf-8") as file:
            total = re.search(r"^(?:summary|totals): (\d+)", file.read(), re.MULTILINE)
    if not total:
        raise RuntimeError("callgrind: " + text[-200:])
    return int(total.group(1)) / COUNTED


def main(options):
    results = Results("cells", "Cells: pack and seal, open and reassemble", COLUMNS, plot="ns")
    programs_of = {"": OURS}  # by what their rows' names begin with
    if options.before:
        programs_of["before: "] = programs.cells_of(options.before)
    for number in range(options.rounds):
        for prefix, program in programs_of.items():
            text = run(program, "--benchmark_format=json", f"--benchmark_min_time={0.1 * options.seconds:.1f}", limit=600)
            times = {b["name"]: b["real_time"] for b in json.loads(text)["benchmarks"]}
            for name, ns in times.items():
                backend = name.split("/")[1]
                bare = times[("bare_seal/" if "seal" in name else "bare_open/") + backend]
                results.add(prefix + name, ns=ns, of_bare=ns / bare)
        say(f"  round {number + 1} of {options.rounds} done")
    for row in list(results.samples):
        prefix = next(p for p in reversed(programs_of) if row.startswith(p))
        try:
            results.add(row, instructions=instructions(programs_of[prefix], row[len(prefix):]))
        except programs.Missing as missing:
            results.note(str(missing))
            break
        except RuntimeError as error:
            results.note(str(error))
    for name in results.samples:
        if name.endswith("ipsec-mb/65535") and not name.startswith("before: "):
            results.check(name + ", times the bare AES-GCM", results.median(name, "of_bare"), "<=", 1.6)
    return results
