"""What a watch records, compared with automatic differentiation through the equations of the cells, step by step.

The definitions are those of docs/glossary.md. A layer of one direction is computed in its own order: step s of a reverse layer
reads the s-th position from the end of each row.
"""

import itertools
import json
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import longspan

T, B, D, H = 7, 3, 3, 4
LENGTHS = [7, 5, 2]
EPSILON = math.log(0.01)
KINDS = ["RNN_TANH", "RNN_RELU", "GRU", "LSTM"]
BOUND = {torch.float64: 1e-10, torch.float32: 1e-4}


def cell(kind, w, x, h, c):
    """One step: h, c, the recurrent products, and the gates and activations by name."""
    w_ih, w_hh, b_ih, b_hh = w
    q = h @ w_hh.T
    a, r = x @ w_ih.T + b_ih, q + b_hh
    if kind.startswith("RNN"):
        h = (a + r).tanh() if kind == "RNN_TANH" else (a + r).relu()
        return h, c, q, {"h": h}
    if kind == "GRU":
        (a_r, a_z, a_n), (r_r, r_z, r_n) = a.chunk(3, 1), r.chunk(3, 1)
        gates = {"r": (a_r + r_r).sigmoid(), "z": (a_z + r_z).sigmoid()}
        gates["n"] = (a_n + gates["r"] * r_n).tanh()
        return (1 - gates["z"]) * gates["n"] + gates["z"] * h, c, q, gates
    i, f, g, o = (a + r).chunk(4, 1)
    gates = {"i": i.sigmoid(), "f": f.sigmoid(), "g": g.tanh(), "o": o.sigmoid()}
    c = gates["f"] * c + gates["i"] * gates["g"]
    return gates["o"] * c.tanh(), c, q, gates


class Direction:
    """One layer and direction, computed step by step; all values keep their gradients."""

    def __init__(self, kind, weights, inputs, lengths, h, c, reverse):
        self.kind, self.h, self.c, self.q, self.gates, self.before = kind, [], [], [], [], []
        outputs = [[None] * n for n in lengths]
        for s in range(max(lengths)):
            rows = sum(n > s for n in lengths)
            at = [n - 1 - s if reverse else s for n in lengths[:rows]]
            x = torch.stack([inputs[b][t] for b, t in enumerate(at)])
            before = h[:rows]
            now, cell_state, q, gates = cell(kind, weights, x, before, c[:rows])
            for value in (now, q) + ((cell_state,) if kind == "LSTM" else ()):
                value.retain_grad()
            self.h.append(now)
            self.c.append(cell_state)
            self.q.append(q)
            self.gates.append(gates)
            self.before.append(before)
            for b, t in enumerate(at):
                outputs[b][t] = now[b]
            h, c = torch.cat([now, h[rows:]]), torch.cat([cell_state, c[rows:]])
        self.outputs, self.last, self.last_c = outputs, h, c

    def d_cell(self, s):
        """∂ℒ/∂c with h held fixed."""
        h, c, o = self.h[s].grad, self.c[s].detach(), self.gates[s]["o"].detach()
        return self.c[s].grad - h * o * (1 - c.tanh() ** 2)

    def curves(self):
        """Mean and maximum of ‖∂ℒ/∂h‖ and of the total ‖∂ℒ/∂c‖ over the rows, and ‖Γ‖, by step."""
        norms = [h.grad.norm(dim=1) for h in self.h]
        cells = [c.grad.norm(dim=1) for c in self.c] if self.kind == "LSTM" else []
        gamma = [(q.grad.T @ before.detach()).norm() for q, before in zip(self.q, self.before, strict=True)]
        of = [[x.mean() for x in norms], [x.max() for x in norms], [x.mean() for x in cells], [x.max() for x in cells], gamma]
        return [np.array([float(x) for x in curve]) for curve in of]

    def squares(self, row, anchor):
        """‖δ_{t−τ}‖² of a row for τ = 0, 1, …, h and c as independent coordinates."""
        steps = range(anchor, -1, -1)
        cells = [float(self.d_cell(s)[row].double().square().sum()) if self.kind == "LSTM" else 0.0 for s in steps]
        return np.array([float(self.h[s].grad[row].double().square().sum()) + d for s, d in zip(steps, cells, strict=True)])


