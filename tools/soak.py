#!/usr/bin/env python3
"""Trains for hours beside an open dashboard, and says whether memory stays flat.

    tools/soak.py                                      two hours, target/release/longspan
    tools/soak.py --seconds 60 --program PROGRAM       a trial

Two runs with the same settings train side by side, with a checkpoint every second: one in a single process, one that is
interrupted and resumed again and again. Their learning rate is too high at first, so both rewind until it is not. Beside
them, short runs that rewind too begin one after another, and are removed. A client does what the page of `longspan serve`
does: it listens to the events and fetches the list and the documents of the runs. The resident memory of the process that
trains without a break and of the server is sampled.

It passes if

- the memory of both grows by less than the bound of each, over the time after the warm-up, by the slope of Theil and Sen
  (the median of the slopes between all pairs of samples; a peak does not move it);
- each process ends with the promised exit code, and every response of the server is complete;
- every run that should rewind did, and completed its steps;
- both runs, continued to the same step, have the same checkpoint, byte for byte.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

# Share of the time that belongs to the warm-up: caches and the first validation.
WARM_UP = 0.2
# Growth in MB over the time after the warm-up that still counts as flat. The server keeps documents of the runs, which
# grow with them.
BOUNDS = {"trainer": 4.0, "server": 16.0}
# Learning rates that overflow at first, and what follows.
REWIND = "--optimizer sgd --clip none --on-fault rewind --max-faults 200 --threads 1 --no-probe".split()
SETTINGS = REWIND + (
    "--task adding --length 60 --cell relu --hidden 256 --batch 32 --lr 1000 --seed 1 --observe full --observe-every 2 "
    "--eval-every 100 --checkpoint-every 1"
).split()
SHORT = REWIND + "--task adding --length 30 --cell relu --hidden 64 --lr 1000 --steps 300".split()


# Seconds until the server keeps as many records of the runs as it ever does. In a shorter trial, its memory grows with them, and
# only its peak is judged, in MB.
SETTLED, PEAK = 1800.0, 100.0


def train(program, run, steps, resume):
    """Starts a process that trains in the directory `run`."""
    command = [program, "train", "--out", run, "--steps", str(steps)] + (["--resume"] if resume else SETTINGS)
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def ended(process, expected):
    """Waits for a process, whose exit code must be `expected`. One run may have many steps to catch up with the other."""
    _, errors = process.communicate(timeout=3600)
    if process.returncode != expected:
        sys.exit(f"FAILED: {' '.join(process.args)} ended with {process.returncode}, not {expected}:\n{errors[-2000:]}")


def stop(process):
    """Interrupts a process that trains."""
    process.send_signal(signal.SIGINT)
    ended(process, 130)


def memory(process):
    """The resident memory of a process that is its own, in MB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 1024


