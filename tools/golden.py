#!/usr/bin/env python3
"""Writes the golden files: what PyTorch computes, in f64, for small stacks of nn.RNN, nn.GRU and nn.LSTM.

    python3 tools/golden.py [DIRECTORY]        needs torch and safetensors

The loss is 1/2 |y - target|^2 + <end, s_T>, with y the top layer's outputs and s_T the final states of all layers, so
that a gradient arrives at every step and at the end. Each file holds, all in F64:

    rnn.*                    the weights, under PyTorch's names
    x [T,B,D]  target [T,B,H]
    h0, c0, end_h, end_c     [L,B,H] (c for the lstm only)
    y [T,B,H]  loss [1]  d_x [T,B,D]  d_h0, d_c0 [L,B,H]
    grad.rnn.*               the gradients of the weights
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file

STEPS, ROWS, INPUT, HIDDEN = 7, 3, 5, 6
CASES = {
    "rnn": lambda layers: torch.nn.RNN(INPUT, HIDDEN, layers),
    "relu": lambda layers: torch.nn.RNN(INPUT, HIDDEN, layers, nonlinearity="relu"),
    "gru": lambda layers: torch.nn.GRU(INPUT, HIDDEN, layers),
    "lstm": lambda layers: torch.nn.LSTM(INPUT, HIDDEN, layers),
}


def golden(cell: str, layers: int) -> dict[str, torch.Tensor]:
    """One case: weights, data, outputs and every gradient."""
    torch.manual_seed(layers)
    rnn = CASES[cell](layers)
    parts = ["h", "c"] if cell == "lstm" else ["h"]
    x = torch.randn(STEPS, ROWS, INPUT, requires_grad=True)
    target = torch.randn(STEPS, ROWS, HIDDEN)
    state = {p: torch.randn(layers, ROWS, HIDDEN, requires_grad=True) for p in parts}
    end = {p: torch.randn(layers, ROWS, HIDDEN) for p in parts}
    y, last = rnn(x, tuple(state.values()) if cell == "lstm" else state["h"])
    last = dict(zip(parts, last if cell == "lstm" else [last]))
    loss = 0.5 * (y - target).square().sum() + sum((end[p] * last[p]).sum() for p in parts)
    loss.backward()
    out = {"x": x, "target": target, "y": y, "loss": loss.reshape(1), "d_x": x.grad}
    for p in parts:
        out |= {f"{p}0": state[p], f"end_{p}": end[p], f"d_{p}0": state[p].grad}
    for name, weight in rnn.named_parameters():
        out |= {f"rnn.{name}": weight, f"grad.rnn.{name}": weight.grad}
    return {name: tensor.detach().contiguous() for name, tensor in out.items()}


def main() -> None:
    default = pathlib.Path(__file__).parent.parent / "crates/longspan/tests/golden"
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    directory.mkdir(parents=True, exist_ok=True)
    torch.set_default_dtype(torch.float64)
    for cell in CASES:
        for layers in (1, 2):
            path = directory / f"{cell}_{layers}.safetensors"
            save_file(golden(cell, layers), path, metadata={"torch": torch.__version__})
            print(path.name)


if __name__ == "__main__":
    main()
