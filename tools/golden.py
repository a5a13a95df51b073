#!/usr/bin/env python3
"""Writes the golden files: what PyTorch computes, in f64, with small nn.RNN, nn.GRU and nn.LSTM.

    python3 tools/golden.py [DIRECTORY]        needs torch and safetensors

T = 7 steps, B = 3 rows, D = 5 inputs, H = 6 units, V = 11 tokens; stacks, models and encoders with 1 and 2 layers each.
Every float is stored as F64, every token as I32, every weight under PyTorch's name.

DIRECTORY/{rnn,relu,gru,lstm}_{1,2}.safetensors: a recurrent stack alone. The loss is 1/2 |y - target|^2 + <end, s_T>,
with y the top layer's outputs and s_T the final states of all layers, so that a gradient arrives at every step and at
the end.

    rnn.*                    the weights
    x [T,B,D]  target [T,B,H]
    h0, c0, end_h, end_c     [L,B,H] (c for the lstm only)
    y [T,B,H]  loss [1]  d_x [T,B,D]  d_h0, d_c0 [L,B,H]
    grad.rnn.*               the gradients of the weights

DIRECTORY/{bidirectional_{rnn,gru,lstm}_2,connected_{gru,lstm}_3}.safetensors: the same over rows of 7, 4 and 2 steps, as packed
sequences: places [P] instead of [T,B], step after step. Bidirectional ones have outputs of 2H and states [2L,B,H]. Connected ones
are composed of single layers: what arrives below layer k is the sum of what the layers below it have put out, layer 0 on; what a
layer above the first reads, and what comes out at the end, is normalised; and a layer's initial state is one vector for all
rows. connected_gru_3 is bidirectional, connected_lstm_3 is not.

    as above, without h0, c0, d_h0, d_c0 for connected ones, which have among their weights
    rnn.norm_weight_l{k}, rnn.norm_bias_l{k}, k = 1 ... 3     rnn.h0_l{k}[_reverse], rnn.c0_l{k} [H]

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

DIRECTORY/loss/{cross_entropy, weighted, last, all, mean, squared, absolute, labels}.safetensors: numbers -> lstm -> head over
rows of 7, 4, 4 and 1 steps, a PackedSequence, whose places lie as ours do. Of K = 4 classes or K = 2 numbers.

    init.*                   the weights
    x [places,D]             numbers that f32 can hold
    cross_entropy, weighted  targets [places], -1 where nothing is scored; weights [K]
    last, all, mean          labels [B]: predicted at the last step, at every step, from the mean over the steps
    squared, absolute, labels    scored [n], the places; values [n,K]
    loss [1]  grad.*         the mean loss and the gradients of the weights

DIRECTORY/encoder/{gru,lstm}_{1,2}.safetensors: encoder and decoder, tokens on both sides. The sequences that the encoder reads
have other lengths than those that the decoder says, and are given in the decoder's order.

    init.*                   the weights: encoder.embedding.weight, encoder.rnn.*, decoder.*, head.*
    read [S,B]  read_lengths [B]     what the encoder reads, and how much of each column
    inputs, targets [places]         of the decoder, over rows of 5, 4, 4 and 1 steps
    loss [1]  grad.*  d_h0, d_c0 [L,B,H]     the gradients of the weights and of the decoder's first state

DIRECTORY/reach/{rnn_tanh,rnn_relu,gru,lstm}_{1,2}.safetensors: how far the gradient reaches in such a model, T = 12, from a
zero state.

    init.*, inputs, targets
    anchors [B]              the one step of each row whose loss counts in what follows
    d_h.l{k}, d_c.l{k}       [T,B,H]: the total gradients of the rows' losses at their anchors by h_t and c_t
    s_c.l{k}                 [T,B,H]: the gradient by c_t where h_t is held fixed
    d_x [T,B,D]              the gradient by the rows of the embedding as they are read
    bias.{1,4,5} [3]         K steps of backpropagation against all, of the mean loss of all steps: ratio of the norms,
                             relative error, cosine

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
from torch.nn import functional
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

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


LENGTHS = (7, 4, 2)
MODULES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class Connected(nn.Module):
    """Layers of one direction or two with residual sums, norms and learned initial states between and below them."""

    def __init__(self, cell: str, layers: int, bidirectional: bool):
        super().__init__()
        self.directions = 2 if bidirectional else 1
        width = self.directions * HIDDEN
        self.layers = nn.ModuleList(
            MODULES[cell](INPUT if k == 0 else width, HIDDEN, bidirectional=bidirectional) for k in range(layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        for norm in self.norms:
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)
        parts = "hc" if cell == "lstm" else "h"
        self.initial = [{p: nn.Parameter(torch.randn(self.directions, HIDDEN)) for p in parts} for _ in range(layers)]

    def forward(self, x: PackedSequence) -> tuple[torch.Tensor, State]:
        read, total, ends = x, None, []
        for layer, norm, initial in zip(self.layers, self.norms, self.initial):
            output, last = run(layer, read, {p: s[:, None].repeat(1, ROWS, 1) for p, s in initial.items()})
            ends.append(last)
            total = output.data if total is None else output.data + total
            read = PackedSequence(norm(total), x.batch_sizes)
        return read.data, {p: torch.cat([last[p] for last in ends]) for p in ends[0]}

    def named_weights(self) -> dict[str, torch.Tensor]:
        weights = {}
        for k, (layer, norm, initial) in enumerate(zip(self.layers, self.norms, self.initial)):
            weights |= {name.replace("_l0", f"_l{k}"): weight for name, weight in layer.named_parameters()}
            weights |= {f"norm_weight_l{k + 1}": norm.weight, f"norm_bias_l{k + 1}": norm.bias}
            weights |= {f"{p}0_l{k}": s for p, s in initial.items()}
        return weights


def packed_case(cell: str, connected: bool) -> dict[str, torch.Tensor]:
    """A stack over rows of different lengths: weights, data, outputs and every gradient."""
    torch.manual_seed(3)
    layers, bidirectional = (3, cell == "gru") if connected else (2, True)
    directions = 2 if bidirectional else 1
    x = pack_padded_sequence(torch.randn(max(LENGTHS), ROWS, INPUT), torch.tensor(LENGTHS)).data.requires_grad_()
    packed = PackedSequence(x, torch.tensor([sum(length > t for length in LENGTHS) for t in range(max(LENGTHS))]))
    state = random_state(cell, directions * layers, requires_grad=True)
    end = random_state(cell, directions * layers)
    if connected:
        model = Connected(cell, layers, bidirectional)
        weights, (y, last) = model.named_weights(), model(packed)
    else:
        rnn = MODULES[cell](INPUT, HIDDEN, layers, bidirectional=True)
        output, last = run(rnn, packed, state)
        weights, y = dict(rnn.named_parameters()), output.data
    target = torch.randn_like(y)
    loss = 0.5 * (y - target).square().sum() + sum((end[p] * last[p]).sum() for p in end)
    loss.backward()
    tensors = {"x": x, "target": target, "y": y, "loss": loss.reshape(1), "d_x": x.grad}
    for p in end:
        tensors[f"end_{p}"] = end[p]
        if not connected:
            tensors |= {f"{p}0": state[p], f"d_{p}0": state[p].grad}
    for name, weight in weights.items():
        if weight.dim() == 2 and name[1:4] == "0_l":
            # One vector for each direction.
            for d, suffix in enumerate(("", "_reverse")[:directions]):
                tensors |= {f"rnn.{name}{suffix}": weight[d], f"grad.rnn.{name}{suffix}": weight.grad[d]}
        else:
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


# Rows of the losses' window, and of the decoder's with what the encoder reads for each: in another order of lengths.
RAGGED = [7, 4, 4, 1]
SAID, READ = [5, 4, 4, 1], [3, 6, 2, 5]
CLASSES, VALUES, READ_TOKENS = 4, 2, 9
VALUE_LOSSES = {
    "squared": functional.mse_loss,
    "absolute": functional.l1_loss,
    # Of all of a place's labels together: the sum over them, the mean over the places.
    "labels": lambda x, y: functional.binary_cross_entropy_with_logits(x, y) * x.shape[1],
}


def with_gradients(model: nn.Module, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    loss.backward()
    tensors = {"loss": loss.reshape(1)}
    for name, weight in model.named_parameters():
        tensors |= {f"init.{name}": weight, f"grad.{name}": weight.grad}
    return tensors


def pack(columns: torch.Tensor, lengths: list[int]) -> PackedSequence:
    """Columns [T,B,...], sorted by length."""
    return pack_padded_sequence(columns, torch.tensor(lengths))


class Reader(nn.Module):
    """Numbers, packed, to outputs of K at every place, or from the mean of each row."""

    def __init__(self, outputs: int):
        super().__init__()
        self.rnn = nn.LSTM(INPUT, HIDDEN)
        self.head = nn.Linear(HIDDEN, outputs)

    def forward(self, x: PackedSequence, mean: bool = False) -> torch.Tensor:
        y = self.rnn(x)[0]
        if mean:
            padded, lengths = pad_packed_sequence(y)
            return self.head(padded.sum(0) / lengths[:, None])
        return self.head(y.data)


def loss_case(name: str) -> dict[str, torch.Tensor]:
    """One loss over ragged rows."""
    torch.manual_seed(7)
    model = Reader(VALUES if name in VALUE_LOSSES else CLASSES)
    places, rows = sum(RAGGED), len(RAGGED)
    x = pack(torch.randn(RAGGED[0], rows, INPUT).float().double(), RAGGED)
    tensors = {"x": x.data}
    if name in VALUE_LOSSES:
        scored = torch.tensor([i for i in range(places) if i % 3 != 1])
        values = torch.randn(len(scored), VALUES).float().double()
        values = (values > 0).double() if name == "labels" else values
        loss = VALUE_LOSSES[name](model(x)[scored], values)
        tensors |= {"scored": scored.int(), "values": values}
    elif name in ("cross_entropy", "weighted"):
        targets = torch.randint(CLASSES, (places,))
        targets[torch.arange(places) % 3 == 1] = -1
        weights = torch.tensor([0.5, 2.0, 0.0, 3.0])
        weight = weights if name == "weighted" else None
        loss = cross_entropy(model(x), targets, weight=weight, ignore_index=-1)
        tensors |= {"targets": targets.int(), "weights": weights}
    else:
        labels = torch.randint(CLASSES, (rows,))
        steps = torch.arange(RAGGED[0])[:, None].repeat(1, rows)
        row, step = (pack(x, RAGGED).data for x in (torch.arange(rows).repeat(RAGGED[0], 1), steps))
        if name == "mean":
            loss = cross_entropy(model(x, mean=True), labels)
        else:
            counted = step == torch.tensor(RAGGED)[row] - 1 if name == "last" else step >= 0
            loss = cross_entropy(model(x)[counted], labels[row[counted]])
        tensors |= {"labels": labels.int()}
    return tensors | with_gradients(model, loss)


class Side(nn.Module):
    """An embedding and a recurrent stack."""

    def __init__(self, cell: str, tokens: int, layers: int):
        super().__init__()
        self.embedding = nn.Embedding(tokens, INPUT)
        self.rnn = CELLS[cell](layers)

    def forward(self, tokens: PackedSequence, state=None):
        return self.rnn(tokens._replace(data=self.embedding(tokens.data)), state)


class Seq2Seq(nn.Module):
    """What is read [S,B], of any lengths, and the decoder's packed inputs to packed logits and the state between the two."""

    def __init__(self, cell: str, layers: int):
        super().__init__()
        self.encoder, self.decoder = Side(cell, READ_TOKENS, layers), Side(cell, VOCABULARY, layers)
        self.head = nn.Linear(HIDDEN, VOCABULARY)

    def forward(self, read: torch.Tensor, inputs: PackedSequence):
        read = pack_padded_sequence(read, torch.tensor(READ), enforce_sorted=False)
        state = self.encoder(read)[1]
        for part in state if isinstance(state, tuple) else (state,):
            part.retain_grad()
        return self.head(self.decoder(inputs, state)[0].data), state


