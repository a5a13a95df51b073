#!/usr/bin/env python3
"""Writes the golden files: what PyTorch computes, in f64, with small nn.RNN, nn.GRU and nn.LSTM.

    python3 tools/golden.py [DIRECTORY]        needs torch and safetensors

Three kinds of file, for 1 and 2 layers each; T = 7 steps, B = 3 rows, D = 5 inputs, H = 6 units, V = 11 tokens.
Every float is stored as F64, every token as I32, every weight under PyTorch's name.

DIRECTORY/{rnn,relu,gru,lstm}_{1,2}.safetensors: a recurrent stack alone. The loss is 1/2 |y - target|^2 + <end, s_T>,
with y the top layer's outputs and s_T the final states of all layers, so that a gradient arrives at every step and at
the end.

    rnn.*                    the weights
    x [T,B,D]  target [T,B,H]
    h0, c0, end_h, end_c     [L,B,H] (c for the lstm only)
    y [T,B,H]  loss [1]  d_x [T,B,D]  d_h0, d_c0 [L,B,H]
    grad.rnn.*               the gradients of the weights

DIRECTORY/model/{rnn_tanh,rnn_relu,gru,lstm}_{1,2}.safetensors: a language model, embedding -> recurrent stack -> head.
The loss is the cross entropy, mean over T and B.

    init.{embedding.weight, rnn.*, head.weight, head.bias}     the weights
    inputs, targets [T,B]  h0, c0 [L,B,H]
    output [T,B,H]  h_n, c_n [L,B,H]  logits [T,B,V]  loss [1]
    grad.*                   the gradients of the weights, d_h0, d_c0 [L,B,H] those of the initial state
    d_h.l{k}, d_c.l{k}       [T,B,H]: the total gradients of the loss by h_t and c_t of layer k (`retain_grad`)
    losses.{sgd, sgd_clipped, sgd_nesterov, adam, adamw, rmsprop, adagrad} [10]
                             the loss before each of ten steps on this one batch, from `init` and from the same h0, c0
                             each time; losses_f32.* the same, computed in f32. `OPTIMIZERS` has the settings.

DIRECTORY/jacobian/{rnn,relu,residual,gru,lstm}_{1,2}.safetensors: the Jacobians of the joint state s_t (layer after layer, h
before c: n numbers) along a trajectory of one row, by `torch.func.jacrev`. The residual cell is h + 1/2 tanh(...).

    rnn.*                    the weights
    x [T,1,D]  h0, c0 [L,1,H]
    jacobians [T,n,n]        element (t, i, j) is the derivative of s_t[i] by s_{t-1}[j]
    ln_singular [T,2]        ln of the largest and smallest singular values of J_T ... J_{T-tau+1}, tau = 1 ... T

PyTorch clips by max_norm / (norm + 1e-6), so that a comparison of clipped losses has to add the 1e-6 too.
"""

import copy
import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch import nn, optim
from torch.func import jacrev
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

STEPS, ROWS, INPUT, HIDDEN, VOCABULARY = 7, 3, 5, 6, 11
UPDATES = 10

CELLS = {
    "rnn": lambda layers: nn.RNN(INPUT, HIDDEN, layers),
    "relu": lambda layers: nn.RNN(INPUT, HIDDEN, layers, nonlinearity="relu"),
    "gru": lambda layers: nn.GRU(INPUT, HIDDEN, layers),
    "lstm": lambda layers: nn.LSTM(INPUT, HIDDEN, layers),
}
MODELS = {"rnn_tanh": "rnn", "rnn_relu": "relu", "gru": "gru", "lstm": "lstm"}

# State parts by name, each [L,B,H] for a stack and [B,H] for one layer at one step.
State = dict[str, torch.Tensor]


def random_state(cell: str, layers: int, **options) -> State:
    return {part: torch.randn(layers, ROWS, HIDDEN, **options) for part in ("hc" if cell == "lstm" else "h")}


