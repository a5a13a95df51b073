#!/usr/bin/env python3
"""Times forward + backward of recurrent stacks here and in PyTorch, in turns, and prints a Markdown table.

    cargo build --release --example speed
    python3 bench/compare.py target/release/examples/speed [THREADS]        needs torch

Both sides compute the gradients of all weights and of the input, from the same kind of data, in f32. Per shape the two
alternate for ROUNDS rounds; a figure is the median of the rounds' medians, the ratio the median of the rounds' ratios.
"""

import statistics
import subprocess
import sys
import time

import torch

ROUNDS, REPEATS = 3, 7
# (cell, T, B, D, H, L) with the index that the example knows the shape by.
SHAPES = {
    0: ("rnn", 128, 32, 256, 256, 1),
    1: ("gru", 128, 32, 256, 256, 1),
    2: ("lstm", 128, 32, 256, 256, 1),
    3: ("gru", 128, 64, 512, 512, 2),
    4: ("lstm", 128, 64, 512, 512, 2),
    9: ("lstm", 64, 64, 1024, 1024, 1),
    5: ("rnn", 1000, 8, 10, 128, 1),
    6: ("gru", 1000, 8, 10, 128, 1),
    7: ("lstm", 1000, 8, 10, 128, 1),
    8: ("lstm", 100, 1, 64, 64, 1),
}
MODULES = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


def torch_run(cell: str, steps: int, rows: int, inputs: int, hidden: int, layers: int):
    """A closure that runs one forward and backward pass."""
    module = MODULES[cell](inputs, hidden, layers)
    x = torch.randn(steps, rows, inputs, requires_grad=True)
    d_y = torch.randn(steps, rows, hidden)

    def run() -> None:
        module.zero_grad(set_to_none=True)
        x.grad = None
        module(x)[0].backward(d_y)

    return run


def milliseconds(run) -> float:
    run()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def main() -> None:
    binary, threads = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "1"
    torch.set_num_threads(int(threads))
    print(f"PyTorch {torch.__version__}, {threads} thread(s)\n")
    print("| cell | T, B, D, H, L | PyTorch ms | Longspan ms | GFLOP/s | of peak | PyTorch / Longspan |")
    print("|---|---|---|---|---|---|---|")
    for index, shape in SHAPES.items():
        run = torch_run(*shape)
        theirs, ours, rows = [], [], []
        for _ in range(ROUNDS):
            theirs.append(milliseconds(run))
            out = subprocess.run([binary, threads, str(index)], capture_output=True, text=True, check=True).stdout
            rows.append([cell.strip() for cell in out.splitlines()[-1].strip("|").split("|")])
            ours.append(float(rows[-1][2]))
        ratio = statistics.median(t / o for t, o in zip(theirs, ours))
        _, _, _, rate, share = sorted(rows, key=lambda r: float(r[2]))[ROUNDS // 2]
        sizes = ", ".join(map(str, shape[1:]))
        print(
            f"| {shape[0]} | {sizes} | {statistics.median(theirs):.2f} | {statistics.median(ours):.2f} "
            f"| {rate} | {share} | {ratio:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
