"""PyTorch from the start of the process to its first training step, and its steps: a character model as a script trains it.

    python torch_start.py TEXT ROW STEPS THREADS

Prints "ready" before the first step, then one JSON document with the first step and the median of the others.
"""

import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

import torch_peer


def main() -> None:
    path, row, count, threads = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    index = {character: i for i, character in enumerate(sorted(set(text)))}
    data = torch.tensor([index[character] for character in text])
    steps, rows = row["steps"], row["rows"]
    # Streams side by side: [B, N] to [N, B].
    length = (len(data) - 1) // rows
    inputs = data[: length * rows].view(rows, length).t().contiguous()
    targets = data[1 : length * rows + 1].view(rows, length).t().contiguous()
    row["vocabulary"] = len(index)
    model = torch_peer.LanguageModel(row)
    parameters = list(model.parameters())
    update = torch_peer.optimizer(row["optimizer"], parameters)
    state = None
    print("ready", flush=True)

    times = []
    for step in range(count):
        start = time.perf_counter()
        first = step * steps % (length - steps)
        x, y = inputs[first : first + steps], targets[first : first + steps]
        update.zero_grad(set_to_none=True)
        hidden, state = model.rnn(model.embedding(x), state)
        state = tuple(part.detach() for part in state)
        loss = F.cross_entropy(model.head(hidden).view(-1, len(index)), y.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        update.step()
        loss.item()
        times.append(1e3 * (time.perf_counter() - start))
    print(json.dumps({"first_step_ms": times[0], "median_step_ms": statistics.median(times[1:])}))


if __name__ == "__main__":
    main()
