#!/usr/bin/env python3
"""Times the layers of longspan.nn beside those of PyTorch, and training with a watch beside training without one.

    python3 tools/torch_speed.py

One thread; both sides alternate, and the median of the ratios is printed with the smallest and the largest. Needs the package
longspan (`pip install ./python`) and PyTorch.
"""

import statistics
import tempfile
import time

import torch

import longspan
import longspan.nn


def seconds(call):
    """The seconds of a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def layers():
    """Forward and backward pass of a layer: PyTorch over Longspan."""
    for steps, rows, hidden in ((128, 32, 256), (1000, 8, 128)):
        x = torch.randn(steps, rows, hidden)
        for name in ("LSTM", "GRU", "RNN"):
            theirs = getattr(torch.nn, name)(hidden, hidden)
            ours = getattr(longspan.nn, name)(hidden, hidden)
            ours.load_state_dict(theirs.state_dict())
            passes = [lambda module=module: module(x)[0].sum().backward() for module in (theirs, ours)]
            [seconds(one) for one in passes]
            ratios = [seconds(passes[0]) / seconds(passes[1]) for _ in range(9)]
            middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
            print(f"{name:4} T={steps} B={rows} H={hidden}: {middle:.2f} ({low:.2f} to {high:.2f})", flush=True)


def unobserved():
    """A training step with a watch that does not observe it over one without, in processor time: median of pairs."""
    for hidden in (64, 256):
        steps, watches = [], []
        # The third is like the first: what is between them is noise.
        for watched in (False, True, False):
            model = torch.nn.LSTM(hidden, hidden)
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
            watches.append(longspan.watch(model, optimizer, run=tempfile.mkdtemp() + "/run", every=10**6) if watched else None)
            x = torch.randn(64, 16, hidden)

            def step(model=model, optimizer=optimizer, watch=watches[-1], x=x):
                began = time.process_time()
                loss = model(x)[0].square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if watch:
                    watch.loss(loss)
                return time.process_time() - began

            steps.append(step)
        times = [[step() for step in steps] for _ in range(300 if hidden < 100 else 60)][5:]
        ratio = statistics.median(2 * with_ / (without + again) for without, with_, again in times)
        null = statistics.median(again / without for without, _, again in times)
        print(f"step that is not observed, LSTM H={hidden}: {ratio:.3f}, without a watch twice {null:.3f}", flush=True)


def watching():
    """A training step with a watch over one without: median, and mean of all steps but the first five."""
    for hidden in (64, 256, 512):
        for every in (None, 1):
            steps = []
            for watched in (False, True):
                model = torch.nn.LSTM(hidden, hidden)
                optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
                run = tempfile.mkdtemp() + "/run"
                watch = longspan.watch(model, optimizer, run=run, every=every) if watched else None
                x = torch.randn(64, 16, hidden)

                def step(model=model, optimizer=optimizer, watch=watch, x=x):
                    loss = model(x)[0].square().mean()
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    if watch:
                        watch.loss(loss)

                steps.append(step)
            times = [[seconds(step) for step in steps] for _ in range(40 if every else 120)]
            plain, watched = zip(*times, strict=True)
            median = statistics.median(watched) / statistics.median(plain)
            mean = sum(watched[5:]) / sum(plain[5:])
            interval = "default" if every is None else every
            print(f"watch, LSTM H={hidden}, every={interval}: median {median:.3f}, mean {mean:.3f}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    layers()
    unobserved()
    watching()
