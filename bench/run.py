#!/usr/bin/env python3
"""Measures Longspan beside its peers, in turns on the same cores, and prints Markdown tables. See docs/benchmarking.md.

    cargo build --release -p longspan-cli -p longspan-bench
    bench/run.py --torch PYTHON --jax PYTHON --tf PYTHON

Each flag names the interpreter that has the peer; a peer without one is left out. The one of --torch is also asked for
onnxruntime.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from contextlib import ExitStack, closing

from harness import tables
from harness.workers import Failed, Ours, Worker, cores, default_binary, processor, torch_start

TITLES = {
    "stack": "Forward and backward of the recurrent stack",
    "step": "Whole training steps",
    "ragged": "Forward and backward over rows of many lengths",
    "stream": "Streaming inference, one token at a time",
    "memory": "Memory of a step beside its weights and data",
    "start": "From the start of the process to the first training step",
}
# Script of each peer, the flag with its interpreter, and the sections that it takes part in.
PEERS = {
    "torch_peer.py": ("torch", ("stack", "step", "ragged", "stream")),
    "jax_peer.py": ("jax", ("stack", "step")),
    "tf_peer.py": ("tf", ("stack", "step")),
    "ort_peer.py": ("torch", ("stream",)),
}
# Sections that one thread is enough for.
SINGLE = ("stream", "memory", "start")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--longspan", default=default_binary(), metavar="PROGRAM", help="the program [%(default)s]")
    for peer, name in (("torch", "PyTorch"), ("jax", "JAX and optax"), ("tf", "TensorFlow")):
        parser.add_argument(f"--{peer}", metavar="PYTHON", help=f"interpreter that has {name}")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N", help="[1 2]")
    parser.add_argument("--section", nargs="+", choices=TITLES, default=list(TITLES), help="[all]")
    parser.add_argument("--only", metavar="NAME", help="rows with NAME in their name, as `longspan-bench --list` has them")
    parser.add_argument("--quick", action="store_true", help="2 short rounds instead of 5: a look")
    parser.add_argument("--keep-memory", action="store_true", help="timed peers keep what they free (see the document)")
    parser.add_argument("--text", metavar="FILE", help="text for the start [1.1 MB of random characters]")
    parser.add_argument("--json", metavar="FILE", help="write every round there")
    return parser.parse_args()


class Bench:
    """The peers' processes and how often each side is measured."""

    def __init__(self, options: argparse.Namespace, text: str):
        self.options, self.text = options, text
        self.ours = Ours(options.longspan, text, options.quick)
        self.versions, self.left_out = {}, set()
        # As `longspan-bench` has it.
        self.budget = {"seconds": 0.3, "least": 3} if options.quick else {"seconds": 1.0, "least": 5}
        self.latencies = 5_000 if options.quick else 20_000
        self.starts = 8 if options.quick else 30
        self.rounds = 2 if options.quick else 5

    def workers(self, section: str, threads: int):
        """New processes of the peers that take part, but for those without an interpreter or their library."""
        for script, (peer, sections) in PEERS.items():
            python = getattr(self.options, peer)
            if python is None or section not in sections or script in self.left_out:
                continue
            try:
                worker = Worker(python, script, threads, self.options.keep_memory)
            except (Failed, OSError) as failed:
                print(f"{script} is left out: {failed}", file=sys.stderr)
                self.left_out.add(script)
                continue
            self.versions[worker.name] = worker.version
            yield worker

    def measure(self, row: dict, threads: int) -> dict:
        """All rounds of a row: we, a peer, another peer, we again.

        Each row has new processes: what one has run before, and has left in its allocator, changes how fast it is.
        """
        rounds = []
        with ExitStack() as stack:
            workers = [stack.enter_context(closing(w)) for w in self.workers(row["section"], threads)]
            for _ in range(self.rounds):
                sides = {"longspan": self.ours.measure(row["name"], threads)}
                sides |= {worker.name: self.ask(worker, row) for worker in workers}
                sides |= self.others(row, threads)
                rounds.append(sides)
        return {"row": row, "threads": threads, "rounds": rounds}

    def ask(self, worker: Worker, row: dict) -> dict:
        if row["section"] == "stream":
            return worker.ask("latency", row, count=self.latencies)
        if row["section"] == "ragged":
            # A pass over packed rows may take many seconds.
            return worker.ask("turns", row, seconds=self.budget["seconds"], least=1)
        return worker.ask("time", row, **self.budget)

    def others(self, row: dict, threads: int) -> dict:
        """What needs a process of its own in each round."""
        torch = self.options.torch
        if torch is None or row["section"] not in ("memory", "start"):
            return {}
        if row["section"] == "start":
            return {"PyTorch": torch_start(torch, self.text, row, self.starts, threads)}
        with closing(Worker(torch, "torch_peer.py", threads)) as worker:
            self.versions[worker.name] = worker.version
            return {worker.name: worker.ask("memory", row)}


