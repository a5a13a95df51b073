#!/usr/bin/env python3
"""Watches small PyTorch trainings, healthy and sick, and says whether their causes are named.

    python3 tools/torch_runs.py DIRECTORY [NAME ...]

Writes a run for each into DIRECTORY, and prints a table: what is planted, what is found first, what else. A cause counts as
found if one of its codes is among the findings, and as first if the first finding that is not a note has one of them. No
healthy run may have a warning. Needs the package longspan (`pip install ./python`) and PyTorch.
"""

import sys
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import longspan

SEED = 11


class Reader(nn.Module):
    """Reads a sequence and predicts from its last output, or at each step."""

    def __init__(self, name, inputs=4, hidden=32, outputs=4, each=False, **options):
        super().__init__()
        self.rnn = getattr(nn, name)(inputs, hidden, batch_first=True, **options)
        self.head = nn.Linear(hidden * (2 if options.get("bidirectional") else 1), outputs)
        self.each = each

    def forward(self, x):
        y = self.rnn(x)[0]
        return self.head(y if self.each else y[:, -1])


class Cell(nn.Module):
    """The same with a cell in a loop."""

    def __init__(self, hidden=32):
        super().__init__()
        self.cell, self.head = nn.LSTMCell(4, hidden), nn.Linear(hidden, 4)
        self.cell.bias_hh.data[hidden : 2 * hidden] = 1.0

    def forward(self, x):
        state = None
        for t in range(x.shape[1]):
            state = self.cell(x[:, t], state)
        return self.head(state[0])


def recall(steps, noise=0.1, rows=16, size=1.0):
    """The class that the first step shows, in inputs of this size."""

    def draw(generator):
        classes = torch.randint(4, (rows,), generator=generator)
        x = noise * torch.randn(rows, steps, 4, generator=generator)
        x[torch.arange(rows), 0, classes] += 1.0
        return size * x, classes

    return draw


def sine(steps, rows=8):
    """The next value of sines of random phase and frequency."""

    def draw(generator):
        phase = 6.28 * torch.rand(rows, 1, generator=generator)
        step = 0.2 + 0.2 * torch.rand(rows, 1, generator=generator)
        wave = torch.sin(phase + step * torch.arange(steps + 1)).unsqueeze(2)
        return wave[:, :-1], wave[:, 1:]

    return draw


def broken(draw, at):
    """The same batches, of which one has a value that is not finite."""
    drawn = iter(range(1, 1_000_000))

    def with_one(generator):
        x, target = draw(generator)
        if next(drawn) == at:
            x[0, 3] = torch.inf
        return x, target

    return with_one


def fit(model, draw, run, steps=300, lr=1e-3, optimizer=torch.optim.Adam, clip=None, loss_of=None, held_out=None, needed=None,
        **options):
    """Train a model and return its watch."""
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    optimizer = optimizer(model.parameters(), lr=lr, **options)
    loss_of = loss_of or nn.functional.cross_entropy
    with longspan.watch(model, optimizer, run=run, needed_lag=needed, every=10) as watch:
        for step in range(steps):
            x, target = draw(generator)
            loss = loss_of(model(x), target)
            optimizer.zero_grad()
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            watch.loss(loss)
            if held_out is not None and step % 20 == 19:
                with torch.no_grad():
                    x, target = held_out
                    watch.loss(loss_of(model(x), target), held_out=True, count=len(target))
            if not torch.isfinite(loss):
                break
    return watch


def gained(model, gain):
    """A recurrent matrix that multiplies every state by the gain."""
    for name, weight in model.named_parameters():
        if "weight_hh" in name:
            nn.init.orthogonal_(weight)
            weight.data *= gain
    return model


def gate(model, first, last, value):
    """Set a part of the recurrent biases."""
    hidden = model.rnn.hidden_size
    for name, bias in model.rnn.named_parameters():
        if "bias_hh" in name:
            bias.data[first * hidden : last * hidden] = value
    return model