def stack(kind, module, x, lengths, state):
    """All layers and directions, and the outputs of the top layer of each row."""
    directions, inputs = [], [[x[t, b] for t in range(n)] for b, n in enumerate(lengths)]
    sides = ["", "_reverse"] if module.bidirectional else [""]
    for layer in range(module.num_layers):
        of_layer = []
        for side in sides:
            names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
            weights = [getattr(module, f"{name}_l{layer}{side}") for name in names]
            k = len(directions)
            h, c = state[0][k], state[-1][k]
            directions.append(Direction(kind, weights, inputs, lengths, h, c, side != ""))
            of_layer.append(directions[-1].outputs)
        inputs = [[torch.cat(parts) for parts in zip(*rows, strict=True)] for rows in zip(*of_layer, strict=True)]
    return directions, inputs


def loss_of(where, outputs, last):
    """The loss from the outputs of each row or the last states of each layer and direction."""
    if where == "last states":
        return sum(((k + 1.5) * h * h + h).sum() for k, h in enumerate(last))
    scored = [row[-1:] if where == "last output" else row for row in outputs]
    return sum(((1 + b) * y.square() + (t + 1) * y).sum() for b, row in enumerate(scored) for t, y in enumerate(row))


def expected_lags(kind, module, x, lengths, state, where, anchors):
    """ln G(τ) of all layers and of each layer, by row; and ln of each layer's gradient over that of the top at the anchor."""
    directions, outputs = stack(kind, module, x, lengths, state)
    sides = 2 if module.bidirectional else 1
    pooled = where == "last states" and sides == 2
    last = [direction.last for direction in directions]
    loss = loss_of(where, outputs, last)
    read = last[-sides:] if where == "last states" else [outputs[b][t] for b, t in enumerate(anchors)]
    entering = torch.autograd.grad(loss, read)
    one = sum((d * value).sum() for d, value in zip(entering, read, strict=True))
    for direction in directions:
        for value in direction.h + direction.q + direction.c:
            value.grad = None
    one.backward()
    counted = [k for k in range(len(directions)) if sides == 1 or pooled or k % 2 == 0]
    squares = [[_grads(directions[k]).squares(b, t) for b, t in enumerate(anchors)] for k in counted]
    total = [sum(of_layer[b] for of_layer in squares) for b in range(len(lengths))]
    return counted, squares, total


def _grads(direction):
    """The same direction, with zeros where no gradient arrives."""
    for value in direction.h + (direction.c if direction.kind == "LSTM" else []):
        if value.grad is None:
            value.grad = torch.zeros_like(value)
    return direction


def ln_g(series):
    """ln G(τ) = ½ (ln ‖δ_{t−τ}‖² − ln ‖δ_t‖²)."""
    with np.errstate(divide="ignore"):
        return 0.5 * (np.log(series) - np.log(series[0]))


def restored(part):
    """A part of a file of a run with its numbers that are not finite: they are null, and ``not_finite`` has their names."""
    if isinstance(part, list):
        return [restored(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {key: restored(value) for key, value in part.items() if key != "not_finite"}
    for key, names in part.get("not_finite", {}).items():
        if isinstance(names, str):
            found[key] = float(names)
        else:
            for position, name in names.items():
                found[key][int(position)] = float(name)
    return found


def numbers(values):
    """Numbers of a file of a run."""
    return np.array([float(value) for value in values])


def close(found, expected, bound, what):
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    assert found.shape == expected.shape, what
    scale = max(1e-300, float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0)))
    same = (found == expected) | (np.abs(found - expected) <= bound * np.maximum(np.abs(expected), 0.01 * scale))
    assert same.all(), f"{what}: {found} is not {expected}"


def draw(kind, layers, bidirectional, with_state, dtype):
    """A module whose gates reach their edges, an input, and a state."""
    torch.manual_seed(7)
    if kind.startswith("RNN"):
        module = nn.RNN(D, H, layers, nonlinearity=kind[4:].lower(), bidirectional=bidirectional)
    else:
        module = getattr(nn, kind)(D, H, layers, bidirectional=bidirectional)
    module = module.to(dtype)
    for weight in module.parameters():
        # A relu without bounds gets smaller weights.
        weight.data *= 1.2 if kind == "RNN_RELU" else 2.0
    x = 1.5 * torch.randn(T, B, D, dtype=dtype)
    count = layers * (2 if bidirectional else 1)
    parts = 2 if kind == "LSTM" else 1
    state = [
        torch.randn(count, B, H, dtype=dtype) if with_state else torch.zeros(count, B, H, dtype=dtype) for _ in range(parts)
    ]
    return module, x, state


