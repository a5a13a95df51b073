"""Processes: ours and the peers', all on the same cores."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEERS = Path(__file__).resolve().parent.parent / "peers"


def cores(threads: int) -> list:
    """The first of our cores, one for each thread: a process that was told to use one thread has one core."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(os.sched_getaffinity(0))[:threads]


def pinned(threads: int):
    """What a child does before its program starts."""
    chosen = cores(threads)
    return (lambda: os.sched_setaffinity(0, chosen)) if chosen else None


def environment(threads: int) -> dict:
    """The number of threads in the words of each library."""
    count = str(threads)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    # Processors are compared, whatever else the machine has.
    return os.environ | dict.fromkeys(names, count) | {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}


# glibc: freed memory stays in the process, where by default large blocks go back and are faulted in again.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "4000000000"}


class Failed(Exception):
    """A process that ended or said something unexpected."""


class Worker:
    """A peer's process, which lives for all rounds of a row: imports and compilation are paid once."""

    def __init__(self, python: str, script: str, threads: int, keep_memory: bool = False):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [python, str(PEERS / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=environment(threads) | (KEEP_MEMORY if keep_memory else {}),
            preexec_fn=pinned(threads),
        )
        who = self.read()
        self.name, self.version = who["name"], who["version"]

    def ask(self, op: str, row: dict, **more) -> dict:
        self.process.stdin.write(json.dumps({"op": op, "row": row, **more}) + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.log.seek(0)
            raise Failed(f"{' '.join(self.process.args)} ended:\n{self.log.read()[-2000:]}")
        return json.loads(line)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.log.close()


class Ours:
    """`longspan-bench`, a process for each measurement."""

    def __init__(self, binary: str, text: str, quick: bool):
        self.binary, self.text, self.quick = binary, text, quick

    def catalogue(self) -> dict:
        return self.bench(1, "--list")

    def measure(self, name: str, threads: int) -> dict:
        document = self.bench(threads, "--only", name, "--text", self.text)
        (row,) = document["rows"]
        return row

    def bench(self, threads: int, *arguments: str) -> dict:
        command = [self.binary, "--json", "--threads", str(threads), *arguments]
        if self.quick:
            command.append("--quick")
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=pinned(threads))
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout)


def torch_start(python: str, text: str, row: dict, steps: int, threads: int) -> dict:
    """PyTorch from the start of its process to its first training step, imports included."""
    command = [python, str(PEERS / "torch_start.py"), text, json.dumps(row), str(steps), str(threads)]
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment(threads), preexec_fn=pinned(threads)
    ) as process:
        line = process.stdout.readline()
        ready = time.perf_counter() - start
        rest = process.stdout.read()
    if process.returncode != 0 or line.strip() != "ready":
        raise Failed(f"{' '.join(command)} failed")
    return {"ready_ms": 1e3 * ready, **json.loads(rest)}


def default_binary() -> str:
    target = os.environ.get("CARGO_TARGET_DIR", str(PEERS.parent.parent / "target"))
    return str(Path(target) / "release" / "longspan-bench")


def processor() -> str:
    """The processor's name and how many of its cores we may use."""
    name = sys.platform
    try:
        with open("/proc/cpuinfo") as file:
            name = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    count = len(cores(1024)) or os.cpu_count()
    return f"{name}, {count} core{'s' if count != 1 else ''}"
