"""Measure one batch of a PyTorch model."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from longspan import _core
from longspan._cells import CellCalls
from longspan._layers import CELLS, Layers
from longspan._probed import Probe
from longspan._recorded import Backward, LayerCalls, Pass, array, masks, parts

# Trajectories of Lyapunov exponents: as many rows, and as many steps of them.
_TRAJECTORIES, _STEPS = 8, 1000
# The fewest steps of a trajectory.
_LEAST_STEPS = 8


def probe_module(
    model: nn.Module,
    x: Any,
    y: Any,
    loss: Callable[..., Any] | None,
    name: str | None,
    exponents: int | str | None,
) -> Probe:
    """Measure one batch; see :func:`longspan.probe`."""
    if x is None:
        raise ValueError("a batch is needed: give x, the input of the model")
    if isinstance(exponents, str) or (exponents is not None and exponents < 0):
        raise ValueError(f"exponents={exponents!r}: needs a whole number, or 'all'")
    if torch.is_inference_mode_enabled():
        raise ValueError("under torch.inference_mode there are no gradients to measure: call longspan.probe outside of it")
    name, module = _chosen(model, name)
    _check_input(model, x)
    layers = Layers(module)
    if layers.unobserved is not None:
        raise ValueError(f"{name or type(model).__name__} cannot be measured, because {layers.unobserved}")
    with _unchanged(model):
        recorded, value, grads = _run(model, layers, x, y, loss)
    _check_finite(name or type(model).__name__, recorded, value)
    replay = layers.replay(recorded.batch_sizes[0])
    weights = [[array(tensor) for tensor in own] for own in layers.weights]
    d_last = [torch.zeros_like(state) if d is None else d for d, state in zip(recorded.d_last, recorded.last, strict=True)]
    replay.run(
        1,
        array(recorded.x),
        recorded.batch_sizes,
        weights,
        parts(recorded.state),
        masks(layers, recorded),
        array(torch.zeros_like(recorded.y) if recorded.d_y is None else recorded.d_y),
        parts(d_last),
    )
    # Weights that are not trained have no gradient to compare.
    compared = [[array(grad) for grad in own if grad is not None] for own in grads]
    whole = all(grad is not None for own in grads for grad in own)
    largest = replay.deviation(array(recorded.y), compared if whole else [])
    observed = json.loads(replay.observations())
    spectrum, reason = _spectrum(layers, recorded, weights, exponents)
    missing = {} if reason is None else {"lyapunov": reason}
    return Probe.of_step(
        name or type(model).__name__, observed["snapshot"], spectrum, missing, largest, value, _norms(replay, layers)
    )


def _chosen(model: nn.Module, name: str | None) -> tuple[str, nn.Module]:
    """The recurrent module of this name, or the only one."""
    kinds = (nn.RNNBase, *CELLS)
    found = {own: module for own, module in model.named_modules() if isinstance(module, kinds)}
    if not found:
        raise ValueError(
            f"{type(model).__name__} has no nn.RNN, nn.GRU or nn.LSTM, and none of their cells: there is nothing to measure"
        )
    if name is not None:
        if name not in found:
            raise ValueError(f"module={name!r}: the recurrent modules are {', '.join(map(repr, found))}")
        return name, found[name]
    if len(found) > 1:
        choices = " or ".join(f"module={own!r}" for own in found)
        raise ValueError(f"the model has {len(found)} recurrent modules: choose {choices}")
    return next(iter(found.items()))


def _check_input(model: nn.Module, x: Any) -> None:
    """Name an input that a model of PyTorch does not take, before the model fails on it."""
    for one in x if type(x) is tuple else (x,):
        if isinstance(one, np.ndarray):
            raise TypeError("x is a NumPy array: give a tensor, as torch.from_numpy makes it")
        if isinstance(one, dict) and isinstance(model, (nn.RNNBase, *CELLS)):
            raise TypeError(f"x is a dict, and {type(model).__name__} reads a tensor")


def _check_finite(name: str, recorded: Pass, loss: float) -> None:
    """Name the first values, in the order of computation, from which no measurement is possible."""

    def check(what: str, tensors: list[Tensor | None]) -> None:
        for tensor in tensors:
            if tensor is not None and not bool(torch.isfinite(tensor).all()):
                count = int((~torch.isfinite(tensor)).sum())
                raise ValueError(
                    f"nothing can be measured: {count} of {tensor.numel()} values of {what} of {name} are NaN or infinite"
                )

    check("the input", [recorded.x])
    check("the initial state", [*recorded.state])
    check("the output", [recorded.y, *recorded.last])
    if not math.isfinite(loss):
        raise ValueError(f"nothing can be measured: the loss is {loss}")
    check("the gradient by the output", [recorded.d_y, *recorded.d_last])


@contextmanager
def _unchanged(model: nn.Module) -> Iterator[None]:
    """Restore the buffers of a model, as the statistics of a BatchNorm, and the random generators."""
    buffers = [
        (module, name, buffer, buffer.detach().clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    # The parameters may be on several devices, each of which has a generator.
    devices = {parameter.device.index for parameter in model.parameters() if parameter.device.type == "cuda"}
    with torch.random.fork_rng(devices=sorted(devices)):
        try:
            yield
        finally:
            with torch.no_grad():
                for module, name, buffer, before in buffers:
                    module._buffers[name] = buffer
                    # A copy into a buffer that did not change would make a graph of the caller invalid.
                    if not torch.equal(buffer, before):
                        buffer.copy_(before)


def _run(
    model: nn.Module, layers: Layers, x: Any, y: Any, loss: Callable[..., Any] | None
) -> tuple[Pass, float, list[list[Tensor | None]]]:
    """Run the model forwards and backwards. Returns the pass of the module, the loss, and the gradients of its weights."""
    errors: list[BaseException] = []
    # The only backward pass has the number 1.
    backward = Backward(errors.append, 1)
    calls = CellCalls(layers, backward) if isinstance(layers.module, CELLS) else LayerCalls(layers, backward)
    random: list[Tensor | None] = [None]

    def before(module: nn.Module, args: Any, kwargs: Any) -> None:
        random[0] = torch.get_rng_state() if module.training and layers.dropout > 0 else None

    def after(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        calls.record(args, kwargs, output, random[0])

    handles = [
        layers.module.register_forward_pre_hook(before, with_kwargs=True),
        layers.module.register_forward_hook(after, with_kwargs=True),
    ]
    own = layers.weights
    frozen = [tensor for weights in own for tensor in weights if not tensor.requires_grad]
    try:
        # The gradient passes through the module even if its weights are not trained.
        for tensor in frozen:
            tensor.requires_grad_(True)
        with torch.enable_grad():
            output = model(*x) if type(x) is tuple else model(x)  # A packed sequence is a tuple, too.
            value = _loss(output, y, loss)
            flat = [tensor for weights in own for tensor in weights]
            found = torch.autograd.grad(value, flat, allow_unused=True)
    finally:
        for handle in handles:
            handle.remove()
        for tensor in frozen:
            tensor.requires_grad_(False)
    if errors:
        raise errors[0]
    used = calls.take()
    if not used:
        raise ValueError("no gradient of the loss reached the module: the loss has to depend on its outputs")
    gradients = iter(found)
    grads: list[list[Tensor | None]] = [[next(gradients) for _ in weights] for weights in own]
    # Several sequences add up in the gradients of the weights, and only the last one is measured.
    alone = len(used) == 1
    return used[-1], float(value.detach()), grads if alone else []


def _loss(output: Any, y: Any, loss: Callable[..., Any] | None) -> Tensor:
    if loss is not None:
        value = loss(output) if y is None else loss(output, y)
    elif y is None:
        value = output
    elif not isinstance(output, Tensor):
        raise ValueError(f"the model returns a {type(output).__name__}: give loss=, a function of the output and y")
    elif not isinstance(y, Tensor):
        raise TypeError(f"y has the type {type(y).__name__}: give a tensor, or loss=, a function of the output and y")
    elif torch.is_floating_point(y):
        value = nn.functional.mse_loss(output, y)
    else:
        value = nn.functional.cross_entropy(output.reshape(-1, output.shape[-1]), y.reshape(-1))
    if not isinstance(value, Tensor) or value.numel() != 1:
        raise ValueError("the loss has to be one number: give loss=, a function of the output and y, or y for the usual loss")
    return value.reshape(())


def _norms(replay: _core.Replay, layers: Layers) -> NDArray[np.float64]:
    """log10 of the mean norm of the gradient by the states at each time step, ``[layers, T]``."""
    norms = np.stack([replay.curves(k)[0] for k in range(layers.count * layers.directions)])
    with np.errstate(divide="ignore"):
        logarithms: NDArray[np.float64] = np.log10(norms)
    return logarithms


def _spectrum(
    layers: Layers, recorded: Pass, weights: list[list[Any]], exponents: int | str | None
) -> tuple[dict[str, Any] | None, str | None]:
    """Lyapunov exponents along the longest rows of the batch, or why there are none."""
    if exponents == 0:
        return None, "it was not requested"
    if layers.bidirectional:
        return None, "the module is bidirectional, and exponents need a single chain of states"
    sizes = recorded.batch_sizes
    rows = min(_TRAJECTORIES, sizes[0])
    steps = min(sum(size >= rows for size in sizes), _STEPS)
    if steps < _LEAST_STEPS:
        return None, f"the trajectories have {steps} steps, and {_LEAST_STEPS} are needed"
    if recorded.sizes:
        ends = np.cumsum([0, *sizes])[:steps]
        x = torch.stack([recorded.x[int(end) : int(end) + rows] for end in ends])
    else:
        x = recorded.x[:steps, :rows]
    spectrum = _core.lyapunov(
        layers.kind,
        layers.dtype == torch.float64,
        (steps, rows, layers.input, layers.hidden, layers.count),
        array(x),
        weights,
        parts([state[:, :rows].contiguous() for state in recorded.state]),
        exponents if isinstance(exponents, int) else None,
        torch.get_num_threads(),
    )
    return json.loads(spectrum), None
