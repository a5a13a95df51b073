#!/usr/bin/env python3
"""Trains a character model in PyTorch as `longspan train --level char` does, and measures it the same way.

    python3 tools/reference_charlm.py TEXT DIRECTORY [--epochs N] [--threads N]     needs torch, numpy and safetensors

Writes DIRECTORY/init.safetensors, the initial weights under the names that Longspan reads, and prints one JSON line: the
validation loss in nats after each epoch and the seconds of training alone. `longspan train --from
DIRECTORY/init.safetensors` with the same settings starts from the same weights.

One lstm layer of 256 units, embedding 256, batch 32, unroll 128, Adam 2e-3, clipping by the global norm at 1; the last
tenth of the text is held out. B streams of ⌊(N − 1)/B⌋ steps, the state carried from window to window, zero at the start
of an epoch, the last window shorter. Validation reads every held-out token once, over B streams with carried state.
"""

import argparse
import json
import pathlib
import time

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy

BATCH, UNROLL, HIDDEN, RATE, CLIP, HELD_OUT = 32, 128, 256, 2e-3, 1.0, 0.1


class CharModel(nn.Module):
    def __init__(self, vocabulary: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, HIDDEN)
        self.rnn = nn.LSTM(HIDDEN, HIDDEN)
        self.head = nn.Linear(HIDDEN, vocabulary)

    def initialise(self) -> None:
        """Longspan's defaults: orthogonal recurrent weights, Xavier input weights, forget bias 1."""
        with torch.no_grad():
            for name, weight in self.rnn.named_parameters():
                if "bias" in name:
                    weight.zero_()
                    continue
                fill = nn.init.orthogonal_ if "hh" in name else nn.init.xavier_uniform_
                for gate in weight.chunk(4):
                    fill(gate)
            self.rnn.bias_ih_l0[HIDDEN : 2 * HIDDEN] = 1.0
            self.head.bias.zero_()

    def forward(self, tokens, state):
        output, state = self.rnn(self.embedding(tokens), state)
        return self.head(output), state


def train_epoch(model, optimizer, tokens: np.ndarray) -> None:
    steps = (len(tokens) - 1) // BATCH
    rows = np.arange(BATCH)[None, :] * steps
    state = None
    for start in range(0, steps, UNROLL):
        places = rows + np.arange(start, min(start + UNROLL, steps))[:, None]
        inputs, targets = torch.from_numpy(tokens[places]), torch.from_numpy(tokens[places + 1])
        optimizer.zero_grad()
        logits, state = model(inputs, state)
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        state = tuple(part.detach() for part in state)


@torch.no_grad()
def validate(model, tokens: np.ndarray) -> float:
    """Every prediction once: P = N − 1 in B stretches, the first P mod B of them one longer."""
    predictions = len(tokens) - 1
    short, longer = divmod(predictions, BATCH)
    rows = np.arange(BATCH)
    origin, length = rows * short + np.minimum(rows, longer), short + (rows < longer)
    nats, state = 0.0, None
    for start in range(0, int(length.max()), UNROLL):
        t = np.arange(start, min(start + UNROLL, int(length.max())))[:, None]
        scored = t < length[None, :]
        places = np.where(scored, origin[None, :] + t, 0)
        logits, state = model(torch.from_numpy(tokens[places]), state)
        losses = cross_entropy(
            logits.flatten(0, 1), torch.from_numpy(tokens[np.where(scored, places + 1, 0)]).flatten(), reduction="none"
        )
        nats += losses.double()[torch.from_numpy(scored).flatten()].sum().item()
    return nats / predictions


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
    held_out = int(HELD_OUT * len(tokens))
    train, valid = tokens[: len(tokens) - held_out], tokens[len(tokens) - held_out :]

    model = CharModel(len(ids))
    model.initialise()
    options.directory.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.detach().contiguous() for name, weight in model.named_parameters()}
    save_file(weights, options.directory / "init.safetensors")
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    losses, seconds = [], 0.0
    for _ in range(options.epochs):
        began = time.perf_counter()
        train_epoch(model, optimizer, train)
        seconds += time.perf_counter() - began
        losses.append(validate(model, valid))
    print(json.dumps({"valid_loss_nats": losses, "train_seconds": round(seconds, 1), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
