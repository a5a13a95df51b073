"""The first value of a pass that is not finite, in the order of computation.

```text
weights    the weights before the step
input      x, and the state before the pass
forward    the outputs of each layer, from the bottom, in the order in which its direction computes them
loss       the gradient that arrives at the pass: what is behind it is not observed
backward   ∂ℒ/∂h_t of each layer, from the top, against that order
```

Whatever a value is computed from comes before it, so the first one has no cause of its kind.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from longspan import _core
from longspan._layers import Layers
from longspan._numbers import number
from longspan._recorded import Pass, array
from longspan._steps import Fault


def first_bad(layers: Layers, recorded: Pass, replay: _core.Replay) -> dict[str, Any] | None:
    """Find the first value that is not finite in a pass that was recomputed, as a part of the record of a fault.

    None if there is none, or if the gradient that arrives at the pass is the first.
    """
    found = _find(layers, recorded, replay)
    if found is None:
        return None
    outputs = array(recorded.y)
    largest = float(np.abs(outputs[np.isfinite(outputs)]).max(initial=0.0))
    return {**found, "evidence": {"scored": sum(recorded.batch_sizes), "largest_state": largest}}


def arrived_bad(recorded: Pass) -> bool:
    """Whether the gradient that arrives at a pass is not finite."""
    grads = [recorded.d_y, *recorded.d_last]
    return any(grad is not None and not bool(torch.isfinite(grad).all()) for grad in grads)


def not_located(fault: Fault, arrived: bool) -> dict[str, Any]:
    """The part of the record of a fault whose place is not known; ``arrived`` if it came from behind the module."""
    if arrived:
        return _fault("loss", "not_observed", "the gradient that arrives at the module", math.nan)
    return _fault("loss" if fault.what == "the loss" else "backward", "not_observed", fault.what, fault.value)


def _find(layers: Layers, recorded: Pass, replay: _core.Replay) -> dict[str, Any] | None:
    names = dict(layers.module.named_parameters(recurse=False))
    for name, weight in names.items():
        at = _first(array(weight).ravel())
        if at is not None:
            return _fault("weights", "bad_weights", name, array(weight).ravel()[at], unit=at)
    position = _Positions(recorded.batch_sizes)
    x = array(recorded.x).reshape(position.count, -1)
    found = position.first(x)
    if found is not None:
        t, row, unit = found
        return _fault("input", "bad_input", "x", x[position.at(t, row), unit], t=t, row=row, unit=unit)
    for tensor, state in zip("hc", recorded.state, strict=False):
        where = np.argwhere(~np.isfinite(array(state)))
        if len(where):
            layer, row, unit = (int(k) for k in where[0])
            return _fault(
                "input", "forward_overflow", tensor, array(state)[layer, row, unit], layer, layers, row=row, unit=unit
            )
    return _forward(layers, position, replay) or _backward(layers, recorded, replay)


def _forward(layers: Layers, position: _Positions, replay: _core.Replay) -> dict[str, Any] | None:
    hidden, top = layers.hidden, layers.count - 1
    for of_layer in range(layers.count):
        values = replay.outputs() if of_layer == top else replay.inputs(of_layer + 1)
        outputs = np.reshape(values, (position.count, -1))
        for k in range(layers.directions):
            own = outputs[:, k * hidden : (k + 1) * hidden]
            found = position.first(own, reverse=k == 1)
            if found is not None:
                t, row, unit = found
                value = own[position.at(t, row), unit]
                layer = of_layer * layers.directions + k
                return _fault("forward", "forward_overflow", "h", value, layer, layers, t=t, row=row, unit=unit)
    return None


def _backward(layers: Layers, recorded: Pass, replay: _core.Replay) -> dict[str, Any] | None:
    if arrived_bad(recorded):
        return None
    for layer in reversed(range(layers.count * layers.directions)):
        norms = np.asarray(replay.curves(layer)[0])
        bad = np.flatnonzero(~np.isfinite(norms))
        if len(bad):
            t = int(bad[-1])
            return _fault("backward", "gradient_growth", "d_h", norms[t], layer, layers, t=t)
    return None


class _Positions:
    """The positions of a packed sequence."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.offsets = np.concatenate([[0], np.cumsum(sizes)])
        self.count = int(self.offsets[-1])

    def at(self, t: int, row: int) -> int:
        """The position of a row's step."""
        return int(self.offsets[t]) + row

    def first(self, values: Any, reverse: bool = False) -> tuple[int, int, int] | None:
        """The step, row and unit of the first value that is not finite; the last step comes first in reverse."""
        positions, units = np.nonzero(~np.isfinite(values))
        if not len(positions):
            return None
        steps = np.searchsorted(self.offsets, positions, side="right") - 1
        k = int(np.argmax(steps == (steps.max() if reverse else steps.min())))
        return int(steps[k]), int(positions[k] - self.offsets[steps[k]]), int(units[k])


def _first(values: Any) -> int | None:
    bad = np.flatnonzero(~np.isfinite(values))
    return int(bad[0]) if len(bad) else None


def _fault(
    phase: str,
    cause: str,
    tensor: str,
    value: float,
    layer: int | None = None,
    layers: Layers | None = None,
    **position: int,
) -> dict[str, Any]:
    direction = None
    if layer is not None and layers is not None and layers.bidirectional:
        direction = "reverse" if layer % 2 else "forwards"
    return {
        "phase": phase,
        "cause": cause,
        "tensor": tensor,
        "value": number(float(value)),
        "layer": layer,
        "direction": direction,
        "t": position.get("t"),
        "row": position.get("row"),
        "unit": position.get("unit"),
    }
