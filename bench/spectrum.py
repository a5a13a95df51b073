#!/usr/bin/env python3
"""The whole Lyapunov spectrum of a random layer beside the usual ways in Python, in turns on the same cores; a Markdown table.

    cargo build --release -p longspan-bench --example spectrum
    bench/spectrum.py --python PYTHON [--threads 2] [--rounds 5] [--every 1 2] [--autograd]

PYTHON has numpy, torch and safetensors. All sides take the same weights, input and first state, in f64, from a file, T = 1000
steps without a warm-up; only the first directions differ. The usual ways orthonormalise at each step, Longspan so, too, or where
--every says so every few steps, which changes no exponent as long as what is multiplied in between is not too ill-conditioned. The usual way: the Jacobian of each
step as a matrix, times Q, and QR of it, in NumPy and in PyTorch. With --autograd also PyTorch's `jacrev` for the Jacobian, which
needs no derivative by hand. A figure is the median of the rounds' fastest of 3, a ratio the median of the rounds' ratios. The sums
of the exponents, which do not depend on the first directions, must agree.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROWS = {"rnn": 128, "gru": 128, "lstm": 128}
STEPS, INPUT = 1000, 16


def write(path: str, cell: str, hidden: int) -> None:
    """A layer with recurrent gain 1.5 driven by noise."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[cell]
    f64 = {"dtype": torch.float64}
    save_file(
        {
            "x": torch.randn(STEPS, INPUT, **f64),
            "rnn.weight_ih_l0": 0.3 * torch.randn(gates * hidden, INPUT, **f64),
            "rnn.weight_hh_l0": 1.5 / hidden**0.5 * torch.randn(gates * hidden, hidden, **f64),
            "rnn.bias_ih_l0": torch.zeros(gates * hidden, **f64),
            "rnn.bias_hh_l0": torch.zeros(gates * hidden, **f64),
        },
        path,
    )


def sigmoid(a, exp):
    return 1 / (1 + exp(-a))


def step(cell, xp, a_x, w, state):
    """The state at t from W_ih x + b and the state at t - 1, and the Jacobian as a matrix; xp is numpy or torch."""
    if cell == "rnn":
        h = xp.tanh(a_x + w @ state[0])
        return (h,), (1 - h * h)[:, None] * w
    if cell == "gru":
        h, n_ = state[0], len(state[0])
        w_r, w_z, w_n = w[:n_], w[n_ : 2 * n_], w[2 * n_ :]
        r = sigmoid(a_x[:n_] + w_r @ h, xp.exp)
        z = sigmoid(a_x[n_ : 2 * n_] + w_z @ h, xp.exp)
        q = w_n @ h
        n = xp.tanh(a_x[2 * n_ :] + r * q)
        a_n = (1 - z) * (1 - n * n)
        j = (a_n * q * r * (1 - r))[:, None] * w_r + ((h - n) * z * (1 - z))[:, None] * w_z + (a_n * r)[:, None] * w_n
        return ((1 - z) * n + z * h,), j + xp.diag(z)
    h, c = state
    n_ = len(h)
    a = a_x + w @ h
    i, f, o = (sigmoid(a[k * n_ : (k + 1) * n_], xp.exp) for k in (0, 1, 3))
    g = xp.tanh(a[2 * n_ : 3 * n_])
    following = f * c + i * g
    tanh = xp.tanh(following)
    by_h = (
        (g * i * (1 - i))[:, None] * w[:n_]
        + (c * f * (1 - f))[:, None] * w[n_ : 2 * n_]
        + (i * (1 - g * g))[:, None] * w[2 * n_ : 3 * n_]
    )
    show = o * (1 - tanh * tanh)
    top = xp.hstack([(tanh * o * (1 - o))[:, None] * w[3 * n_ :] + show[:, None] * by_h, xp.diag(show * f)])
    return (o * tanh, following), xp.vstack([top, xp.hstack([by_h, xp.diag(f)])])


