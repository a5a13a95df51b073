"""A language model in PyTorch that is trained and measured as `longspan train --text` does: for the scripts beside this file.

A text of N tokens gives B rows of ⌊(N − 1)/B⌋ steps. The state is carried from window to window, and is zero at the start of
an epoch; the last window may be shorter. Validation reads every held-out token once, over B rows with carried state.
"""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

HELD_OUT = 0.1


class LanguageModel(nn.Module):
    """Embedding, lstm and readout of one width, with the names of tensors that Longspan reads."""

    def __init__(self, vocabulary: int, hidden: int, layers: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, hidden)
        self.rnn = nn.LSTM(hidden, hidden, layers)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, tokens, state):
        output, state = self.rnn(self.embedding(tokens), state)
        return self.head(output), state


def split(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The training part and the held-out end of the tokens."""
    kept = len(tokens) - int(HELD_OUT * len(tokens))
    return tokens[:kept], tokens[kept:]


def train_epoch(model, optimizer, tokens: np.ndarray, batch: int, unroll: int, clip: float) -> None:
    """One pass over the tokens; the gradient of the mean loss of a window is clipped by its global norm."""
    steps = (len(tokens) - 1) // batch
    rows = np.arange(batch)[None, :] * steps
    state = None
    for start in range(0, steps, unroll):
        places = rows + np.arange(start, min(start + unroll, steps))[:, None]
        inputs, targets = torch.from_numpy(tokens[places]), torch.from_numpy(tokens[places + 1])
        optimizer.zero_grad()
        logits, state = model(inputs, state)
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        state = tuple(part.detach() for part in state)


@torch.no_grad()
def validate(model, tokens: np.ndarray, batch: int, unroll: int) -> float:
    """Mean loss in nats. Every prediction once: P = N − 1 in B stretches, the first P mod B of them one longer."""
    predictions = len(tokens) - 1
    short, longer = divmod(predictions, batch)
    rows = np.arange(batch)
    origin, length = rows * short + np.minimum(rows, longer), short + (rows < longer)
    nats, state = 0.0, None
    for start in range(0, int(length.max()), unroll):
        t = np.arange(start, min(start + unroll, int(length.max())))[:, None]
        scored = t < length[None, :]
        places = np.where(scored, origin[None, :] + t, 0)
        logits, state = model(torch.from_numpy(tokens[places]), state)
        losses = cross_entropy(
            logits.flatten(0, 1), torch.from_numpy(tokens[np.where(scored, places + 1, 0)]).flatten(), reduction="none"
        )
        nats += losses.double()[torch.from_numpy(scored).flatten()].sum().item()
    return nats / predictions