def observed(tmp_path, kind, module, x, lengths, state, where, given):
    """Take one watched step; return the record of the step and the recomputed layers."""
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    before = [weight.detach().clone() for weight in module.parameters()]
    packed = lengths != [T] * B
    with longspan.watch(module, optimizer, run=tmp_path / "run", every=1) as watch:
        input = pack_padded_sequence(x, lengths) if packed else x
        hx = (tuple(state) if kind == "LSTM" else state[0]) if given else None
        y, last = module(input, hx)
        y = pad_packed_sequence(y)[0] if packed else y
        outputs = [[y[t, b] for t in range(n)] for b, n in enumerate(lengths)]
        loss = loss_of(where, outputs, last[0] if kind == "LSTM" else last)
        loss.backward()
        grads = [weight.grad.detach().clone() for weight in module.parameters()]
        optimizer.step()
        watch.loss(loss)
    lines = (restored(json.loads(line)) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines())
    (record,) = (line for line in lines if line["type"] == "step")
    (watched,) = watch._modules
    return record, watched, before, grads


CASES = [
    case
    for case in itertools.product(
        KINDS,
        (1, 2),
        (False, True),
        (False, True),
        (False, True),
        ("every output", "last output", "last states"),
        (torch.float64, torch.float32),
    )
]


def identity(case):
    kind, layers, bidirectional, packed, given, where, dtype = case
    words = [kind, f"{layers}", "both" if bidirectional else "one", "packed" if packed else "padded"]
    return "-".join([*words, "given" if given else "zeros", where.replace(" ", "_"), str(dtype)[6:]])


@pytest.mark.parametrize("case", CASES, ids=identity)
def test_everything_recorded_equals_automatic_differentiation(tmp_path, case):
    kind, layers, bidirectional, packed, given, where, dtype = case
    bound = BOUND[dtype]
    lengths = LENGTHS if packed else [T] * B
    module, x, state = draw(kind, layers, bidirectional, given, dtype)
    record, watched, before, grads = observed(tmp_path, kind, module, x, lengths, state, where, given)
    after = [weight.detach().clone() for weight in module.parameters()]
    for weight, old in zip(module.parameters(), before, strict=True):
        weight.data.copy_(old)
        weight.grad = None

    # What follows is computed from the definitions, in float64: the record has to be that exact.
    module = module.double()
    x, state = x.double(), [part.double() for part in state]
    directions, outputs = stack(kind, module, x, lengths, state)
    own = loss_of(where, outputs, [direction.last for direction in directions])
    own.backward()
    directions = [_grads(direction) for direction in directions]
    for direction in directions:
        for q in direction.q:
            q.grad = torch.zeros_like(q) if q.grad is None else q.grad

    close(record["loss"], own.item(), bound, "loss")
    for name, weight, grad in zip((n for n, _ in module.named_parameters()), module.parameters(), grads, strict=True):
        close(grad, weight.grad, 10 * bound, f"gradient of {name}")
    norm = math.sqrt(sum(float(weight.grad.square().sum()) for weight in module.parameters()))
    close(10 ** record["log10_global_norm"], norm, bound, "gradient norm")
    assert not record["clipped"]
    for k, direction in enumerate(directions):
        names = ("mean of ∂h", "maximum of ∂h", "mean of ∂c", "maximum of ∂c", "‖Γ‖")
        for name, found, expected in zip(names, watched._replay.curves(k), direction.curves(), strict=True):
            close(found, expected, bound, f"{name} of layer {k}")
        first, final = direction.curves()[0][[0, -1]]
        with np.errstate(divide="ignore", invalid="ignore"):
            survival = float(np.log10(first / final))
        assert float(record["log10_survival"][k]) == pytest.approx(survival, abs=bound, nan_ok=True)

    snapshot = record["snapshot"]
    assert (snapshot["batch"]["rows"], snapshot["batch"]["positions"]) == (B, sum(lengths))
    check_gates(kind, directions, snapshot["layers"], bound)
    check_updates(module, before, after, grads, norm, snapshot, bound)
    check_lags(kind, module, x, lengths, state, where, snapshot["lag"], bound)
    assert watched.deviation < bound


def check_gates(kind, directions, layers, bound):
    """Openness and saturation over all positions: a window of up to 16 steps has no others."""
    for direction, record in zip(directions, layers, strict=True):
        values = {name: torch.cat([gates[name] for gates in direction.gates]).detach() for name in direction.gates[0]}
        sigmoid = {name: value for name, value in values.items() if name in "rzifo" and kind in ("GRU", "LSTM")}
        assert [gate["gate"] for gate in record["gates"]] == list(sigmoid)
        for gate, value in zip(record["gates"], sigmoid.values(), strict=True):
            close(gate["mean_openness"], float(value.mean()), bound, "openness")
            assert gate["closed_share"] == pytest.approx(float((value < 0.05).double().mean()))
            assert gate["open_share"] == pytest.approx(float((value > 0.95).double().mean()))
        others = {name: value for name, value in values.items() if name not in sigmoid}
        assert [activation["activation"] for activation in record["activations"]] == list(others)
        for activation, value in zip(record["activations"], others.values(), strict=True):
            saturated = value == 0 if kind == "RNN_RELU" else value.abs() > 0.95
            assert activation["saturated_share"] == pytest.approx(float(saturated.double().mean()))
            assert activation["saturated_units"] == int(saturated.all(dim=0).sum())