def run(rnn: nn.Module, x: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
    """x [T,B,D] and an initial state to the outputs [T,B,H] and the final state: PyTorch's call, for every cell."""
    output, last = rnn(x, (state["h"], state["c"]) if "c" in state else state["h"])
    return output, dict(zip("hc", last)) if "c" in state else {"h": last}


def stack_case(cell: str, layers: int) -> dict[str, torch.Tensor]:
    """A recurrent stack: weights, data, outputs and every gradient."""
    torch.manual_seed(layers)
    rnn = CELLS[cell](layers)
    x = torch.randn(STEPS, ROWS, INPUT, requires_grad=True)
    target = torch.randn(STEPS, ROWS, HIDDEN)
    state, end = random_state(cell, layers, requires_grad=True), random_state(cell, layers)
    y, last = run(rnn, x, state)
    loss = 0.5 * (y - target).square().sum() + sum((end[p] * last[p]).sum() for p in end)
    loss.backward()
    tensors = {"x": x, "target": target, "y": y, "loss": loss.reshape(1), "d_x": x.grad}
    for p in state:
        tensors |= {f"{p}0": state[p], f"end_{p}": end[p], f"d_{p}0": state[p].grad}
    for name, weight in rnn.named_parameters():
        tensors |= {f"rnn.{name}": weight, f"grad.rnn.{name}": weight.grad}
    return tensors


class LanguageModel(nn.Module):
    """Tokens [T,B] to logits [T,B,V]."""

    def __init__(self, cell: str, layers: int):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, INPUT)
        self.rnn = CELLS[cell](layers)
        self.head = nn.Linear(HIDDEN, VOCABULARY)

    def forward(self, inputs: torch.Tensor, state: State) -> tuple[torch.Tensor, torch.Tensor, State]:
        output, last = run(self.rnn, self.embedding(inputs), state)
        return self.head(output), output, last


def mean_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross entropy in nats, mean over T and B."""
    return cross_entropy(logits.flatten(0, 1), targets.flatten())


def step(cell: str, x: torch.Tensor, state: State, w_ih, w_hh, b_ih, b_hh) -> State:
    """One layer's equations for one step: x [B,D] and the state at t - 1 to the state at t."""
    from_input, from_state = x @ w_ih.T + b_ih, state["h"] @ w_hh.T + b_hh
    if cell == "rnn":
        return {"h": (from_input + from_state).tanh()}
    if cell == "relu":
        return {"h": (from_input + from_state).relu()}
    if cell == "residual":
        return {"h": state["h"] + 0.5 * (from_input + from_state).tanh()}
    if cell == "gru":
        (r_x, z_x, n_x), (r_h, z_h, n_h) = from_input.chunk(3, 1), from_state.chunk(3, 1)
        r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
        n = (n_x + r * n_h).tanh()
        return {"h": (1 - z) * n + z * state["h"]}
    i, f, g, o = (from_input + from_state).chunk(4, 1)
    c = f.sigmoid() * state["c"] + i.sigmoid() * g.tanh()
    return {"h": o.sigmoid() * c.tanh(), "c": c}


def gradients_through_time(cell: str, model: LanguageModel, inputs, targets, initial: State) -> dict[str, torch.Tensor]:
    """d_h.l{k} and d_c.l{k}, each [T,B,H]: a second forward and backward pass that keeps the gradient of every state.

    nn.RNN hides the states between its steps, so that this one loops over `step`. It proves itself: its loss and its
    gradients of the weights must equal those that `model` holds from nn.RNN.
    """
    twin = copy.deepcopy(model)
    twin.zero_grad()
    ys, parts = twin.embedding(inputs), {}
    for k, weights in enumerate(twin.rnn.all_weights):
        state, states = {p: s[k].detach() for p, s in initial.items()}, []
        for x in ys:
            state = step(cell, x, state, *weights)
            for s in state.values():
                s.retain_grad()
            states.append(state)
        ys = torch.stack([s["h"] for s in states])
        parts |= {f"d_{p}.l{k}": [s[p] for s in states] for p in initial}
    loss = mean_loss(twin.head(ys), targets)
    loss.backward()

    with torch.no_grad():
        expected = mean_loss(model(inputs, initial)[0], targets)
    torch.testing.assert_close(loss.detach(), expected, rtol=0, atol=1e-12)
    for ours, theirs in zip(twin.parameters(), model.parameters()):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=1e-12)
    return {name: torch.stack([s.grad for s in states]) for name, states in parts.items()}


def decay_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Matrices decay, biases do not."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]


# The optimizer of a model, and the global norm that its gradient is clipped to before each step. The norms here are
# 0.2 to 0.6 at first: a limit of 1 leaves them as they are, one of 0.1 acts at every step.
OPTIMIZERS = {
    "sgd": (lambda model: optim.SGD(model.parameters(), lr=0.5), 1.0),
    "sgd_clipped": (lambda model: optim.SGD(model.parameters(), lr=0.5), 0.1),
    "sgd_nesterov": (lambda model: optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True), None),
    "adam": (lambda model: optim.Adam(model.parameters(), lr=0.02), 1.0),
    "adamw": (lambda model: optim.AdamW(decay_groups(model, 0.1), lr=0.02), None),
    "rmsprop": (lambda model: optim.RMSprop(model.parameters(), lr=0.01), None),
    "adagrad": (lambda model: optim.Adagrad(model.parameters(), lr=0.05), None),
}


