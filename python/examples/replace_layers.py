# %% [markdown]
# # Run the layers of a model on Longspan's kernels
#
# `longspan.nn.replace` puts layers into a model that have the weights, outputs and gradients of PyTorch's own, and compute
# them on the kernels of Longspan.

# %%
import copy
import statistics
import time

import torch
from torch import nn

import longspan.nn

torch.manual_seed(0)
torch.set_num_threads(1)


# %%
class Model(nn.Module):
    """Two recurrent layers with a readout."""

    def __init__(self, layer: type[nn.RNNBase]) -> None:
        super().__init__()
        self.rnn = layer(64, 64, num_layers=2, batch_first=True)
        self.head = nn.Linear(64, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores at each step."""
        return self.head(self.rnn(x)[0])


def run(model: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Run forwards and backwards. Returns the output and the gradients of the weights."""
    model.zero_grad()
    output = model(x)
    output.square().mean().backward()
    return output.detach(), [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    """The largest difference, relative to the largest number."""
    return ((a - b).abs().max() / b.abs().max()).item()


# %% [markdown]
# ## Equal outputs, gradients and weights

# %%
x = torch.randn(8, 100, 64)
models = {}
for layer in (nn.RNN, nn.GRU, nn.LSTM):
    own = Model(layer)
    replaced = longspan.nn.replace(copy.deepcopy(own))
    models[layer.__name__] = own, replaced
    (y, grads), (other_y, other_grads) = run(own, x), run(replaced, x)
    differences = [relative(a, b) for a, b in zip(other_grads, grads, strict=True)]
    print(f"{layer.__name__:4} outputs differ by {relative(other_y, y):.0e}, gradients by {max(differences):.0e}")
    assert own.state_dict().keys() == replaced.state_dict().keys()

# %% [markdown]
# ## Speed
#
# Forward and backward pass, both models in turn, the median of 9 rounds. A machine that does other work shows other numbers.

# %%
for name, pair in models.items():
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(9):
        for model, kept in zip(pair, times, strict=True):
            began = time.perf_counter()
            run(model, x)
            kept.append(time.perf_counter() - began)
    torch_ms, longspan_ms = (1e3 * statistics.median(kept) for kept in times)
    print(f"{name:4} PyTorch {torch_ms:.1f} ms, Longspan {longspan_ms:.1f} ms: {torch_ms / longspan_ms:.2f} times as fast")
