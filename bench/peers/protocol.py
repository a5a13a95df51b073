"""What every peer's process does: read requests from standard input, one JSON document a line, and answer each with one.

A request is {"op": "time" | "turns" | "latency" | "memory", "row": ROW, ...}, where ROW is a row of `longspan-bench --list --json`.
The first line that a process writes says who it is. An answer {"absent": REASON} says that a peer does not have a row.
"""

import json
import math
import os
import sys
import time

# Passes of a memory measurement; the peak of all of them counts.
PASSES = 3
WARM_UP_STEPS = 500


class Absent(Exception):
    """A row that the peer does not have."""


def timed(run, seconds: float, least: int) -> dict:
    """Runs once unmeasured, then until `seconds` have passed, but at least `least` times."""
    run()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < least:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    times.sort()
    return {"median_ms": 1e3 * quantile(times, 0.5), "min_ms": 1e3 * times[0], "repeats": len(times)}


def turns(runs: dict, seconds: float, least: int) -> dict:
    """Several ways to do the same, in turns: until `seconds` have passed for each, but at least `least` times."""
    for run in runs.values():
        run()
    times, end = {name: [] for name in runs}, time.perf_counter() + seconds * len(runs)
    while time.perf_counter() < end or len(next(iter(times.values()))) < least:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {f"{name}_ms": 1e3 * quantile(sorted(taken), 0.5) for name, taken in times.items()}


def latency(step, count: int) -> dict:
    """The 50th and 99th percentile of single steps."""
    for _ in range(WARM_UP_STEPS):
        step()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    times.sort()
    return {"p50_us": 1e6 * quantile(times, 0.5), "p99_us": 1e6 * quantile(times, 0.99)}


def memory(build, row: dict) -> dict:
    """What is resident at a step's peak beside its weights and data, in a process that has done nothing else.

    `build(row)` gives (run, bytes of weights and data). The smallest shape runs first, so that code and thread pools are
    loaded; the base is taken before model and data exist, and their bytes are subtracted. So is the code that only this
    shape needs: `RssFile`.
    """
    build(smallest(row))[0]()
    base, code = status("VmRSS"), status("RssFile")
    run, loaded = build(row)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    for _ in range(PASSES):
        run()
    loaded += max(0, status("RssFile") - code)
    return {"memory_bytes": max(0, status("VmHWM") - base - loaded)}


def smallest(row: dict) -> dict:
    small = dict(row, steps=4, rows=4, input=16, hidden=16)
    if "vocabulary" in row:
        small["vocabulary"] = 16
    return small


def status(name: str) -> int:
    """A line of /proc/self/status in bytes."""
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith(name + ":"))
    return 1024 * int(line.split()[1])


def quantile(ordered: list, share: float) -> float:
    """The smallest number that has at least that share at or below it: as `longspan-bench` counts."""
    return ordered[max(1, math.ceil(share * len(ordered))) - 1]


def serve(name: str, version: str, stack=None, step=None, stream=None, ragged=None) -> None:
    """Answers until standard input ends.

    `stack(row)` and `step(row)` give (run, bytes loaded), `stream(row)` a closure that reads one token, `ragged(row)` the ways
    to run over rows of many lengths, by name.
    """
    # What a library prints on standard output must not meet the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    builders = {"stack": stack, "step": step, "stream": stream, "ragged": ragged}

    def answer(document: dict) -> None:
        answers.write(json.dumps(document) + "\n")
        answers.flush()

    answer({"name": name, "version": version})
    last, built = None, None
    for line in sys.stdin:
        request = json.loads(line)
        row = request["row"]
        section = row["section"]
        if section == "memory":
            section = "step" if "optimizer" in row else "stack"
        build = builders[section]
        try:
            if build is None:
                raise Absent("not measured")
            if request["op"] == "memory":
                answer(memory(build, row))
                continue
            if last != row["name"]:
                # The rounds of a row follow each other; the model before is let go first.
                last, built = None, None
                last, built = row["name"], build(row)
            if request["op"] == "latency":
                answer(latency(built, request["count"]))
            elif request["op"] == "turns":
                answer(turns(built, request["seconds"], request["least"]))
            else:
                answer(timed(built[0], request["seconds"], request["least"]))
        except Absent as absent:
            answer({"absent": str(absent)})
