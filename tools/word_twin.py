#!/usr/bin/env python3
"""Trains the small word model of Zaremba, Sutskever and Vinyals (2014) with Longspan and with PyTorch, and compares them.

    python3 tools/word_twin.py PROGRAM TEXT DIRECTORY [--seeds N] [--epochs N] [--vocabulary N] [--same-weights]
                                                                                     needs torch, numpy and safetensors

Prints the validation perplexity after each epoch of each run, then the medians over the seeds and their ratio. PROGRAM is
`longspan`; its runs go to DIRECTORY.

Two lstm layers of 200 units, batch 20, windows of 20 steps with carried state, SGD with learning rate 20, halved in each epoch
after the fourth, the gradient of the mean loss clipped by its global norm at 0.25. The last tenth of the words and line ends is
held out. Every weight and bias is drawn from U(−0.1, 0.1), by each program from its own generator, or with --same-weights by
PyTorch for both.
"""

import argparse
import collections
import json
import math
import pathlib
import statistics
import subprocess

import numpy as np
import torch
from safetensors.torch import save_file
from torch_text import LanguageModel, split, train_epoch, validate

LAYERS, HIDDEN, BATCH, UNROLL, RATE, CLIP, RADIUS, LAST_FULL_EPOCH = 2, 200, 20, 20, 20.0, 0.25, 0.1, 4
# One each, so that a machine that is shared delays neither by threads that wait for one another.
THREADS = 1


def read_words(path: pathlib.Path, vocabulary: int) -> tuple[np.ndarray, int]:
    """The tokens as numbers, and how many there are: <unk>, <eos>, then the most frequent words of the training part."""
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    words = [word for line in lines for word in [*line.split(), "<eos>"]]
    counts = collections.Counter(word for word in split(words)[0] if word != "<eos>")
    ids = {word: i for i, word in enumerate(["<unk>", "<eos>", *(word for word, _ in counts.most_common(vocabulary - 2))])}
    return np.array([ids.get(word, 0) for word in words]), len(ids)


def draw(vocabulary: int, seed: int) -> LanguageModel:
    """PyTorch's model before training."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)
    model = LanguageModel(vocabulary, HIDDEN, LAYERS)
    for weight in model.parameters():
        torch.nn.init.uniform_(weight, -RADIUS, RADIUS)
    return model


def torch_losses(model: LanguageModel, tokens: np.ndarray, seed: int, epochs: int) -> list[float]:
    """Validation losses of PyTorch in nats."""
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    train, valid = split(tokens)
    losses = []
    for epoch in range(1, epochs + 1):
        optimizer.param_groups[0]["lr"] = RATE * 0.5 ** max(0, epoch - LAST_FULL_EPOCH)
        train_epoch(model, optimizer, train, BATCH, UNROLL, CLIP)
        losses.append(validate(model, valid, BATCH, UNROLL))
        print(f"torch     seed {seed}  epoch {epoch}  perplexity {math.exp(losses[-1]):.2f}", flush=True)
    return losses


def longspan_losses(program: str, text: pathlib.Path, run: pathlib.Path, size: int, initial: dict, seed: int, epochs: int):
    """Validation losses of Longspan in nats; `initial` are the settings of the initial weights."""
    settings = {
        "text": text, "level": "word", "vocab-size": size, "layers": LAYERS, "hidden": HIDDEN, **initial,
        "batch": BATCH, "unroll": UNROLL, "optimizer": "sgd", "lr": RATE, "clip": f"norm:{CLIP}",
        "schedule": f"halve_after:{LAST_FULL_EPOCH}", "epochs": epochs, "seed": seed, "threads": THREADS, "out": run,
    }  # fmt: skip
    flags = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
    subprocess.run([program, "--quiet", "train", *flags], check=True, stdout=subprocess.DEVNULL)
    records = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    losses = [record["loss"] for record in records if record["type"] == "valid"]
    for epoch, loss in enumerate(losses, 1):
        print(f"longspan  seed {seed}  epoch {epoch}  perplexity {math.exp(loss):.2f}", flush=True)
    return losses


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--vocabulary", type=int, default=2000)
    parser.add_argument("--same-weights", action="store_true")
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)

    tokens, size = read_words(options.text, options.vocabulary)
    ours, theirs = [], []
    for seed in range(options.seeds):
        model = draw(size, seed)
        initial = {"init": f"uniform:{RADIUS}", "forget-bias": 0}
        if options.same_weights:
            initial = {"from": options.directory / f"init-{seed}.safetensors"}
            save_file({name: weight.detach().contiguous() for name, weight in model.named_parameters()}, initial["from"])
        run = options.directory / f"seed-{seed}"
        ours.append(longspan_losses(options.program, options.text, run, size, initial, seed, options.epochs))
        theirs.append(torch_losses(model, tokens, seed, options.epochs))
    print("\nmedians over the seeds\nepoch    torch  longspan   ratio")
    for epoch, runs in enumerate(zip(zip(*theirs, strict=True), zip(*ours, strict=True), strict=True), 1):
        torch_perplexity, perplexity = (math.exp(statistics.median(losses)) for losses in runs)
        print(f"{epoch:5}  {torch_perplexity:7.2f}  {perplexity:8.2f}  {perplexity / torch_perplexity:6.4f}")


if __name__ == "__main__":
    main()
