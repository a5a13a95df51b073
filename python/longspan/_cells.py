"""The calls of a cell in a loop, joined into the passes that the kernels read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from longspan._layers import Layers
from longspan._recorded import Calls, Pass, add, given_state

# The share of the gradient of a state below which the part that does not come from the next step is rounding.
_ROUNDING = 1e-5


@dataclass
class CellCall:
    """One call of a cell."""

    x: Tensor
    given: list[Tensor]
    returned: list[Tensor]
    grads: list[Tensor | None]
    backwards: set[int] = field(default_factory=set)


class CellCalls(Calls[CellCall]):
    """The calls of ``nn.RNNCell``, ``nn.GRUCell`` or ``nn.LSTMCell`` in one step. A chain of them is one pass."""

    def record(self, args: Any, kwargs: Any, output: Any, random: Tensor | None) -> None:
        """Record a call, and let the gradients be recorded when they arrive."""
        returned = list(output) if isinstance(output, tuple) else [output]
        if not returned[0].requires_grad:
            return
        given = given_state(args, kwargs)
        call = CellCall(
            (args[0] if args else kwargs["input"]).detach(),
            [state.detach() for state in given],
            # Copies, because a model may write to its states.
            [state.detach().clone() for state in returned],
            [None] * len(returned),
        )
        chain = self._append(call, given, returned, lambda before: before.x.shape == call.x.shape)

        def of_state(k: int) -> Callable[[Tensor], None]:
            return lambda grad: call.grads.__setitem__(k, add(call.grads[k], grad.detach()))

        for k, state in enumerate(returned):
            self._hook(state, chain, call.backwards, of_state(k))

    def _joined(self, chain: list[CellCall]) -> Pass:
        return _sequence(self.layers, chain)


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
        torch.stack(own[::-1]) if any(call.grads[0] is not None for call in chain) else None,
        d_last[: len(final.returned)],
        set().union(*(call.backwards for call in chain)),
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
