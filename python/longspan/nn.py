"""Recurrent layers of PyTorch on Longspan's kernels: :class:`RNN`, :class:`GRU` and :class:`LSTM`.

They take the arguments of ``torch.nn.RNN``, ``torch.nn.GRU`` and ``torch.nn.LSTM``, and have their parameters,
``state_dict``, outputs and gradients. They run on the CPU; on another device, with ``proj_size``, with another number type
than float32 and float64, or under ``torch.func``, ``torch.export`` and ``torch.jit.trace``, a module runs
the layer of PyTorch that it inherits from. The same holds for input of a wrong shape, so that the error is PyTorch's.

>>> import torch
>>> import longspan.nn
>>> layer = longspan.nn.LSTM(8, 16, num_layers=2, batch_first=True)
>>> y, (h, c) = layer(torch.randn(4, 10, 8))
>>> y.shape, h.shape
(torch.Size([4, 10, 16]), torch.Size([2, 4, 16]))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn.utils.rnn import PackedSequence

from longspan import _core

__all__ = ["GRU", "LSTM", "RNN", "replace"]

# The kernels' layers of each module, by index and number type. They hold memory alone: a copy of a module gets its own.
_LAYERS: WeakKeyDictionary[torch.nn.Module, dict[Any, _core.Layer]] = WeakKeyDictionary()


class _Function(torch.autograd.Function):
    """One layer, in one or both directions: packed input ``[positions, D]`` to packed output and last states."""

    @staticmethod
    def forward(
        ctx: Any, name: str, layer: _core.Layer, sizes: list[int], parts: int, enabled: bool, x: Tensor, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        states, weights = tensors[:parts], tensors[parts:]
        rows, hidden = states[0].shape[-2:]
        # Under torch.no_grad(), the inputs may need gradients all the same.
        differentiable = enabled and any(ctx.needs_input_grad)
        x = x.detach().contiguous()
        y, last, tape = layer.forward(
            x.numpy(),
            sizes,
            [weight.detach().contiguous().numpy() for weight in weights],
            [state.detach().contiguous().numpy() for state in states],
            torch.get_num_threads(),
            differentiable,
        )
        ctx.name = name
        ctx.tape = tape
        ctx.shapes = [tensor.shape for tensor in weights]
        ctx.versions = [(weight, weight._version) for weight in weights]
        ctx.save_for_backward(x)
        ctx.set_materialize_grads(False)
        # Reshaped in NumPy: PyTorch forbids changes in place of an output that is a view.
        output = torch.from_numpy(y.reshape(x.shape[0], -1))
        return (output, *(torch.from_numpy(state.reshape(rows, hidden)) for state in last))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        with torch.no_grad():
            found = _Function._gradients(ctx, *grads)
        # Under create_graph=True, they need a graph: one that says that there is no second derivative.
        return _without_second_derivative(ctx.name, found) if torch.is_grad_enabled() else found

    @staticmethod
    def _gradients(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved_tensors
        (d_y, *d_last), shape = grads, ctx.shapes[1]
        if any(weight._version != version for weight, version in ctx.versions):
            raise RuntimeError(
                "a weight of a recurrent layer was changed in place after the forward pass: run the backward pass "
                "before the optimizer's step"
            )
        if ctx.tape is None:
            raise RuntimeError(
                f"longspan.nn.{ctx.name} can run only one backward pass for each forward pass, also with retain_graph=True: "
                f"run the forward pass again, or use the layer of PyTorch, torch.nn.{ctx.name}"
            )
        tape, ctx.tape = ctx.tape, None
        hidden = shape[1]
        directions = len(d_last) // (2 if shape[0] == 4 * hidden else 1)
        if d_y is None:
            d_y = x.new_zeros(x.shape[0], directions * hidden)
        d_state = [x.new_zeros(0) if d is None else d.contiguous() for d in d_last]
        d_x, d_first, d_weights = tape.backward(
            x.numpy(), d_y.contiguous().numpy(), [d.numpy() for d in d_state], ctx.needs_input_grad[5]
        )
        weights = [torch.from_numpy(d) for d in d_weights]
        if len(weights) != len(ctx.shapes):  # Without biases, the layer has them all the same: zeros.
            weights = [weight for i, weight in enumerate(weights) if i % 4 < 2]
        return (
            *(None,) * 5,
            None if d_x is None else torch.from_numpy(d_x).view_as(x),
            *(torch.from_numpy(d).view(-1, hidden) for d in d_first),
            *(d.view(shape) for d, shape in zip(weights, ctx.shapes, strict=True)),
        )


def _is_exporting() -> bool:
    """Whether torch.export traces. Under torch.compile, the kernels run between two compiled parts."""
    return hasattr(torch.compiler, "is_exporting") and torch.compiler.is_exporting()


class _NoSecondDerivative(torch.autograd.Function):
    """The identity, whose derivative is an error."""

    @staticmethod
    def forward(ctx: Any, name: str, *gradients: Tensor) -> tuple[Tensor, ...]:
        ctx.name = name
        return tuple(gradient.clone() for gradient in gradients)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        raise RuntimeError(
            f"longspan.nn.{ctx.name} has no second derivative, which a gradient of a gradient needs (create_graph=True): "
            f"use the layer of PyTorch, torch.nn.{ctx.name}"
        )


def _without_second_derivative(name: str, gradients: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    """The same gradients, with a graph that is an error to differentiate."""
    present = [gradient.requires_grad_() for gradient in gradients if gradient is not None]
    marked = iter(_NoSecondDerivative.apply(name, *present))
    return tuple(None if gradient is None else next(marked) for gradient in gradients)


class _Recurrent(torch.nn.RNNBase):
    """What the three modules share: layers, directions, packed and padded input, dropout between layers."""

    def _core_layer(self, index: int, dtype: torch.dtype) -> _core.Layer:
        layers = _LAYERS.setdefault(self, {})
        key = (index, dtype)
        if key not in layers:
            width = self.hidden_size * (2 if self.bidirectional else 1)
            layers[key] = _core.Layer(
                self.mode.lower(),
                self.input_size if index == 0 else width,
                self.hidden_size,
                self.bidirectional,
                dtype == torch.float64,
            )
        return layers[key]

    def _is_ours(self, input: Any, states: Sequence[Tensor] | None, parts: int) -> bool:
        """Whether the kernels can run this input. PyTorch runs everything else, or says what is wrong with it."""
        if torch._C._get_tracing_state() is not None or _is_exporting():
            return False
        if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
            return False
        x = input.data if isinstance(input, PackedSequence) else input
        given = () if states is None else states
        return (
            self.proj_size == 0
            and self._fits(input, states, parts)
            and all(
                # Subclasses, as the tensors of torch.export, have no numbers.
                type(tensor) in (Tensor, torch.nn.Parameter)
                and tensor.device.type == "cpu"
                and tensor.dtype == self.weight_ih_l0.dtype
                for tensor in (x, *given)
            )
            and x.dtype in (torch.float32, torch.float64)
            and not torch.is_autocast_enabled("cpu")
        )

    def _fits(self, input: Any, states: Sequence[Tensor] | None, parts: int) -> bool:
        """Whether the input and the states have the shapes of the layer, and are not empty."""
        count = self.num_layers * (2 if self.bidirectional else 1)
        if isinstance(input, PackedSequence):
            shape, rows = input.data.shape, [int(input.batch_sizes[0])]
            dims = len(shape) == 2
        elif isinstance(input, Tensor):
            shape = input.shape
            dims = len(shape) in (2, 3)
            rows = [shape[0 if self.batch_first else 1]] if len(shape) == 3 else []
        else:
            return False
        if not dims or shape[-1] != self.input_size or 0 in shape:
            return False
        expected = (count, *rows, self.hidden_size)
        return states is None or (len(states) == parts and all(state.shape == expected for state in states))

    def _run(self, x: Tensor, sizes: list[int], states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Run packed input through all layers; ``states`` are h, and c of an LSTM, ``[L·directions, B, H]``."""
        directions, parts = (2 if self.bidirectional else 1), len(states)
        last: list[list[Tensor]] = [[] for _ in states]
        for index in range(self.num_layers):
            own = slice(index * directions, (index + 1) * directions)
            weights = [getattr(self, name) for names in self._all_weights[own] for name in names]
            first = [state[k] for state in states for k in range(own.start, own.stop)]
            layer = self._core_layer(index, x.dtype)
            x, *after = _Function.apply(
                type(self).__name__, layer, sizes, len(first), torch.is_grad_enabled(), x, *first, *weights
            )
            for part in range(parts):
                last[part] += after[part * directions : (part + 1) * directions]
            if self.dropout and self.training and index + 1 < self.num_layers:
                x = torch.nn.functional.dropout(x, self.dropout, training=True)
        return x, [torch.stack(part) for part in last]

    def _forward(self, input: Tensor | PackedSequence, states: list[Tensor] | None, parts: int) -> tuple[Any, list[Tensor]]:
        directions = 2 if self.bidirectional else 1
        width, count = self.hidden_size * directions, self.num_layers * directions
        if isinstance(input, PackedSequence):
            x, batch_sizes, sorted_indices, unsorted_indices = input
            sizes = batch_sizes.tolist()
            if states is None:
                states = [x.new_zeros(count, sizes[0], self.hidden_size)] * parts
            elif sorted_indices is not None:
                states = [state.index_select(1, sorted_indices) for state in states]
            y, last = self._run(x, sizes, states)
            if unsorted_indices is not None:
                last = [state.index_select(1, unsorted_indices) for state in last]
            return PackedSequence(y, batch_sizes, sorted_indices, unsorted_indices), last
        batched = input.dim() == 3
        x = input if batched else input.unsqueeze(0 if self.batch_first else 1)
        if self.batch_first:
            x = x.transpose(0, 1)
        steps, rows, size = x.shape
        if states is None:
            states = [x.new_zeros(count, rows, self.hidden_size)] * parts
        elif not batched:
            states = [state.unsqueeze(1) for state in states]
        y, last = self._run(x.reshape(steps * rows, size), [rows] * steps, states)
        y = y.view(steps, rows, width)
        if self.batch_first:
            y = y.transpose(0, 1)
        if not batched:
            y = y.squeeze(0 if self.batch_first else 1)
            last = [state.squeeze(1) for state in last]
        return y, last


