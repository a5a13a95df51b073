"""What is recorded of the passes through a module, in the form that the kernels read.

A pass is a call of ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM``; several calls, each of which begins with the state that the one
before returned; or the calls of a cell (``nn.RNNCell``, ``nn.GRUCell``, ``nn.LSTMCell``) in a loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

CELLS = (nn.RNNCell, nn.GRUCell, nn.LSTMCell)

# The share of the gradient of a state below which the part that does not come from the next step is rounding.
_ROUNDING = 1e-5


class Layers:
    """The sizes and weights of an observed module."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        if isinstance(module, nn.RNNBase):
            self.kind = module.mode.lower()
            self.count, self.bidirectional = module.num_layers, module.bidirectional
            self.dropout = module.dropout if module.num_layers > 1 else 0.0
            self.batch_first = module.batch_first
        else:
            names = {nn.GRUCell: "gru", nn.LSTMCell: "lstm"}
            found = [name for cell, name in names.items() if isinstance(module, cell)]
            self.kind = found[0] if found else f"rnn_{module.nonlinearity}"
            self.count, self.bidirectional, self.dropout, self.batch_first = 1, False, 0.0, False
        self.input: int = module.input_size  # type: ignore[assignment]
        self.hidden: int = module.hidden_size  # type: ignore[assignment]
        self.directions = 2 if self.bidirectional else 1

    @property
    def name(self) -> str:
        """The class in PyTorch that has these layers: "LSTM"."""
        return {"gru": "GRU", "lstm": "LSTM"}.get(self.kind, "RNN")

    @property
    def suffixes(self) -> list[str]:
        """The suffixes of the tensors of each layer and direction: "l0", "l0_reverse"."""
        sides = ["", "_reverse"] if self.bidirectional else [""]
        return [f"l{layer}{side}" for layer in range(self.count) for side in sides]

    @property
    def weights(self) -> list[list[Tensor]]:
        """The weights of each layer, in the order of PyTorch."""
        if not isinstance(self.module, nn.RNNBase):
            names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
            return [[tensor for name in names if (tensor := getattr(self.module, name)) is not None]]
        names_of = self.module._all_weights
        per_layer = [names_of[k * self.directions : (k + 1) * self.directions] for k in range(self.count)]
        return [[getattr(self.module, name) for own in layer for name in own] for layer in per_layer]

    @property
    def dtype(self) -> torch.dtype:
        """The number type of the weights."""
        return self.weights[0][0].dtype

    @property
    def unobserved(self) -> str | None:
        """Why the module cannot be observed; None if it can."""
        if getattr(self.module, "proj_size", 0):
            return "it has proj_size, which the kernels do not have"
        if self.dtype not in (torch.float32, torch.float64):
            return f"its weights are {self.dtype}"
        return None

    def rows(self, values: Tensor, sizes: list[int] | None) -> Tensor:
        """Values of a sequence as ``[T, B, width]``, or packed as they are, on the CPU."""
        values = values.detach()
        if sizes is None:
            if values.dim() == 2:
                values = values.unsqueeze(1)
            elif self.batch_first:
                values = values.transpose(0, 1)
        return values.to("cpu", dtype=self.dtype).contiguous()


