"""Puts the dashboard's server under load beside a training run, and measures both.

    python3 tools/server_load.py target/release/longspan [--connections 500] [--pairs 5] [--long-mb 60]

The same run is trained `--pairs` times alone and as often with a server beside it, in turn. The server shows the run while it
trains and another one whose metrics have `--long-mb` megabytes. It has `--connections` connections: some send nothing, some one byte a
second, some what is no request, some listen to events, some ask for a document and do not read it; connections that end are made
anew. Prints whether the runs have the same bits, the time of their steps, and the largest resident memory of the server.
"""

import argparse
import json
import resource
import selectors
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

TRAIN = "train --task copy --length 40 --hidden 128 --steps {steps} --eval-every 200 --threads 1 --no-probe --seed 1"
KINDS = ("idle", "slow", "malformed", "events", "unread")


def request(port, path):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


class Clients(threading.Thread):
    """Connections of all kinds, in one thread."""

    def __init__(self, port, count):
        super().__init__(daemon=True)
        self.port, self.ended = port, threading.Event()
        self.made = self.answered = 0
        self.selector = selectors.DefaultSelector()
        # The kinds of connections to make, and when.
        self.again = [(0, KINDS[i % len(KINDS)]) for i in range(count)]

    def connect(self, kind):
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.setblocking(False)
        begin = {
            "malformed": b"\x16\x03\x01\x02\x00\x01\xfc GET /\x00\r\n\r\n",
            "events": request(self.port, "/api/events"),
            "unread": request(self.port, "/assets/plotly.js"),
        }
        connection.send(begin.get(kind, b""))
        slow = request(self.port, "/api/runs") if kind == "slow" else b""
        self.selector.register(connection, selectors.EVENT_READ, {"kind": kind, "slow": slow})
        self.made += 1

    def end(self, key):
        if key.fileobj in self.selector.get_map():
            self.selector.unregister(key.fileobj)
            key.fileobj.close()
            self.again.append((time.monotonic() + 1, key.data["kind"]))

    def run(self):
        while not self.ended.wait(0.5):
            now = time.monotonic()
            due = [kind for at, kind in self.again if at <= now]
            self.again = [(at, kind) for at, kind in self.again if at > now]
            for kind in due:
                self.connect(kind)
            for key in list(self.selector.get_map().values()):
                try:
                    if key.data["slow"]:
                        key.fileobj.send(key.data["slow"][:1])
                        key.data["slow"] = key.data["slow"][1:]
                except OSError:
                    self.end(key)
            for key, _ in self.selector.select(0):
                try:
                    # A response that is not read is looked at only to notice that the connection has ended.
                    flags = socket.MSG_PEEK if key.data["kind"] == "unread" else 0
                    if key.fileobj.recv(1 if flags else 65536, flags):
                        self.answered += not flags
                    else:
                        self.end(key)
                except OSError:
                    self.end(key)


def get(port, path):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request(port, path).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def long_run(folder, source, megabytes):
    """A copy of a run whose metrics are repeated until they have this size."""
    subprocess.run(["cp", "-r", source, folder], check=True)
    lines = [json.loads(line) for line in (source / "metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if line["type"] == "step"]
    with open(folder / "metrics.jsonl", "w") as out:
        at = 0
        while out.tell() < megabytes << 20:
            for line in steps:
                at += 1
                out.write(json.dumps({**line, "step": at, "attempt": 1}, separators=(",", ":")) + "\n")


def trained(program, folder, steps):
    """The seconds of the steps, the processor seconds of the process, and the bytes of the last checkpoint."""
    command = [program, *TRAIN.format(steps=steps).split(), "--out", str(folder)]
    children = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    before = children()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    processor = children() - before
    summary = json.loads((folder / "summary.json").read_text())
    return summary["step_seconds"], processor, (folder / "checkpoints/last.safetensors").read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--long-mb", type=int, default=60)
    parser.add_argument("--steps", type=int, default=1000)
    args = parser.parse_args()
    program = str(Path(args.program).resolve())
    with tempfile.TemporaryDirectory() as root:
        runs = Path(root) / "runs"
        runs.mkdir()
        trained(program, runs / "first", args.steps)
        long_run(runs / "long", runs / "first", args.long_mb)
        alone, beside, peaks, same = [], [], [], set()
        for pair in range(args.pairs):
            *times, weights = trained(program, runs / f"alone-{pair}", args.steps)
            alone.append(times)
            same.add(weights)
            server = subprocess.Popen(
                [program, "serve", str(runs), "--port", "0"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
            )
            port = int(server.stderr.readline().split(b"127.0.0.1:")[1].split(b"/")[0])
            clients = Clients(port, args.connections)
            clients.start()
            # Ten pages that open the long run at once.
            pages = [threading.Thread(target=get, args=(port, "/api/run?name=long")) for _ in range(10)]
            for page in pages:
                page.start()
            for page in pages:
                page.join()
            *times, weights = trained(program, runs / f"beside-{pair}", args.steps)
            beside.append(times)
            same.add(weights)
            alive = b'"name":"long"' in get(port, "/api/runs")
            status = Path(f"/proc/{server.pid}/status").read_text()
            peaks.append(int(status.split("VmHWM:")[1].split()[0]) / 1e3)
            clients.ended.set()
            server.terminate()
            server.wait()
            print(
                f"pair {pair + 1}: steps {alone[-1][0]:.2f} s alone, {times[0]:.2f} s beside the server; processor"
                f" {alone[-1][1]:.2f} s, {times[1]:.2f} s; server alive: {alive}, peak {peaks[-1]:.0f} MB;"
                f" {clients.made} connections, {clients.answered} answers",
                flush=True,
            )
        print(f"the same bits: {len(same) == 1}")
        for name, at in (("steps", 0), ("processor", 1)):
            ratios = [with_[at] / without[at] for with_, without in zip(beside, alone)]
            print(f"{name}: median of the ratios {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
        print(f"largest resident memory of the server: {max(peaks):.0f} MB")


if __name__ == "__main__":
    main()