# The forward methods name the class of PyTorch, because torch.compile cannot follow super() to it.


class RNN(_Recurrent, torch.nn.RNN):
    """The Elman network, as ``torch.nn.RNN``: h_t = tanh(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh), or relu."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        states = None if hx is None else [hx]
        if not self._is_ours(input, states, 1):
            return torch.nn.RNN.forward(self, input, hx)
        y, (h,) = self._forward(input, states, 1)
        return y, h


class GRU(_Recurrent, torch.nn.GRU):
    """The gated recurrent unit, as ``torch.nn.GRU``: the reset gate acts after the recurrent product."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        states = None if hx is None else [hx]
        if not self._is_ours(input, states, 1):
            return torch.nn.GRU.forward(self, input, hx)
        y, (h,) = self._forward(input, states, 1)
        return y, h


class LSTM(_Recurrent, torch.nn.LSTM):
    """The long short-term memory, as ``torch.nn.LSTM``."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        states = None if hx is None else list(hx)
        if not self._is_ours(input, states, 2):
            return torch.nn.LSTM.forward(self, input, hx)
        y, (h, c) = self._forward(input, states, 2)
        return y, (h, c)


def replace(model: torch.nn.Module) -> torch.nn.Module:
    """Replace every ``nn.RNN``, ``nn.GRU`` and ``nn.LSTM`` in a model by the module of this package, and return the model.

    The parameters stay the same objects, so an optimizer that was created earlier keeps updating them. Modules with
    ``proj_size`` are left as they are, and so are subclasses.
    """
    kinds: dict[type, type] = {torch.nn.RNN: RNN, torch.nn.GRU: GRU, torch.nn.LSTM: LSTM}
    for module in model.modules():
        kind = kinds.get(type(module))
        if kind is not None and getattr(module, "proj_size", 0) == 0:
            module.__class__ = kind
    return model
