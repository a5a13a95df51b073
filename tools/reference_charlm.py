#!/usr/bin/env python3
"""Trains a character model in PyTorch as `longspan train --level char` does, and measures it the same way.

    python3 tools/reference_charlm.py TEXT DIRECTORY [--epochs N] [--threads N]     needs torch, numpy and safetensors

Writes DIRECTORY/init.safetensors, the initial weights under the names that Longspan reads, and prints one JSON line: the
validation loss in nats after each epoch and the seconds of training alone. `longspan train --from
DIRECTORY/init.safetensors` with the same settings starts from the same weights.

One lstm layer of 256 units, embedding 256, batch 32, unroll 128, Adam 2e-3, clipping by the global norm at 1; the last
tenth of the text is held out.
"""

import argparse
import json
import pathlib
import time

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch_text import LanguageModel, split, train_epoch, validate

BATCH, UNROLL, HIDDEN, LAYERS, RATE, CLIP = 32, 128, 256, 1, 2e-3, 1.0


def initialise(model: LanguageModel) -> None:
    """Longspan's defaults: orthogonal recurrent weights, Xavier input weights, forget bias 1."""
    with torch.no_grad():
        for name, weight in model.rnn.named_parameters():
            if "bias" in name:
                weight.zero_()
                continue
            fill = nn.init.orthogonal_ if "hh" in name else nn.init.xavier_uniform_
            for gate in weight.chunk(4):
                fill(gate)
        model.rnn.bias_ih_l0[HIDDEN : 2 * HIDDEN] = 1.0
        model.head.bias.zero_()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    text = options.text.read_text(encoding="utf-8")
    ids = {character: i for i, character in enumerate(sorted(set(text)))}
    tokens = np.array([ids[character] for character in text])
    train, valid = split(tokens)

    model = LanguageModel(len(ids), HIDDEN, LAYERS)
    initialise(model)
    options.directory.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.detach().contiguous() for name, weight in model.named_parameters()}
    save_file(weights, options.directory / "init.safetensors")
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    losses, seconds = [], 0.0
    for _ in range(options.epochs):
        began = time.perf_counter()
        train_epoch(model, optimizer, train, BATCH, UNROLL, CLIP)
        seconds += time.perf_counter() - began
        losses.append(validate(model, valid, BATCH, UNROLL))
    print(json.dumps({"valid_loss_nats": losses, "train_seconds": round(seconds, 1), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