def slope(samples):
    """The slope of Theil and Sen in MB per second."""
    step = max(1, len(samples) // 400)
    samples = samples[::step]
    pairs = [(b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(samples) for b in samples[i + 1 :] if b[0] > a[0]]
    return statistics.median(pairs)


class Client(threading.Thread):
    """A page of the dashboard: one connection for events, and a request for each document every second."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.requests, self.bytes, self.error, self.done = port, 0, 0, None, False

    def get(self, path):
        """Fetches a document."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        if response.status != 200:
            raise ValueError(f"{path}: {response.status} {body[:200]!r}")
        self.requests += 1
        self.bytes += len(body)
        return json.loads(body)

    def run(self):
        events = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        events.request("GET", "/api/events")
        events.getresponse()
        while not self.done:
            try:
                self.get("/api/runs")
                for name in ("steady", "resumed"):
                    self.get(f"/api/run?name={name}")
            except (OSError, ValueError, http.client.HTTPException) as error:
                self.error = self.error or error
            time.sleep(1)


class Rewinding(threading.Thread):
    """Trains one short run after another, each of which rewinds, and removes them."""

    def __init__(self, program, home):
        super().__init__(daemon=True)
        self.program, self.home = program, home
        self.runs, self.rewinds, self.error, self.done = 0, 0, None, False

    def run(self):
        while not (self.done or self.error):
            name = os.path.join(self.home, f"short-{self.runs}")
            command = [self.program, "train", "--out", name, "--seed", str(self.runs), *SHORT]
            result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                summary = json.loads(pathlib.Path(name, "summary.json").read_text())
                if result.returncode != 0 or summary["rewinds"] == 0:
                    raise ValueError(f"exit code {result.returncode}, {summary['rewinds']} rewinds")
                self.rewinds += summary["rewinds"]
            except (OSError, KeyError, ValueError) as error:
                self.error = f"{' '.join(command)}: {error}\n{result.stderr[-2000:]}"
                return
            self.runs += 1
            shutil.rmtree(name)
            time.sleep(5)


def rewinds_of(run):
    """How often a run went back."""
    return json.loads(pathlib.Path(run, "summary.json").read_text())["rewinds"]


def step_of(run):
    """The last step in the metrics of a run."""
    lines = pathlib.Path(run, "metrics.jsonl").read_text().splitlines()
    return max(json.loads(line).get("step", 0) for line in lines)


def verdict(name, samples, seconds):
    """Whether memory is flat, with its numbers."""
    late = [sample for sample in samples if sample[0] >= WARM_UP * seconds]
    if len(late) < 8:
        return print(f"{name}: too few samples, FAILED") or False
    span = late[-1][0] - late[0][0]
    growth, peak = slope(late) * span, max(mb for _, mb in samples)
    growing = name == "server" and seconds < SETTLED
    flat = peak < PEAK and (growing or growth < BOUNDS[name])
    print(
        f"{name}: {statistics.median(mb for _, mb in late):.1f} MB (median), {peak:.1f} MB (peak), growth {growth:+.2f} MB in "
        f"{span:.0f} s (bound {BOUNDS[name]:g} MB), {len(late)} samples, "
        + ("FAILED" if not flat else "its records still grow" if growing else "flat")
    )
    return flat


def soak(program, seconds, home):
    """Trains for so many seconds. Returns whether everything is as promised."""
    endless = 10**9
    runs = {name: os.path.join(home, name) for name in ("steady", "resumed")}
    server = subprocess.Popen([program, "serve", home, "--port", "0"], stderr=subprocess.PIPE, text=True)
    steady = resumed = None
    try:
        port = int(re.search(r":(\d+)/", server.stderr.readline())[1])
        # Its later lines are not read: the pipe takes them.
        steady = train(program, runs["steady"], endless, False)
        resumed = train(program, runs["resumed"], endless, False)
        time.sleep(min(5.0, seconds / 10))
        client, rewinding = Client(port), Rewinding(program, home)
        client.start()
        rewinding.start()
        began, again, resumes = time.monotonic(), max(5.0, seconds / 200), 0
        samples = {"trainer": [], "server": []}
        while (now := time.monotonic() - began) < seconds:
            for name, process in (("trainer", steady), ("server", server)):
                if process.poll() is not None:
                    sys.exit(f"FAILED: the {name} ended with {process.returncode}:\n{process.stderr.read()[-2000:]}")
                samples[name].append((now, memory(process)))
            if now > again * (resumes + 1):
                stop(resumed)
                resumed = train(program, runs["resumed"], endless, True)
                resumes += 1
            time.sleep(max(0.5, seconds / 2000))
        stop(steady)
        stop(resumed)
        client.done = rewinding.done = True
        client.join(timeout=60)
        rewinding.join(timeout=600)
        flat = [verdict(name, samples[name], seconds) for name in samples]
        last = max(map(step_of, runs.values())) + 5
        for run in runs.values():
            ended(train(program, run, last, True), 0)
        same = len({pathlib.Path(run, "checkpoints/last.safetensors").read_bytes() for run in runs.values()}) == 1
        print(f"{seconds} s, {last} steps, {resumes} resumes, {client.requests} responses, {client.bytes / 1e6:.0f} MB")
        print(f"checkpoints of both runs: {'equal' if same else 'FAILED: they differ'}")
        long = [rewinds_of(run) for run in runs.values()]
        print(f"{long[0]} and {long[1]} rewinds of these runs, {rewinding.rewinds} rewinds of {rewinding.runs} short runs")
        if client.error:
            print(f"server: FAILED: {client.error}")
        if rewinding.error:
            print(f"short run: FAILED: {rewinding.error}")
        rewound = min(*long, rewinding.runs) > 0 and not rewinding.error
        return same and rewound and all(flat) and not client.error
    finally:
        for process in (server, steady, resumed):
            if process and process.poll() is None:
                process.kill()


def main():
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=7200.0)
    parser.add_argument("--program", default=str(pathlib.Path(__file__).parent.parent / "target/release/longspan"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="longspan-soak-") as home:
        passed = soak(os.path.abspath(args.program), args.seconds, home)
    print("passed" if passed else "FAILED")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