def spectrum(peer: str, cell: str, tensors: dict) -> list:
    """The usual way."""
    w_ih, w, x = (tensors[name] for name in ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "x"))
    hidden, parts = w.shape[1], 2 if cell == "lstm" else 1
    a_x = x @ w_ih.T
    if peer == "numpy":
        import numpy as xp

        state, q = (xp.zeros(hidden),) * parts, xp.eye(parts * hidden)
        sums = xp.zeros(parts * hidden)
    else:
        import torch as xp

        f64 = {"dtype": xp.float64}
        state, q = (xp.zeros(hidden, **f64),) * parts, xp.eye(parts * hidden, **f64)
        sums = xp.zeros(parts * hidden, **f64)
    if peer == "autograd":
        from torch.func import jacrev

        def joint(a_t, s):
            following = step(cell, xp, a_t, w, s.split(hidden))[0]
            both = xp.cat(following)
            return both, both

        differentiate, s = jacrev(joint, argnums=1, has_aux=True), xp.cat(state)
    for a_t in a_x:
        if peer == "autograd":
            j, s = differentiate(a_t, s)
        else:
            state, j = step(cell, xp, a_t, w, state)
        q, r = xp.linalg.qr(j @ q)
        sums += xp.log(abs(xp.diag(r)))
    return sorted((sums / len(x)).tolist(), reverse=True)


def serve(peer: str, path: str, cell: str, repeats: int) -> None:
    """Runs in a process of its own; prints what ours prints."""
    if peer == "numpy":
        from safetensors.numpy import load_file

        tensors, version = load_file(path), __import__("numpy").__version__
    else:
        import torch
        from safetensors.torch import load_file

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        torch.set_grad_enabled(False)
        tensors, version = load_file(path), torch.__version__
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        exponents = spectrum(peer, cell, tensors)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "exponents": exponents, "version": version}))


def run(command: list, threads: int) -> dict:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | {name: str(threads) for name in names}
    # Set on some machines for old builds of OpenBLAS; a current one is faster by its own choice.
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        environment.pop(name, None)
    cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[:threads])
    command = ["taskset", "-c", cores, *command]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        peer, path, cell, repeats = sys.argv[2:]
        return serve(peer, path, cell, int(repeats))
    if sys.argv[1:2] == ["--write"]:
        return write(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(root, "target"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, metavar="PYTHON", help="interpreter that has numpy, torch, safetensors")
    parser.add_argument("--spectrum", default=os.path.join(target, "release/examples/spectrum"), help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--every", nargs="+", type=int, default=[1], metavar="STEPS", help="between two orthonormalisations of Longspan's")
    parser.add_argument("--cells", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--autograd", action="store_true", help="also PyTorch's jacrev")
    options = parser.parse_args()
    peers = ["numpy", "torch"] + (["autograd"] if options.autograd else [])
    print(f"Seconds for T = {STEPS}, {options.threads} thread(s); ratios to Longspan\n")
    print("| layer | dimensions | orthonormal every | Longspan |" + "".join(f" {peer} | ratio |" for peer in peers))
    print("|---|---|---|---|" + "---|---|" * len(peers))
    here = os.path.abspath(__file__)
    with tempfile.TemporaryDirectory() as directory:
        for cell in options.cells:
            path = os.path.join(directory, f"{cell}.safetensors")
            subprocess.run([options.python, here, "--write", path, cell, str(ROWS[cell])], check=True)
            rounds = []
            for _ in range(options.rounds):
                sides = {}
                for every in options.every:
                    command = [options.spectrum, path, cell, str(options.threads), "3", str(every)]
                    sides[every] = run(command, options.threads)
                for peer in peers:
                    repeats = "1" if peer == "autograd" else "3"
                    sides[peer] = run([options.python, here, "--serve", peer, path, cell, repeats], options.threads)
                truth = sum(sides["numpy"]["exponents"])
                for name, side in sides.items():
                    found = sum(side["exponents"])
                    assert abs(found - truth) < 1e-9 * abs(truth), f"{cell}: sums {found} of {name} and {truth}"
                rounds.append({name: min(side["seconds"]) for name, side in sides.items()})
            for every in options.every:
                row = f"| {cell} | {len(sides[every]['exponents'])} | {every} |"
                row += f" {statistics.median(r[every] for r in rounds):.3f} |"
                for peer in peers:
                    ratio = statistics.median(r[peer] / r[every] for r in rounds)
                    row += f" {statistics.median(r[peer] for r in rounds):.3f} | {ratio:.1f} |"
                print(row, flush=True)


if __name__ == "__main__":
    main()
