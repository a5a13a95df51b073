"""PyTorch: nn.RNN, nn.GRU and nn.LSTM; language models of nn.Embedding, these, nn.Linear; F.cross_entropy.

Where PyTorch offers several ways, the fastest on one core is taken: fused Adam, and nn.LSTMCell for single steps.
"""

import os

import torch
import torch.nn.functional as F
from torch import nn

import protocol

MODULES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
# Batches that are trained on in turn, as many as `longspan-bench` has.
WINDOWS = 8


def recurrent(row: dict) -> nn.Module:
    if row["cell"] not in MODULES:
        raise protocol.Absent(f"torch.nn has no {row['cell']} cell")
    return MODULES[row["cell"]](row["input"], row["hidden"], row["layers"])


def size(tensors) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def stack(row: dict):
    module = recurrent(row)
    x = torch.randn(row["steps"], row["rows"], row["input"], requires_grad=True)
    d_y = torch.randn(row["steps"], row["rows"], row["hidden"])

    def run() -> None:
        module.zero_grad(set_to_none=True)
        x.grad = None
        module(x)[0].backward(d_y)

    return run, size([*module.parameters(), x, d_y])


def ragged(row: dict) -> dict:
    """A PackedSequence, which lies packed before the clock runs, and rows padded to the longest."""
    module = recurrent(row)
    lengths = torch.tensor(row["lengths"])
    shape = row["steps"], row["rows"], row["input"]
    packed = nn.utils.rnn.pack_padded_sequence(torch.randn(shape), lengths)

    def pass_over(x, read):
        x.requires_grad_()
        d_y = torch.randn(*x.shape[:-1], row["hidden"])

        def run() -> None:
            module.zero_grad(set_to_none=True)
            x.grad = None
            read(x).backward(d_y)

        return run

    return {
        "packed": pass_over(packed.data, lambda x: module(packed._replace(data=x))[0].data),
        "padded": pass_over(torch.randn(shape), lambda x: module(x)[0]),
    }


class LanguageModel(nn.Module):
    def __init__(self, row: dict):
        super().__init__()
        self.embedding = nn.Embedding(row["vocabulary"], row["input"])
        self.rnn = recurrent(row)
        self.head = nn.Linear(row["hidden"], row["vocabulary"])

    def forward(self, tokens):
        return self.head(self.rnn(self.embedding(tokens))[0])


def optimizer(name: str, parameters):
    if name == "adam":
        return torch.optim.Adam(parameters, lr=2e-3, fused=True)
    return torch.optim.SGD(parameters, lr=2e-3)


def step(row: dict):
    model = LanguageModel(row)
    parameters = list(model.parameters())
    update = optimizer(row["optimizer"], parameters)
    windows = torch.randint(row["vocabulary"], (WINDOWS, row["steps"] + 1, row["rows"]))
    turn = 0

    def run() -> None:
        nonlocal turn
        window = windows[turn % WINDOWS]
        turn += 1
        update.zero_grad(set_to_none=True)
        logits = model(window[:-1])
        loss = F.cross_entropy(logits.view(-1, row["vocabulary"]), window[1:].reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        update.step()
        loss.item()

    return run, size([*parameters, windows])


def stream(row: dict):
    embedding = nn.Embedding(row["vocabulary"], row["input"])
    cell = nn.LSTMCell(row["input"], row["hidden"])
    head = nn.Linear(row["hidden"], row["vocabulary"])
    tokens = torch.randint(row["vocabulary"], (1000, 1))
    state, turn = None, 0

    def run() -> None:
        nonlocal state, turn
        with torch.inference_mode():
            state = cell(embedding(tokens[turn % 1000]), state)
            head(state[0])
        turn += 1

    return run


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    protocol.serve("PyTorch", torch.__version__, stack, step, stream, ragged)
