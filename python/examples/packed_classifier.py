# %% [markdown]
# # Look into a bidirectional classifier of packed sequences
#
# Sequences of different lengths are packed, so that PyTorch does not compute their padding. `longspan.watch` and
# `longspan.probe` observe such a module at every time step, in both directions.

# %%
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import longspan

torch.manual_seed(0)
torch.set_num_threads(1)
runs = Path(tempfile.mkdtemp())

# %% [markdown]
# ## The data
#
# A sequence of 10 to 40 noisy numbers has one peak, at its first or at its last step; the classes are the side of the peak and
# its sign.


# %%
def batch(rows: int, draw: torch.Generator) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Draw sequences and their classes."""
    lengths = torch.randint(10, 41, (rows,), generator=draw).tolist()
    classes = torch.randint(4, (rows,), generator=draw)
    sequences = [0.3 * torch.randn(length, 1, generator=draw) for length in lengths]
    for sequence, kind in zip(sequences, classes.tolist(), strict=True):
        sequence[0 if kind < 2 else -1] += 2.0 if kind % 2 else -2.0
    return sequences, classes


# %% [markdown]
# ## The model
#
# The readout sees the last state of each direction: what the forward layer knows at the end of a sequence, and the reverse
# layer at its beginning.


# %%
class Classifier(nn.Module):
    """Classifies packed sequences."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(1, 24, bidirectional=True)
        self.head = nn.Linear(48, 4)

    def forward(self, sequences: list[torch.Tensor]) -> torch.Tensor:
        """Return the scores of the classes."""
        _, last = self.gru(pack_sequence(sequences, enforce_sorted=False))
        return self.head(torch.cat([last[0], last[1]], dim=1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
draw = torch.Generator().manual_seed(1)
with longspan.watch(model, optimizer, run=runs / "packed", every=20) as watch:
    for _ in range(200):
        sequences, classes = batch(32, draw)
        loss = nn.functional.cross_entropy(model(sequences), classes)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        watch.loss(loss)
print(watch.verdict())

# %% [markdown]
# ## Both directions
#
# The forward layer `l0` carries the gradient back from the last step, the reverse layer `l0_reverse` from the first one.
# Distances are counted from the last time step of the longest sequence.

# %%
run = longspan.Run(runs / "packed")
assert run.gradient is not None
print(f"observed steps: {run.gradient.step.tolist()}")
for layer, name in enumerate(run.gradient.layers):
    norms = run.gradient.log10_norm[-1, layer]
    shown = ", ".join(f"{norms[back]:.1f} ({back} back)" for back in (0, 10, 20, 30))
    print(f"{name}: log10 of the gradient's norm {shown}")

# %% [markdown]
# ## One batch
#
# `longspan.probe` measures a single batch, without training. Lyapunov exponents need a single chain of states, so a
# bidirectional module has none.

# %%
sequences, classes = batch(64, draw)
measured = longspan.probe(model, sequences, classes)
print(measured)
with torch.no_grad():
    correct = (model(sequences).argmax(dim=1) == classes).float().mean().item()
print(f"correct: {correct:.0%}")

# %% [markdown]
# ## A figure

# %%
try:
    figure = run.plot()
except ImportError as error:
    print(error)
else:
    figure.savefig(runs / "packed.png")
    print(f"figure: {runs / 'packed.png'}")