def report(section: str, results: list) -> None:
    """The section's tables, one for each number of threads."""
    one = {result["row"]["name"]: result for result in results if result["threads"] == 1}
    names = {name: None for result in results for r in result["rounds"] for name in r if name != "longspan"}
    peers = list(names)
    for threads in sorted({result["threads"] for result in results}):
        chosen = [result for result in results if result["threads"] == threads]
        print(f"\n## {TITLES[section]}, {threads} thread{'s' if threads > 1 else ''}\n")
        if section in ("stack", "step"):
            peak = max(tables.middle(result, "longspan", "peak_gflops") for result in chosen)
            print(f"Multiply-add peak {peak:.0f} GFLOP/s (the rows' highest; shares are of each row's own).\n")
            print(tables.timed(chosen, peers, one), flush=True)
        else:
            print(getattr(tables, section)(chosen, peers), flush=True)


def run(options: argparse.Namespace, text: str) -> None:
    bench = Bench(options, text)
    catalogue = bench.ours.catalogue()
    print(f"Longspan {catalogue['version']} ({catalogue['isa']}) on {processor()}.", flush=True)
    if options.keep_memory:
        print("Timed peers keep what they free.", flush=True)
    results = []
    for section in options.section:
        rows = [row for row in catalogue["rows"] if row["section"] == section]
        rows = [row for row in rows if options.only is None or options.only in row["name"]]
        here = []
        for row in rows:
            for threads in options.threads[:1] if section in SINGLE else options.threads:
                print(f"{row['name']}, {threads} thread(s)", file=sys.stderr)
                here.append(bench.measure(row, threads))
        if here:
            report(section, here)
        results += here
    if not results:
        known = ", ".join(row["name"] for row in catalogue["rows"] if row["section"] in options.section)
        raise Failed(f"--only {options.only}: no row has that in its name: choose from {known}")
    print("\n" + ", ".join(f"{name} {version}" for name, version in bench.versions.items()))
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"longspan": catalogue["version"], "peers": bench.versions, "results": results}, file)


def main() -> None:
    options = arguments()
    if not os.path.exists(options.longspan):
        sys.exit(f"there is no {options.longspan}: build it with cargo build --release --workspace, or name it with --longspan")
    for peer in ("torch", "jax", "tf"):
        if getattr(options, peer) is None:
            print(f"no --{peer}: left out", file=sys.stderr)
    if 0 < len(cores(max(options.threads))) < max(options.threads):
        print(f"warning: {max(options.threads)} threads share {len(cores(1024))} core(s)", file=sys.stderr)
    with tempfile.TemporaryDirectory() as directory:
        text = options.text
        if text is None:
            text = os.path.join(directory, "text.txt")
            with open(text, "w") as file:
                file.write(random_text())
        try:
            run(options, text)
        except Failed as failed:
            print(f"error: {failed}", file=sys.stderr)
            sys.exit(2)


def random_text() -> str:
    """1.1 MB of 65 different characters, in lines."""
    draw = random.Random(0)
    letters = [chr(ord(" ") + i) for i in range(64)]
    return "".join("".join(draw.choices(letters, k=40)) + "\n" for _ in range(26_830))


if __name__ == "__main__":
    main()
