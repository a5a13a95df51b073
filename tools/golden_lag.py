#!/usr/bin/env python3
"""Writes the golden files of lag profiles in training: what PyTorch's autograd gives, in f64, row by row.

    python3 tools/golden_lag.py [DIRECTORY]        needs torch and safetensors

crates/longspan/tests/golden/lag/{ragged,text,both,ends,encoder}_{rnn,gru,lstm}.safetensors: two layers of H = 5 units that read V = 7
tokens through embeddings of width 3 and predict a token at each step.

    ragged     rows of 12, 9, 9, 4 and 1 steps
    text       rows of 12 steps that continue from a state, which is not zero
    both       bidirectional, ragged, a prediction for each step
    ends       bidirectional, ragged, a prediction for each row from the last state of each direction
    encoder    a decoder, ragged, after an encoder of rows with other lengths

Every weight is stored under PyTorch's name, and

    inputs, targets [B,T]    lengths [B]     -1 beyond the length of a row
    state [L,parts,B,H]      text only: the state before the window
    read [B,S]  read_lengths [B]             encoder only, in the decoder's order
    ln [S,B,T,T'] F64        ln |d| of the loss of row b at step t alone, by the state of layer s (2l forwards, 2l + 1 in reverse, if
                             there are two directions) that lies tau of the layer's own steps before: index (s, b, t, tau). h and c
                             are independent coordinates. NaN where there is no such step. With an encoder the lags go on
                             through its steps. `ends` has t = 0 only.
"""

import math
import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy

from golden import step

HIDDEN, EMBEDDING, TOKENS, LAYERS = 5, 3, 7, 2
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
RAGGED, READ = [12, 9, 9, 4, 1], [3, 8, 1, 6, 5]

Weights = dict[str, torch.Tensor]


def weights(cell: str, scope: str, directions: int) -> Weights:
    """An embedding and a stack. The weights are large enough that the gradient does not vanish within the few steps."""
    width, made = GATES[cell] * HIDDEN, {f"{scope}embedding.weight": torch.randn(TOKENS, EMBEDDING)}
    for layer in range(LAYERS):
        read = EMBEDDING if layer == 0 else directions * HIDDEN
        for suffix in ["", "_reverse"][:directions]:
            for name, shape in [("weight_ih", (width, read)), ("weight_hh", (width, HIDDEN)), ("bias_ih", (width,)), ("bias_hh", (width,))]:
                made[f"{scope}rnn.{name}_l{layer}{suffix}"] = 0.6 * torch.randn(shape)
    return made


class Kept(list):
    """The states of one layer in one direction, in its own order of steps: for each the parts that autograd keeps."""

    def ln_norm(self, at: int) -> float:
        squares = sum(0.0 if part.grad is None else part.grad.square().sum().item() for part in self[at])
        return 0.5 * math.log(squares) if squares > 0 else -math.inf


