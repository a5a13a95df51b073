"""What is recorded of the passes through a module, in the form that the kernels read.

A pass is a call of ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM``; several calls, each of which begins with the state that the one
before returned; or the calls of a cell in a loop (:mod:`longspan._cells`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from longspan._layers import Layers

Call = TypeVar("Call")


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
    d_y: Tensor | None = None
    d_last: list[Tensor | None] = field(default_factory=list)
    backwards: set[int] = field(default_factory=set)
    """The numbers of the backward passes in which a gradient arrived."""

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


@dataclass
class Backward:
    """The backward passes of a model, and the hooks that they call. What goes wrong in a hook is passed on to ``fail``."""

    fail: Callable[[BaseException], None]
    number: int = 0

    def hook(self, at: set[int], receive: Callable[[Tensor], None]) -> Callable[[Tensor | None], None]:
        """A hook that receives the gradient by a tensor, and notes in which backward passes one has arrived.

        A gradient that is itself differentiated (``create_graph=True``) is not received: it reaches the weights in another way,
        too. PyTorch calls the hook of an output that is not used with None.
        """

        def arrived(grad: Tensor | None) -> None:
            if grad is None:
                return
            try:
                if torch.is_grad_enabled():
                    at.add(-1)
                else:
                    at.add(self.number)
                    receive(grad)
            except Exception as error:
                self.fail(error)

        return arrived


class Chain(Generic[Call]):
    """Calls of a module, each of which begins with the state that the one before returned, with its gradient.

    It refers to the states that the model passes on weakly: what a model forgets, a watch does not keep.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        # The states with their versions, which grow when a state is written to.
        self._returned: list[tuple[weakref.ref[Tensor], int]] = []

    def append(self, call: Call, returned: list[Tensor]) -> None:
        """Add a call that has returned a state."""
        self.calls.append(call)
        self._returned = [(weakref.ref(state), state._version) for state in returned]

    def goes_on_with(self, given: list[Tensor]) -> bool:
        """Whether a state is the one that was returned: not a copy, and not written to since."""
        pairs = zip(given, self._returned, strict=False)
        return 0 < len(given) == len(self._returned) and all(
            a is b() and a._version == version and a.requires_grad for a, (b, version) in pairs
        )


class Calls(Generic[Call]):
    """The calls of a module in one step.

    A chain is kept alive by the hooks of its tensors until a gradient arrives at one of them. So passes whose gradient is not
    wanted, as in a validation, disappear with their graph.
    """

    def __init__(self, layers: Layers, backward: Backward) -> None:
        self.layers, self._backward = layers, backward
        # The chains that a gradient has reached by their number, and the last backward pass in which one has.
        self._kept: dict[int, Chain[Call]] = {}
        self._kept_in = 0
        self._last: weakref.ref[Chain[Call]] | None = None
        self._count = 0

    def record(self, args: Any, kwargs: Any, output: Any, random: Tensor | None) -> None:
        """Record a call, and let the gradients be recorded when they arrive."""
        raise NotImplementedError

    def take(self) -> list[Pass]:
        """The passes that a gradient has reached since the last step, in their order."""
        chains = [self._kept[number].calls for number in sorted(self._kept)]
        self.forget()
        return [recorded for chain in chains if (recorded := self._joined(chain)).has_gradient]

    def forget(self) -> None:
        """Forget what was recorded."""
        self._kept, self._last = {}, None

    def _joined(self, chain: list[Call]) -> Pass:
        raise NotImplementedError

    def _append(self, call: Call, given: list[Tensor], returned: list[Tensor], fits: Callable[[Call], bool]) -> Chain[Call]:
        """Add a call to the last chain if it continues it, and otherwise to a new one."""
        last = None if self._last is None else self._last()
        if last is None or not (last.goes_on_with(given) and fits(last.calls[-1])):
            last = Chain()
            self._last = weakref.ref(last)
            self._count += 1
        last.append(call, returned)
        return last

    def _hook(self, tensor: Tensor, chain: Chain[Call], at: set[int], receive: Callable[[Tensor], None]) -> None:
        number = self._count

        def keep(grad: Tensor) -> None:
            if self._kept_in != self._backward.number and self._kept:
                # Of earlier backward passes, only the last chain may be observed.
                last = max(self._kept)
                self._kept = {last: self._kept[last]}
            self._kept_in = self._backward.number
            self._kept[number] = chain
            receive(grad)

        tensor.register_hook(self._backward.hook(at, keep))  # type: ignore[no-untyped-call]


class LayerCalls(Calls[Pass]):
    """The calls of ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM`` in one step. A chain of them is one pass, as long as all of them."""

    def record(self, args: Any, kwargs: Any, output: Any, random: Tensor | None) -> None:
        """Record a call, and let the gradients be recorded when they arrive."""
        layers = self.layers
        input = args[0] if args else kwargs["input"]
        y, last = output
        last = list(last) if isinstance(last, tuple) else [last]
        given = given_state(args, kwargs)
        sizes, sorted_rows, x, data = None, None, input, y
        if isinstance(input, PackedSequence):
            sizes, sorted_rows = input.batch_sizes.tolist(), input.sorted_indices
            x, data = input.data, y.data
        if not data.requires_grad:
            return
        recorded = Pass(
            layers.rows(x, sizes),
            sizes,
            [_state(state, sorted_rows) for state in given],
            # Copies: a model may write to its outputs (relu_, Dropout(inplace=True)).
            layers.rows(data, sizes).clone(),
            [_state(state, sorted_rows).clone() for state in last],
            [] if random is None else [random],
            d_last=[None] * len(last),
        )
        chain = self._append(recorded, given, last, lambda before: sizes is None and before.sizes is None)

        def of_outputs(grad: Tensor) -> None:
            recorded.d_y = add(recorded.d_y, layers.rows(grad, sizes))

        def of_state(k: int) -> Callable[[Tensor], None]:
            return lambda grad: recorded.d_last.__setitem__(k, add(recorded.d_last[k], _state(grad, sorted_rows)))

        self._hook(data, chain, recorded.backwards, of_outputs)
        for k, state in enumerate(last):
            self._hook(state, chain, recorded.backwards, of_state(k))

    def _joined(self, chain: list[Pass]) -> Pass:
        if len(chain) == 1:
            return chain[0]
        zeros = [torch.zeros_like(one.y) if one.d_y is None else one.d_y for one in chain]
        return Pass(
            torch.cat([one.x for one in chain]),
            None,
            chain[0].state,
            torch.cat([one.y for one in chain]),
            chain[-1].last,
            [random for one in chain for random in one.random],
            torch.cat(zeros) if any(one.d_y is not None for one in chain) else None,
            chain[-1].d_last,
            set().union(*(one.backwards for one in chain)),
        )


def add(sum: Tensor | None, grad: Tensor) -> Tensor:
    """Add the gradient of one more backward pass."""
    return grad if sum is None else sum + grad


def given_state(args: Any, kwargs: Any) -> list[Tensor]:
    """Return the state that a module was called with; empty if it begins with zeros."""
    hx = args[1] if len(args) > 1 else kwargs.get("hx")
    if hx is None:
        return []
    return list(hx) if isinstance(hx, tuple | list) else [hx]


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