def encoder_case(cell: str, layers: int) -> dict[str, torch.Tensor]:
    """Encoder and decoder: every gradient, and that of the state between them."""
    torch.manual_seed(layers)
    model, rows = Seq2Seq(cell, layers), len(SAID)
    read = torch.randint(READ_TOKENS, (max(READ), rows))
    inputs, targets = (pack(torch.randint(VOCABULARY, (SAID[0], rows)), SAID) for _ in range(2))
    logits, state = model(read, inputs)
    tensors = with_gradients(model, cross_entropy(logits, targets.data))
    tensors |= {"read": read.int(), "read_lengths": torch.tensor(READ).int()}
    tensors |= {"inputs": inputs.data.int(), "targets": targets.data.int()}
    state = state if isinstance(state, tuple) else (state,)
    return tensors | {f"d_{p}0": part.grad for p, part in zip("hc", state)}


LOSSES = ("cross_entropy", "weighted", "last", "all", "mean", *VALUE_LOSSES)


def reach_case(cell: str, layers: int) -> dict[str, torch.Tensor]:
    """The gradient of single losses on its way back, and what truncation does to the gradient of all of them."""
    torch.manual_seed(10 + layers)
    steps, model = 12, LanguageModel(cell, layers)
    # PyTorch's weights let the gradient vanish within the few steps: stronger ones do not.
    with torch.no_grad():
        for weight in model.rnn.parameters():
            weight *= 1.8
    inputs, targets = torch.randint(VOCABULARY, (2, steps, ROWS))
    anchors = torch.tensor([11, 7, 9])
    tensors = {"inputs": inputs.int(), "targets": targets.int(), "anchors": anchors.int()}
    tensors |= {f"init.{name}": weight for name, weight in model.named_parameters()}

    x = model.embedding(inputs)
    x.retain_grad()
    ys, kept = x, {}
    for k, weights in enumerate(model.rnn.all_weights):
        state = {p: torch.zeros(ROWS, HIDDEN) for p in ("hc" if cell == "lstm" else "h")}
        states = []
        for y in ys:
            state = step(cell, y, state, *weights)
            seen = {f"d_{p}.l{k}": s for p, s in state.items()}
            if "c" in state:
                # What goes on to the next step, apart from what becomes h.
                state = {"h": state["h"], "c": state["c"].clone()}
                seen[f"s_c.l{k}"] = state["c"]
            states.append(seen)
        ys = torch.stack([s[f"d_h.l{k}"] for s in states])
        kept |= {name: [s[name] for s in states] for name in states[0]}
    for parts in kept.values():
        for s in parts:
            s.retain_grad()
    logits = model.head(ys)
    rows = torch.arange(ROWS)
    cross_entropy(logits[anchors, rows], targets[anchors, rows], reduction="sum").backward()
    zero = torch.zeros(ROWS, HIDDEN)
    tensors |= {name: torch.stack([zero if s.grad is None else s.grad for s in parts]) for name, parts in kept.items()}
    tensors["d_x"] = x.grad

    def gradient(truncation: int) -> torch.Tensor:
        model.zero_grad()
        part = {p: torch.zeros(layers, ROWS, HIDDEN) for p in ("hc" if cell == "lstm" else "h")}
        for first in range(0, steps, truncation):
            window = slice(first, first + truncation)
            logits, _, part = model(inputs[window], part)
            (mean_loss(logits, targets[window]) * len(inputs[window]) / steps).backward()
            part = {p: s.detach() for p, s in part.items()}
        return torch.cat([weight.grad.flatten() for weight in model.parameters()])

    full = gradient(steps)
    for truncation in (1, 4, 5):
        g = gradient(truncation)
        tensors[f"bias.{truncation}"] = torch.stack(
            [g.norm() / full.norm(), (g - full).norm() / full.norm(), g @ full / (g.norm() * full.norm())]
        )
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
    crates = pathlib.Path(__file__).resolve().parent.parent / "crates"

    def file(name: str) -> pathlib.Path:
        """The file of a case, in the tests of the crate that needs its code."""
        crate = "data" if name.startswith(("loss/", "encoder/")) else "longspan"
        directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else crates / crate / "tests/golden"
        path = directory / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    torch.set_default_dtype(torch.float64)
    cases = {f"bidirectional_{cell}_2": packed_case(cell, connected=False) for cell in MODULES}
    cases |= {f"connected_{cell}_3": packed_case(cell, connected=True) for cell in ("gru", "lstm")}
    for layers in (1, 2):
        cases |= {f"{cell}_{layers}": stack_case(cell, layers) for cell in CELLS}
        cases |= {f"model/{case}_{layers}": model_case(cell, layers) for case, cell in MODELS.items()}
        cases |= {f"jacobian/{cell}_{layers}": jacobian_case(cell, layers) for cell in [*CELLS, "residual"]}
        cases |= {f"reach/{case}_{layers}": reach_case(cell, layers) for case, cell in MODELS.items()}
        cases |= {f"encoder/{cell}_{layers}": encoder_case(cell, layers) for cell in ("gru", "lstm")}
        cases |= {f"loss/{name}": loss_case(name) for name in LOSSES if layers == 1}
    for name, tensors in cases.items():
        tensors = {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
        save_file(tensors, file(name), metadata={"torch": torch.__version__})
        print(name)


if __name__ == "__main__":
    main()
