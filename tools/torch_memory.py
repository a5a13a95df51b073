#!/usr/bin/env python3
"""Trains a small PyTorch model with a watch for many steps, and says whether memory stays flat.

    python3 tools/torch_memory.py                 10,000 steps, each of them observed
    python3 tools/torch_memory.py --steps 2000    a trial

The growth is the slope of Theil and Sen of the resident memory after the warm-up, as in tools/soak.py. Needs the package
longspan (`pip install ./python`) and PyTorch.
"""

import argparse
import pathlib
import re
import statistics
import sys
import tempfile

import torch
from soak import WARM_UP, slope

import longspan

# Growth in MB over the steps after the warm-up that still counts as flat.
BOUND = 4.0


def memory():
    """The resident memory of this process that is its own, in MB."""
    return int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024


def main():
    """Reads the arguments and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    lstm = torch.nn.LSTM(8, 16)
    optimizer = torch.optim.Adam(lstm.parameters())
    samples = []
    with tempfile.TemporaryDirectory() as home:
        with longspan.watch(lstm, optimizer, run=f"{home}/run", every=args.every) as watch:
            for step in range(args.steps):
                loss = lstm(torch.randn(12, 4, 8))[0].square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                watch.loss(loss)
                if step % max(1, args.steps // 200) == 0:
                    samples.append((step, memory()))
        if "observed your own computation" not in watch.verdict():
            sys.exit(f"FAILED: {watch.verdict()}")
        written = sum(file.stat().st_size for file in pathlib.Path(home).rglob("*") if file.is_file()) / 1e6
    late = [sample for sample in samples if sample[0] >= WARM_UP * args.steps]
    growth = slope(late) * (late[-1][0] - late[0][0])
    flat = growth < BOUND
    print(
        f"{args.steps} steps, observed every {args.every}: {statistics.median(mb for _, mb in late):.1f} MB (median), growth "
        f"{growth:+.2f} MB in {late[-1][0] - late[0][0]} steps (bound {BOUND:g} MB), {written:.0f} MB written, "
        f"{'flat' if flat else 'FAILED'}"
    )
    sys.exit(0 if flat else 1)


if __name__ == "__main__":
    main()