def layer(cell: str, all_weights: Weights, name: str, xs: list, state: dict) -> tuple[list, Kept, dict]:
    """One row through one direction of one layer: outputs, what is kept, and the last state."""
    own = [all_weights[name.format(tensor)] for tensor in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    outputs, kept = [], Kept()
    for x in xs:
        state = step(cell, x, state, *own)
        seen = [state["h"]]
        if "c" in state:
            # What goes on to the next step, apart from what becomes h.
            state = {"h": state["h"], "c": state["c"].clone()}
            seen.append(state["c"])
        for part in seen:
            part.retain_grad()
        kept.append(seen)
        outputs.append(state["h"])
    return outputs, kept, state


def stack(cell: str, all_weights: Weights, scope: str, directions: int, tokens, states: list) -> tuple[list, list[Kept], list]:
    """One row through a stack: outputs, what is kept of each layer, and the last states."""
    xs = [all_weights[f"{scope}embedding.weight"][token][None] for token in tokens]
    everything, last = [], []
    for l in range(LAYERS):
        found = []
        for reverse in range(directions):
            name = f"{scope}rnn.{{}}_l{l}{'_reverse' if reverse else ''}"
            ys, kept, state = layer(cell, all_weights, name, xs[::-1] if reverse else xs, states[l])
            found.append(ys[::-1] if reverse else ys)
            everything.append(kept)
            last.append(state)
        xs = [torch.cat(pair, 1) for pair in zip(*found)]
    return xs, everything, last


def case(name: str, cell: str) -> dict[str, torch.Tensor]:
    torch.manual_seed(len(name) + len(cell))
    directions = 2 if name in ("both", "ends") else 1
    lengths = [12] * 4 if name == "text" else RAGGED
    rows, steps = len(lengths), max(lengths)
    scope = "decoder." if name == "encoder" else ""
    all_weights = weights(cell, scope, directions)
    if name == "encoder":
        all_weights = weights(cell, "encoder.", 1) | all_weights
    all_weights |= {"head.weight": torch.randn(TOKENS, directions * HIDDEN), "head.bias": torch.randn(TOKENS)}
    for weight in all_weights.values():
        weight.requires_grad_()
    beyond = torch.arange(steps) >= torch.tensor(lengths)[:, None]
    inputs, targets = (torch.randint(TOKENS, (rows, steps)).masked_fill(beyond, -1) for _ in range(2))
    tensors = {f"init.{name}": weight for name, weight in all_weights.items()}
    parts = "hc" if cell == "lstm" else "h"
    initial = torch.zeros(LAYERS, len(parts), rows, HIDDEN)
    if name == "text":
        initial = 0.5 * torch.randn(initial.shape)
        tensors["state"] = initial
    reads = READ if name == "encoder" else [0] * rows
    read = torch.randint(TOKENS, (rows, max(max(reads), 1)))
    if name == "encoder":
        tensors |= {"read": read.int(), "read_lengths": torch.tensor(reads).int()}
    anchors = 1 if name == "ends" else steps
    ln = torch.full((LAYERS * directions, rows, anchors, steps + max(reads)), math.nan)
    for b in range(rows):
        for t in range(1 if name == "ends" else lengths[b]):
            states = [{p: initial[l, i, b][None] for i, p in enumerate(parts)} for l in range(LAYERS)]
            before = None
            if name == "encoder":
                _, before, states = stack(cell, all_weights, "encoder.", 1, read[b, : reads[b]], states)
            ys, kept, _ = stack(cell, all_weights, scope, directions, inputs[b, : lengths[b]], states)
            y = torch.cat([ys[-1][:, :HIDDEN], ys[0][:, HIDDEN:]], 1) if name == "ends" else ys[t]
            logits = y @ all_weights["head.weight"].T + all_weights["head.bias"]
            cross_entropy(logits, targets[b, t][None]).backward()
            for s, own in enumerate(kept):
                at = t
                if name == "ends":
                    at = lengths[b] - 1
                elif directions == 2 and s % 2:
                    at = lengths[b] - 1 - t
                for tau in range(at + 1):
                    ln[s, b, t, tau] = own.ln_norm(at - tau)
                for tau in range(reads[b]):
                    ln[s, b, t, at + 1 + tau] = before[s].ln_norm(reads[b] - 1 - tau)
    tensors |= {"inputs": inputs.int(), "targets": targets.int(), "lengths": torch.tensor(lengths).int(), "ln": ln}
    return tensors


def main() -> None:
    here = pathlib.Path(__file__).resolve().parent.parent / "crates/longspan/tests/golden/lag"
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    directory.mkdir(parents=True, exist_ok=True)
    torch.set_default_dtype(torch.float64)
    for name in ("ragged", "text", "both", "ends", "encoder"):
        for cell in GATES:
            tensors = {key: tensor.detach().contiguous() for key, tensor in case(name, cell).items()}
            save_file(tensors, directory / f"{name}_{cell}.safetensors", metadata={"torch": torch.__version__})
            print(name, cell)


if __name__ == "__main__":
    main()
