#!/usr/bin/env python3
"""Checks with PyTorch how settings for a loss that is summed over the steps of a window become those for its mean.

    python3 tools/sum_and_mean.py        needs torch

SGD on the sum over T steps, with learning rate η and clipping threshold c, and SGD on the mean, with ηT and c/T, are the same
iteration: the gradient of the sum is T times that of the mean, so both clip at the same windows, and

    η · min(1, c / ‖T g‖) · T g  =  ηT · min(1, (c/T) / ‖g‖) · g

Trains a small lstm language model both ways in f64, T = 20, from the same weights, and prints the largest difference of a weight
after every twentieth update, and how many windows were clipped. The gradients are clipped by c / ‖g‖; PyTorch's own
`clip_grad_norm_` divides by ‖g‖ + 1e-6, which is not the same share of the two norms.
"""

import torch
from torch_text import LanguageModel

VOCABULARY, HIDDEN, LAYERS, BATCH, STEPS, RATE, CLIP, UPDATES = 50, 20, 2, 4, 20, 1.0, 2.5, 100


def updates(tokens: torch.Tensor, initial: dict, scale: float, rate: float, clip: float):
    """Trains, and yields the weights and whether the gradient was clipped, after each update."""
    model = LanguageModel(VOCABULARY, HIDDEN, LAYERS).double()
    model.load_state_dict(initial)
    state = None
    for window in tokens.split(STEPS + 1):
        logits, state = model(window[:-1], state)
        state = tuple(part.detach() for part in state)
        # The mean over the rows of the batch, and over or along the steps.
        loss = scale * torch.nn.functional.cross_entropy(logits.flatten(0, 1), window[1:].flatten())
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            norm = torch.sqrt(sum(weight.grad.square().sum() for weight in model.parameters()))
            for weight in model.parameters():
                weight -= rate * min(1.0, clip / norm) * weight.grad
        yield [weight.detach().clone() for weight in model.parameters()], bool(norm > clip)


def main() -> None:
    torch.manual_seed(0)
    model = LanguageModel(VOCABULARY, HIDDEN, LAYERS).double()
    for weight in model.parameters():
        torch.nn.init.uniform_(weight, -0.1, 0.1)
    # Token t + 1 is one of two that token t allows, so that there is something to learn.
    tokens = torch.zeros(UPDATES * (STEPS + 1), BATCH, dtype=torch.long)
    for t in range(1, len(tokens)):
        tokens[t] = (3 * tokens[t - 1] + torch.randint(1, 3, (BATCH,))) % VOCABULARY
    initial = {name: weight.clone() for name, weight in model.state_dict().items()}
    summed = updates(tokens, initial, STEPS, RATE, CLIP)
    mean = updates(tokens, initial, 1, RATE * STEPS, CLIP / STEPS)
    clipped = 0
    for number, ((left, is_clipped), (right, also)) in enumerate(zip(summed, mean, strict=True), 1):
        assert is_clipped == also, number
        clipped += is_clipped
        if number % 20 == 0:
            difference = max((a - b).abs().max().item() for a, b in zip(left, right, strict=True))
            print(f"update {number:3}  largest difference of a weight {difference:.1e}  clipped {clipped} of {number}")


if __name__ == "__main__":
    main()