@dataclass
class Pass:
    """One pass, and the gradients that arrive at it.

    Sequences are ``[T, B, width]`` or packed, states ``[L·directions, B, H]``.
    """

    x: Tensor
    sizes: list[int] | None
    """``batch_sizes`` of a packed input."""
    state: list[Tensor]
    """h, and c of an LSTM; empty for zeros."""
    y: Tensor
    last: list[Tensor]
    """h_n, and c_n of an LSTM."""
    random: list[Tensor]
    """States of the generator before each call, if dropout drew from it."""
    given: list[Tensor] = field(default_factory=list)
    """The state before the pass and the one after it, as the model passes them on."""
    returned: list[Tensor] = field(default_factory=list)
    d_y: Tensor | None = None
    d_last: list[Tensor | None] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Number of time steps."""
        return len(self.sizes) if self.sizes else self.x.shape[0]

    @property
    def batch_sizes(self) -> list[int]:
        """Number of rows at each step."""
        return self.sizes or [self.x.shape[1]] * self.x.shape[0]

    @property
    def has_gradient(self) -> bool:
        """Whether a gradient arrived."""
        return self.d_y is not None or any(d is not None for d in self.d_last)

    def continues(self, before: Pass) -> bool:
        """Whether it begins with the state that another pass returned, with its gradient."""
        return follows(self.given, before.returned) and self.sizes is None and before.sizes is None


def follows(given: list[Tensor], returned: list[Tensor]) -> bool:
    """Whether a state is the one that was returned, not a copy."""
    pairs = zip(given, returned, strict=False)
    return 0 < len(given) == len(returned) and all(a is b and a.requires_grad for a, b in pairs)


def of_call(layers: Layers, args: Any, kwargs: Any, output: Any, random: Tensor | None) -> Pass | None:
    """Record a call of a module, and let the gradients be recorded when they arrive; None if there will be none."""
    input = args[0] if args else kwargs["input"]
    y, last = output
    last = list(last) if isinstance(last, tuple) else [last]
    given = given_state(args, kwargs)
    sizes, sorted_rows, x, data = None, None, input, y
    if isinstance(input, PackedSequence):
        sizes, sorted_rows = input.batch_sizes.tolist(), input.sorted_indices
        x, data = input.data, y.data
    if not data.requires_grad:
        return None
    recorded = Pass(
        layers.rows(x, sizes),
        sizes,
        [_state(state, sorted_rows) for state in given],
        layers.rows(data, sizes),
        [_state(state, sorted_rows) for state in last],
        [] if random is None else [random],
        given,
        last,
        d_last=[None] * len(last),
    )

    def arrived(grad: Tensor) -> None:
        recorded.d_y = layers.rows(grad, sizes)

    def arrived_at(k: int) -> Callable[[Tensor], None]:
        return lambda grad: recorded.d_last.__setitem__(k, _state(grad, sorted_rows))

    data.register_hook(arrived)
    for k, state in enumerate(last):
        state.register_hook(arrived_at(k))
    return recorded


def given_state(args: Any, kwargs: Any) -> list[Tensor]:
    """Return the state that a module was called with; empty if it begins with zeros."""
    hx = args[1] if len(args) > 1 else kwargs.get("hx")
    if hx is None:
        return []
    return list(hx) if isinstance(hx, tuple | list) else [hx]


def joined(passes: list[Pass]) -> list[Pass]:
    """Join passes that continue each other into one that is as long as all of them."""
    chains: list[list[Pass]] = []
    for one in passes:
        if chains and one.continues(chains[-1][-1]):
            chains[-1].append(one)
        else:
            chains.append([one])
    return [chain[0] if len(chain) == 1 else _join(chain) for chain in chains]


def _join(chain: list[Pass]) -> Pass:
    zeros = [torch.zeros_like(one.y) if one.d_y is None else one.d_y for one in chain]
    return Pass(
        torch.cat([one.x for one in chain]),
        None,
        chain[0].state,
        torch.cat([one.y for one in chain]),
        chain[-1].last,
        [random for one in chain for random in one.random],
        chain[0].given,
        chain[-1].returned,
        torch.cat(zeros) if any(one.d_y is not None for one in chain) else None,
        chain[-1].d_last,
    )


def masks(layers: Layers, recorded: Pass) -> list[Any]:
    """Draw the masks of dropout between the layers again, from the states of the generator before the calls."""
    if not recorded.random:
        return []
    sizes, width = recorded.batch_sizes, layers.hidden * layers.directions
    steps = recorded.steps // len(recorded.random)
    shape = (sum(sizes), width) if recorded.sizes else (steps, sizes[0], width)
    ones = torch.ones(shape, dtype=recorded.x.dtype)
    drawn: list[list[Tensor]] = []
    now = torch.get_rng_state()
    try:
        for random in recorded.random:
            torch.set_rng_state(random)
            drawn.append([nn.functional.dropout(ones, layers.dropout) for _ in range(layers.count - 1)])
    finally:
        torch.set_rng_state(now)
    return [array(torch.cat(parts)) for parts in zip(*drawn, strict=True)]


@dataclass
class CellCall:
    """One call of a cell."""

    x: Tensor
    given: list[Tensor]
    returned: list[Tensor]
    grads: list[Tensor | None]


def of_cell(args: Any, kwargs: Any, output: Any) -> CellCall | None:
    """Record a call of a cell; None if no gradient will arrive."""
    returned = list(output) if isinstance(output, tuple) else [output]
    if not returned[0].requires_grad:
        return None
    call = CellCall(
        (args[0] if args else kwargs["input"]).detach(),
        given_state(args, kwargs),
        returned,
        [None] * len(returned),
    )

    def arrived_at(k: int) -> Callable[[Tensor], None]:
        return lambda grad: call.grads.__setitem__(k, grad.detach())

    for k, state in enumerate(returned):
        state.register_hook(arrived_at(k))
    return call


def sequences(layers: Layers, calls: list[CellCall]) -> list[Pass]:
    """Join the calls of a cell, each of which begins with what the one before returned."""
    chains: list[list[CellCall]] = []
    for call in calls:
        before = chains[-1][-1] if chains else None
        if before is not None and follows(call.given, before.returned) and call.x.shape == before.x.shape:
            chains[-1].append(call)
        else:
            chains.append([call])
    return [_sequence(layers, chain) for chain in chains]


def _sequence(layers: Layers, chain: list[CellCall]) -> Pass:
    """The calls as one pass. The gradient of a state comes from the next call and from outside; only the second part enters."""

    def rows(values: Tensor) -> Tensor:
        return values.detach().reshape(-1, values.shape[-1]).to("cpu", dtype=layers.dtype)

    own: list[Tensor] = []
    d_cell: Tensor | None = None
    behind: Tensor | None = None
    for call in reversed(chain):
        total = torch.zeros_like(call.returned[0]) if call.grads[0] is None else call.grads[0]
        own.append(rows(total if behind is None else _difference(total, behind)))
        behind, outside = _through(layers.module, call)
        if call is chain[-1]:
            d_cell = outside
    final = chain[-1]
    d_last = [None, None if d_cell is None else rows(d_cell).unsqueeze(0)]
    return Pass(
        torch.stack([rows(call.x) for call in chain]),
        None,
        [rows(state).unsqueeze(0) for state in chain[0].given],
        torch.stack([rows(call.returned[0]) for call in chain]),
        [rows(state).unsqueeze(0) for state in final.returned],
        [],
        chain[0].given,
        final.returned,
        torch.stack(own[::-1]) if any(call.grads[0] is not None for call in chain) else None,
        d_last[: len(final.returned)],
    )


def _through(module: nn.Module, call: CellCall) -> tuple[Tensor | None, Tensor | None]:
    """The gradient by h before a call; and that by c after it with h fixed, which does not come from h."""
    if all(grad is None for grad in call.grads):
        return None, None
    with torch.enable_grad():
        before = [state.detach().requires_grad_() for state in call.given]
        given = tuple(before) if len(before) > 1 else (before[0] if before else None)
        after = module.forward(call.x, given)
        after = list(after) if isinstance(after, tuple) else [after]
        grads = [torch.zeros_like(a) if g is None else g for a, g in zip(after, call.grads, strict=True)]
        if len(after) > 1:
            # c is a part of the computation of h, so its gradient has that of h in it.
            (inner,) = torch.autograd.grad(after[0], after[1:], grads[:1], retain_graph=True, allow_unused=True)
            grads[1] = grads[1] if inner is None or call.grads[1] is None else _difference(grads[1], inner)
        d_before = torch.autograd.grad(after, before, grads, allow_unused=True) if before else [None]
    return d_before[0], grads[1] if len(grads) > 1 else None


def _difference(total: Tensor, part: Tensor) -> Tensor:
    """What is left of a gradient without a part of it; zero where that is rounding."""
    left = total - part
    return torch.where(left.abs() > _ROUNDING * total.abs().amax(), left, 0.0)


def _state(state: Tensor, sorted_rows: Tensor | None) -> Tensor:
    """A state as ``[L·directions, B, H]`` with the rows in the order of the packed input, on the CPU."""
    state = state.detach()
    if state.dim() == 2:
        state = state.unsqueeze(1)
    if sorted_rows is not None:
        state = state.index_select(1, sorted_rows)
    return state.to("cpu").contiguous()


def parts(states: list[Tensor]) -> list[Any]:
    """States ``[L·directions, B, H]`` of h and c as one ``[parts, B, H]`` for each layer and direction."""
    if not states:
        return []
    stacked = torch.stack(states, dim=1)
    return [array(stacked[k]) for k in range(stacked.shape[0])]


def array(tensor: Tensor) -> Any:
    """A tensor as an array of NumPy, without a copy if it is contiguous and on the CPU."""
    return tensor.detach().to("cpu").contiguous().numpy()