def losses(name: str, model: LanguageModel, inputs, targets, state: State, dtype: torch.dtype) -> torch.Tensor:
    """The loss before each of `UPDATES` steps on one batch, all computed in `dtype`; `model` stays as it is."""
    model = copy.deepcopy(model).to(dtype)
    state = {p: s.detach().to(dtype) for p, s in state.items()}
    make, max_norm = OPTIMIZERS[name]
    optimizer, curve = make(model), []
    for _ in range(UPDATES):
        optimizer.zero_grad()
        loss = mean_loss(model(inputs, state)[0], targets)
        loss.backward()
        if max_norm is not None:
            norm = clip_grad_norm_(model.parameters(), max_norm)
            assert name != "sgd_clipped" or norm > max_norm, "the limit has to act"
        optimizer.step()
        curve.append(loss.item())
    return torch.tensor(curve)


def model_case(cell: str, layers: int) -> dict[str, torch.Tensor]:
    """A language model: weights, data, outputs, every gradient, and the losses under each of `OPTIMIZERS`."""
    torch.manual_seed(layers)
    model = LanguageModel(cell, layers)
    inputs, targets = torch.randint(VOCABULARY, (2, STEPS, ROWS))
    state = random_state(cell, layers, requires_grad=True)
    logits, output, last = model(inputs, state)
    loss = mean_loss(logits, targets)
    loss.backward()
    tensors = {"inputs": inputs.int(), "targets": targets.int(), "output": output, "logits": logits}
    tensors["loss"] = loss.reshape(1)
    for p in state:
        tensors |= {f"{p}0": state[p], f"{p}_n": last[p], f"d_{p}0": state[p].grad}
    for name, weight in model.named_parameters():
        tensors |= {f"init.{name}": weight, f"grad.{name}": weight.grad}
    tensors |= gradients_through_time(cell, model, inputs, targets, state)
    for name in OPTIMIZERS:
        for prefix, dtype in (("losses", torch.float64), ("losses_f32", torch.float32)):
            tensors[f"{prefix}.{name}"] = losses(name, model, inputs, targets, state, dtype)
    return tensors


def jacobian_case(cell: str, layers: int) -> dict[str, torch.Tensor]:
    """The Jacobians of the joint state along a trajectory, and the singular values of their products."""
    torch.manual_seed(layers)
    rnn = CELLS["rnn" if cell == "residual" else cell](layers)
    parts = "hc" if cell == "lstm" else "h"
    x = torch.randn(STEPS, 1, INPUT)
    states = torch.randn(layers, len(parts), 1, HIDDEN)
    tensors = {"x": x} | {f"{p}0": states[:, i] for i, p in enumerate(parts)}

    def joint(x: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
        following = []
        for weights, state in zip(rnn.all_weights, s.view(layers, len(parts), 1, HIDDEN)):
            state = step(cell, x, dict(zip(parts, state)), *weights)
            following += [state[p].flatten() for p in parts]
            x = state["h"]
        return torch.cat(following)

    s, jacobians, product, singular = states.flatten(), [], None, []
    with torch.no_grad():
        for x_t in x:
            jacobians.append(jacrev(lambda s: joint(x_t, s))(s))
            s = joint(x_t, s)
        for jacobian in reversed(jacobians):
            product = jacobian if product is None else product @ jacobian
            values = torch.linalg.svdvals(product)
            singular.append(torch.stack([values[0], values[-1]]).log())
    tensors |= {"jacobians": torch.stack(jacobians), "ln_singular": torch.stack(singular)}
    return tensors | {f"rnn.{name}": weight for name, weight in rnn.named_parameters()}


def main() -> None:
    default = pathlib.Path(__file__).resolve().parent.parent / "crates/longspan/tests/golden"
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    for kind in ("model", "jacobian"):
        (directory / kind).mkdir(parents=True, exist_ok=True)
    torch.set_default_dtype(torch.float64)
    for layers in (1, 2):
        cases = {f"{cell}_{layers}": stack_case(cell, layers) for cell in CELLS}
        cases |= {f"model/{case}_{layers}": model_case(cell, layers) for case, cell in MODELS.items()}
        cases |= {f"jacobian/{cell}_{layers}": jacobian_case(cell, layers) for cell in [*CELLS, "residual"]}
        for name, tensors in cases.items():
            tensors = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
            save_file(tensors, directory / f"{name}.safetensors", metadata={"torch": torch.__version__})
            print(name)


if __name__ == "__main__":
    main()
