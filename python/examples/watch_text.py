# %% [markdown]
# # Find out why a text model does not learn
#
# A model reads lines of text and predicts how each line ends. It does not learn. `longspan.watch` observes its recurrent layer
# while it trains, and its verdict names the cause and a fix.

# %%
import tempfile
from pathlib import Path

import torch
from torch import nn

import longspan

torch.manual_seed(0)
torch.set_num_threads(1)
runs = Path(tempfile.mkdtemp())

# %% [markdown]
# ## The text
#
# A line begins with a bracket, continues with letters, and ends with the bracket that closes the first one. To predict the last
# character, a model has to remember the first one.

# %%
OPENING, CLOSING, LETTERS = "([{<", ")]}>", "abcdefgh"
CHARACTERS = OPENING + CLOSING + LETTERS
LENGTH = 30


def lines(count: int, draw: torch.Generator) -> list[str]:
    """Draw lines of text."""
    kinds = torch.randint(len(OPENING), (count,), generator=draw)
    letters = torch.randint(len(LETTERS), (count, LENGTH), generator=draw)
    texts = ["".join(LETTERS[i] for i in row) for row in letters]
    return [OPENING[kind] + text + CLOSING[kind] for kind, text in zip(kinds, texts, strict=True)]


def encoded(texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """All characters but the last ones, and the last ones, as indices."""
    indices = torch.tensor([[CHARACTERS.index(character) for character in text] for text in texts])
    return indices[:, :-1], indices[:, -1]


draw = torch.Generator().manual_seed(1)
train_x, train_y = encoded(lines(2048, draw))
valid_x, valid_y = encoded(lines(256, draw))
print(lines(2, draw))

# %% [markdown]
# ## The model, watched
#
# `needed_lag` says how many steps back the task needs information.


# %%
class Model(nn.Module):
    """Predicts the last character of a line."""

    def __init__(self, layer: type[nn.RNNBase]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(CHARACTERS), 16)
        self.rnn = layer(16, 32, batch_first=True)
        self.head = nn.Linear(32, len(CHARACTERS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores of all characters."""
        return self.head(self.rnn(self.embedding(x))[0][:, -1])


def train(model: nn.Module, name: str, steps: int = 300) -> tuple[float, longspan.Watch]:
    """Train a model, watched, and return its loss on held-out lines."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    draw = torch.Generator().manual_seed(2)
    with longspan.watch(model, optimizer, run=runs / name, needed_lag=LENGTH, every=25) as watch:
        for _ in range(steps):
            rows = torch.randint(len(train_x), (32,), generator=draw)
            loss = nn.functional.cross_entropy(model(train_x[rows]), train_y[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            watch.loss(loss)
        with torch.no_grad():
            valid = nn.functional.cross_entropy(model(valid_x), valid_y).item()
        watch.loss(valid, held_out=True, count=len(valid_y))
    return valid, watch


sick = Model(nn.RNN)
before, watch = train(sick, "sick")
print(f"loss on held-out lines: {before:.3f} (a guess among four brackets: {torch.tensor(4.0).log():.3f})")
print(watch.verdict())

# %% [markdown]
# The gradient that leaves the loss vanishes long before it reaches the bracket. The run has it at every time step.

# %%
run = longspan.Run(runs / "sick")
assert run.gradient is not None
last = run.survival[-1, 0]
for back in (1, 5, 10, 20, LENGTH):
    print(f"{back:3} steps back: {last[back]:.1e} of the gradient at the last step")

# %% [markdown]
# ## The fix
#
# The verdict suggests an LSTM whose gates begin by keeping: forgetting times up to the required lag (chrono initialisation).

# %%
fixed = Model(nn.LSTM)
hidden = fixed.rnn.hidden_size
forget = torch.empty(hidden).uniform_(1, LENGTH).log()
fixed.rnn.bias_hh_l0.data[hidden : 2 * hidden] = forget
fixed.rnn.bias_hh_l0.data[:hidden] = -forget
after, watch = train(fixed, "fixed")
print(f"loss on held-out lines: {before:.3f} before, {after:.3f} after")
print(watch.verdict())

# %% [markdown]
# ## A figure

# %%
try:
    figure = run.plot()
except ImportError as error:
    print(error)
else:
    figure.savefig(runs / "sick.png")
    print(f"figure: {runs / 'sick.png'}")