def check_updates(module, before, after, grads, norm, snapshot, bound):
    """Shares of the gradient, and ‖Δw‖ / ‖w‖."""
    named = zip(module.named_parameters(), before, after, grads, snapshot["tensors"], strict=True)
    for (name, _), old, new, grad, tensor in named:
        assert tensor["name"] == name
        close(tensor["share"], float(grad.double().square().sum()) / norm**2, 10 * bound, "share")
        ratio = float((new - old).double().norm() / old.double().norm())
        close(10 ** float(tensor["log10_update_ratio"]), ratio, 10 * bound, "update ratio")
    moved = math.sqrt(sum(float((new - old).double().square().sum()) for old, new in zip(before, after, strict=True)))
    size = math.sqrt(sum(float(old.double().square().sum()) for old in before))
    close(10 ** snapshot["log10_update_ratio"], moved / size, 10 * bound, "update ratio of all weights")


def check_lags(kind, module, x, lengths, state, where, lag, bound):
    """The lag profile. Where every output is scored, the anchor of a row is drawn from the last quarter of its steps."""
    quarters = [range(n - math.ceil(n / 4) if where == "every output" else n - 1, n) for n in lengths]
    problems = []
    for anchors in itertools.product(*quarters):
        try:
            check_lags_from(kind, module, x, lengths, state, where, anchors, lag, bound)
            return
        except AssertionError as problem:
            problems.append(str(problem))
    raise AssertionError("; ".join(problems))


def check_lags_from(kind, module, x, lengths, state, where, anchors, lag, bound):
    counted, squares, total = expected_lags(kind, module, x, lengths, state, where, anchors)
    live = [b for b in range(B) if total[b][0] > 0]
    assert (lag["rows"], lag["zero_gradient_rows"]) == (len(live), B - len(live))
    if not live:
        return
    longest = max(len(total[b]) for b in live)
    assert lag["lags"] == list(range(longest))
    assert lag["rows_at"] == [sum(tau < len(total[b]) for b in live) for tau in range(longest)]
    series = [ln_g(total[b]) for b in live]
    medians = []
    for tau in range(longest):
        values = np.array([row[tau] for row in series if tau < len(row)])
        medians.append(np.median(values) if np.isfinite(values).all() else None)
        for name, share in (("ln_median", 0.5), ("ln_p05", 0.05), ("ln_p25", 0.25), ("ln_p75", 0.75), ("ln_p95", 0.95)):
            if np.isfinite(values).all():
                close(float(lag["total"][name][tau]), np.quantile(values, share), bound, f"{name} at lag {tau}")
    for k in range(len(lag["layers"])):
        found = numbers(lag["layers"][k]["ln_median"])
        if k not in counted:
            assert len(found) == 0
            continue
        of_layer = squares[counted.index(k)]
        rows = [ln_g(of_layer[b]) for b in live if of_layer[b][0] > 0]
        for tau, value in enumerate(found):
            values = np.array([row[tau] for row in rows if tau < len(row)])
            if np.isfinite(values).all():
                close(value, np.median(values), bound, f"layer {k} at lag {tau}")
    window = sorted((len(total[b]) for b in live), reverse=True)[math.ceil(len(live) / 2) - 1] - 1
    if None not in medians[: window + 1]:
        below = next((tau for tau in range(window + 1) if medians[tau] < EPSILON), None)
        assert lag["horizon"]["at_least"] == (below is None)
        assert lag["horizon"]["steps"] == (window if below is None else max(0, below - 1))


@pytest.mark.parametrize("copied", [False, True])
def test_a_carried_state_is_one_that_was_returned_without_its_gradient(tmp_path, copied):
    torch.manual_seed(1)
    rnn = nn.LSTM(D, H)
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.01)
    state = (torch.zeros(1, B, H), torch.zeros(1, B, H))
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1):
        for _ in range(3):
            y, last = rnn(torch.randn(T, B, D), state)
            state = tuple(part.detach() for part in last) if copied else tuple(torch.randn_like(part) for part in last)
            optimizer.zero_grad()
            y.square().mean().backward()
            optimizer.step()
    assert json.loads((tmp_path / "run/run.json").read_text())["watched"]["carried"] is copied