def windows(run, unroll, lag, carry=True):
    """A stream whose token repeats one `lag` steps ago, read in windows with a carried state."""
    torch.manual_seed(SEED)
    model = Reader("LSTM", inputs=4, each=True)
    gate(model, 1, 2, 3.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(SEED)
    stream = torch.randint(4, (16, lag), generator=generator)
    state = None
    with longspan.watch(model, optimizer, run=run, needed_lag=lag, every=10) as watch:
        for _ in range(400):
            stream = torch.cat([stream, torch.randint(4, (16, unroll), generator=generator)], 1)[:, -(lag + unroll):]
            x = nn.functional.one_hot(stream[:, lag:], 4).float()
            y, state = model.rnn(x, state)
            state = tuple(part.detach() for part in state) if carry else None
            loss = nn.functional.cross_entropy(model.head(y).flatten(0, 1), stream[:, :unroll].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch.loss(loss)
    return watch


def packed(run):
    """Two layers with dropout over packed rows."""
    torch.manual_seed(SEED)
    model = Reader("GRU", num_layers=2, dropout=0.2)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(SEED)
    with longspan.watch(model, optimizer, run=run, every=10) as watch:
        for _ in range(300):
            x, classes = recall(10)(generator)
            lengths = torch.randint(4, 11, (len(x),), generator=generator).tolist()
            _, h = model.rnn(pack_sequence([row[:n] for row, n in zip(x, lengths, strict=True)], enforce_sorted=False))
            loss = nn.functional.cross_entropy(model.head(h[-1]), classes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch.loss(loss)
    return watch


def padded(steps, length):
    """Rows of `length` steps, padded with zeros behind."""

    def draw(generator):
        x, classes = recall(length)(generator)
        return torch.cat([x, torch.zeros(len(x), steps - length, 4)], 1), classes

    return draw


def overfit(run):
    """Few rows in much noise are learned by heart."""
    kept = recall(8, noise=0.45, rows=48)(torch.Generator().manual_seed(SEED + 1))
    held_out = recall(8, noise=0.45, rows=512)(torch.Generator().manual_seed(SEED + 2))
    return fit(Reader("LSTM", hidden=64), lambda _: kept, run, steps=600, lr=3e-3, held_out=held_out)


mse = nn.functional.mse_loss
SGD, AdamW = torch.optim.SGD, torch.optim.AdamW

# Each healthy run.
HEALTHY = {
    "gru-recall": lambda run: fit(Reader("GRU"), recall(8), run, lr=1e-2, needed=7),
    "lstm-recall": lambda run: fit(gate(Reader("LSTM"), 1, 2, 1.0), recall(10), run, lr=1e-2, needed=9),
    "rnn-sine": lambda run: fit(Reader("RNN", inputs=1, outputs=1, each=True), sine(40), run, lr=3e-3, loss_of=mse),
    "lstm-sine-sgd": lambda run: fit(Reader("LSTM", inputs=1, outputs=1, each=True), sine(40), run, steps=600, lr=0.1,
                                     optimizer=SGD, momentum=0.9, loss_of=mse),
    "bidirectional": lambda run: fit(Reader("LSTM", bidirectional=True), recall(8), run, lr=1e-2),
    "packed-dropout": packed,
    "cell": lambda run: fit(Cell(), recall(8), run, lr=1e-2, needed=7),
    "clipped": lambda run: fit(Reader("GRU"), recall(8), run, lr=1e-2, clip=1.0, needed=7),
    "relu-identity": lambda run: fit(gained(Reader("RNN", nonlinearity="relu"), 1.0), recall(8), run, lr=3e-3, needed=7),
    "windows": lambda run: windows(run, unroll=20, lag=4),
}

# Each sick run, with the codes that name its cause.
SICK = {
    "vanishing-tanh": (["vanishing-gradient"],
                       lambda run: fit(gained(Reader("RNN"), 0.6), recall(60), run, needed=59)),
    "forget-closed": (["vanishing-gradient", "stuck-gates"],
                      lambda run: fit(gate(Reader("LSTM"), 1, 2, -5.0), recall(40), run, lr=3e-3, needed=39)),
    "update-open": (["vanishing-gradient", "stuck-gates"],
                    lambda run: fit(gate(Reader("GRU"), 1, 2, -5.0), recall(40), run, lr=3e-3, needed=39)),
    "truncated": (["truncation-too-short"], lambda run: windows(run, unroll=4, lag=30)),
    "exploding": (["exploding-gradient", "clip-missing", "non-finite"],
                  lambda run: fit(gained(Reader("RNN", nonlinearity="relu"), 2.0), recall(100), run, lr=0.01, optimizer=SGD)),
    "rate-too-large": (["step-too-large"], lambda run: fit(gate(Reader("LSTM"), 1, 2, 3.0), recall(20), run, lr=0.5, needed=19)),
    "rate-too-large-sgd": (["step-too-large", "non-finite", "exploding-gradient"],
                           lambda run: fit(Reader("LSTM", inputs=1, outputs=1, each=True), sine(40), run, lr=30.0,
                                           optimizer=SGD, loss_of=mse)),
    "rate-too-small": (["step-too-small"], lambda run: fit(Reader("GRU"), recall(8), run, lr=1e-6, needed=7)),
    "dead-relu": (["dead-units"],
                  lambda run: fit(gate(Reader("RNN", nonlinearity="relu"), 0, 1, -6.0), recall(8), run, needed=7)),
    "saturated": (["saturated-units", "unscaled-input"],
                  lambda run: fit(Reader("RNN"), recall(8, size=200.0), run, lr=1e-3, needed=7)),
    "overfitting": (["overfitting"], overfit),
    "clipped-always": (["clip-always"],
                       lambda run: fit(Reader("GRU"), recall(8), run, lr=0.05, optimizer=SGD, clip=1e-3, needed=7)),
    "weight-decay": (["weight-decay-dominates"],
                     lambda run: fit(Reader("GRU"), recall(8), run, lr=1e-2, optimizer=AdamW, weight_decay=20.0, needed=7)),
    "padding": (["padding-dominated"], lambda run: fit(Reader("GRU"), padded(100, 6), run, lr=3e-3)),
    "not-finite": (["non-finite"],
                   lambda run: fit(Reader("LSTM", inputs=1, outputs=1, each=True), broken(sine(20), 100), run, loss_of=mse)),
    "across-layers": (["vanishing-across-layers"],
                      lambda run: fit(scaled_layers(), recall(8), run, needed=7)),
}


def scaled_layers():
    """Six layers whose inputs are so small that almost no gradient reaches the bottom."""
    model = Reader("RNN", num_layers=6)
    for name, weight in model.rnn.named_parameters():
        if "weight_ih" in name and "l0" not in name:
            weight.data *= 0.05
    return model


def main():
    """Watch all runs, or those that are named."""
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    names = sys.argv[2:]
    torch.set_num_threads(1)
    found = first = alarms = sick = healthy = 0
    for name, make in HEALTHY.items():
        if names and name not in names:
            continue
        torch.manual_seed(SEED)
        findings = make(directory / name).findings()
        wrong = [finding.code for finding in findings if finding.severity != "note"]
        healthy, alarms = healthy + 1, alarms + bool(wrong)
        print(f"{name:20} healthy   {'ALARM ' + ', '.join(wrong) if wrong else 'no warning'}", flush=True)
    for name, (codes, make) in SICK.items():
        if names and name not in names:
            continue
        torch.manual_seed(SEED)
        findings = make(directory / name).findings()
        all_codes = [finding.code for finding in findings]
        top = next((finding.code for finding in findings if finding.severity != "note"), None)
        sick, found, first = sick + 1, found + any(code in codes for code in all_codes), first + (top in codes)
        result = "first" if top in codes else "found" if any(code in codes for code in all_codes) else "MISSED"
        print(f"{name:20} {result:9} {', '.join(all_codes) or 'nothing'}", flush=True)
    print(f"healthy: {alarms} of {healthy} alarmed; sick: {found} of {sick} found, {first} first")


if __name__ == "__main__":
    main()
