"""The steps of an optimizer: which of them are observed, and the norms of their gradients and updates.

A step has two gradient norms. The first is measured when a backward pass ends, before the gradient is clipped; the second when
the optimizer begins its step:

    before = ‖g‖ / s      s the scale of an AMP scaler, otherwise 1
    after  = ‖g‖          clipped, and divided by s

Both are measured at steps that are observed, and at all steps once something has written to the gradients between the two.
Otherwise they are the same number, which is measured once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from longspan._warn import warn

# The share of the time of training that observing may take, if no interval is given.
_SHARE = 0.04
# The fewest steps from one observation to the next, if no interval is given.
_LEAST = 10
# The relative difference between the norms from which on a gradient counts as clipped.
_CLIPPED = 1e-4


@dataclass
class Step:
    """What is measured of one step."""

    number: int
    lr: float
    norm: float
    """The global norm of the gradient, before it is clipped."""
    norm_after: float
    clipped: bool
    loss: float | None
    ratio: float = math.nan
    """‖Δw‖ / ‖w‖ over all weights, at a step that is observed."""
    tensors: list[tuple[str, float, float]] = field(default_factory=list)
    """The name of each weight, its share of the squared norm, and its ‖Δw‖ / ‖w‖, at a step that is observed."""

    @property
    def plain(self) -> tuple[int, float, float, float, float, bool]:
        """The numbers that every step has."""
        loss = math.nan if self.loss is None else self.loss
        return self.number, loss, self.lr, self.norm, self.norm_after, self.clipped


class Fault(NamedTuple):
    """What was not finite first: "the loss", or "the gradient of rnn.weight_hh_l0"."""

    step: int
    what: str
    value: float


class Gradient:
    """The norms of the gradients of some parameters at one time.

    They stay on the device until they are wanted, so that the steps of a GPU do not wait for the end of a backward pass.
    """

    def __init__(self, parameters: list[Tensor]) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.grad is not None]
        grads = [grad for parameter in self.parameters if (grad := parameter.grad) is not None]
        # Numbers that grow with every operation that writes to a gradient.
        self.versions = [grad._version for grad in grads]
        values = [grad.coalesce().values() if grad.is_sparse else grad for grad in grads]
        self._norms = torch._foreach_norm(values) if values else ()

    def norms(self, scale: float) -> list[float]:
        """The norm of each gradient, divided by a scale."""
        norms = self._norms
        if norms and norms[0].device.type != "cpu":
            # One transfer instead of many.
            norms = torch.stack([norm.to(norms[0]) for norm in norms]).cpu().unbind()
        return [norm.item() / scale for norm in norms]


class Steps:
    """The steps of one optimizer."""

    def __init__(
        self,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        every: int | None,
        baseline: float | None,
        scaler: Any,
    ) -> None:
        self.optimizer, self._scaler, self._every = optimizer, scaler, every
        self._names = {id(parameter): name for name, parameter in model.named_parameters()}
        self.taken = 0
        self.baseline = baseline
        # Whether the loss of the first step stands for the baseline.
        self.assumed = False
        # Whether a loss was given, in training or on held-out data.
        self.has_loss = False
        # The limit for the gradient, if it was clipped; the steps that a scaler has skipped; what was not finite first.
        self.clip: float | None = None
        self.skipped = 0
        self.fault: Fault | None = None
        # The factor of the gradient in the last backward pass.
        self.scale = 1.0
        # Whether something was seen to write to gradients between a backward pass and a step, as clipping does.
        self._writes = False
        self._last_scale: float | None = None
        self._before: Gradient | None = None
        # The current step, which ends when the optimizer has updated the weights, and may get its loss later.
        self._step: Step | None = None
        self._weights: list[tuple[str, Tensor, Tensor, float]] = []
        # A loss that was given before its step.
        self._early: float | None = None
        self._next = 1
        self._last = time.perf_counter()
        self._spent_before = 0.0
        self._seconds: float | None = None

    @property
    def due(self) -> bool:
        """Whether the coming step is observed."""
        return self.taken + 1 >= self._next

    @property
    def nearly_due(self) -> bool:
        """Whether the coming step or the one after it is observed."""
        return self.taken + 2 >= self._next

    @property
    def measures_before(self) -> bool:
        """Whether the gradient of the coming step is measured before it is clipped."""
        return self._writes or self.due

    def holds(self, parameters: Iterable[Tensor]) -> bool:
        """Whether the optimizer updates one of these parameters."""
        own = {id(parameter) for parameter in self._parameters()}
        return any(id(parameter) in own for parameter in parameters)

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    def after_backward(self) -> None:
        """Measure the gradient before it is clipped."""
        if self.measures_before:
            self._before = Gradient(self._parameters())

    def before_step(self) -> bool:
        """Begin a step with the norms of its gradient; return whether the step will be taken."""
        before, self._before = self._before, None
        if not self._count_skipped():
            return False
        after = Gradient(self._parameters())
        norms_after = after.norms(self._scale_of_step())
        if before is None:
            before, norms = after, norms_after
        else:
            norms = before.norms(self.scale)
        norm, norm_after = math.hypot(*norms), math.hypot(*norms_after)
        clipped = norm > norm_after * (1 + _CLIPPED)
        self._writes |= clipped or before.versions != after.versions
        if clipped:
            self._warn_of_scale(norm / norm_after if norm_after > 0 else 0.0)
            self.clip = norm_after
        if self.fault is None and not (math.isfinite(norm) and math.isfinite(norm_after)):
            first = (before.parameters, norms) if not math.isfinite(norm) else (after.parameters, norms_after)
            bad = [self._name(parameter) for parameter, own in zip(*first, strict=True) if not math.isfinite(own)]
            what = f"the gradient of {', '.join(bad[:3])}{' and others' if len(bad) > 3 else ''}"
            self.fault = Fault(self.taken + 1, what, next(own for own in first[1] if not math.isfinite(own)))
        lr = float(self.optimizer.param_groups[0]["lr"])
        self._step = Step(self.taken + 1, lr, norm, norm_after, clipped, self._early)
        if self.due:
            self._keep_weights(before.parameters, norms, norm)
        return True

    # A scaler of AMP multiplies the loss, and divides the gradient before the step. Fused optimizers divide it in the step.

    def _count_skipped(self) -> bool:
        """Take the scale of the step, and count the steps that were skipped before it. False if this one will be."""
        if self._scaler is not None and self._scaler.is_enabled():
            self.scale = float(self._scaler.get_scale())
            if self._last_scale is not None and self.scale < self._last_scale:
                factor = self._scaler.get_backoff_factor()
                self.skipped += max(1, round(math.log(self.scale / self._last_scale) / math.log(factor)))
            self._last_scale = self.scale
        elif self._scaler is None:
            self.scale = self._scale_of_step()
        found_inf = getattr(self.optimizer, "found_inf", None)
        if found_inf is None or float(found_inf) == 0:
            return True
        if self._scaler is None:
            self.skipped += 1
        return False

    def _scale_of_step(self) -> float:
        """The factor that the gradient still has in the step."""
        scale = getattr(self.optimizer, "grad_scale", None)
        return 1.0 if scale is None else float(scale)

    def _warn_of_scale(self, ratio: float) -> None:
        """Say what is probably missing where the norms differ by a power of two, as a scaler has."""
        if self._scaler is not None or self.clip is not None or ratio < 2:
            return
        if abs(math.log2(ratio) - round(math.log2(ratio))) < 1e-6:
            warn(
                f"the gradient is {ratio:.0f} times as large after the backward pass as in the optimizer's step. If an AMP "
                "scaler multiplies it, pass it on: longspan.watch(model, optimizer, scaler=scaler)"
            )

    # Updates, at steps that are observed.

    def _name(self, parameter: Tensor) -> str:
        return self._names.get(id(parameter), "a parameter outside of the model")

    def _keep_weights(self, parameters: list[Tensor], norms: list[float], norm: float) -> None:
        self._weights = [
            (name, parameter, parameter.detach().clone(), (own / norm) ** 2 if norm > 0 else 0.0)
            for parameter, own in zip(parameters, norms, strict=True)
            if (name := self._names.get(id(parameter))) is not None
        ]

    def _measure_update(self, step: Step) -> None:
        """Compare the weights before and after the step."""
        changes, sizes = [], []
        for name, parameter, old, share in self._weights:
            changes.append(float(torch.linalg.vector_norm(parameter.detach() - old)))
            sizes.append(float(torch.linalg.vector_norm(old)))
            step.tensors.append((name, share, changes[-1] / sizes[-1] if sizes[-1] > 0 else math.nan))
        self._weights = []
        size = math.hypot(*sizes)
        step.ratio = math.hypot(*changes) / size if size > 0 else math.nan

    def after_step(self, spent: float) -> None:
        """End a step; ``spent`` are the seconds that observing has taken so far."""
        if self._step is None or self._step.number != self.taken + 1:
            return
        due, began = self.due, time.perf_counter()
        if due:
            self._measure_update(self._step)
        self.taken += 1
        now = time.perf_counter()
        cost = spent - self._spent_before + now - began
        seconds = now - self._last - cost
        self._last, self._spent_before = now, spent + now - began
        usual = self._seconds
        # A validation or a pause in between is no part of a step.
        self._seconds = seconds if usual is None or self.taken < 3 else 0.9 * usual + 0.1 * min(seconds, 2 * usual)
        if not due:
            return
        if self._every is not None:
            self._next = (self.taken // self._every + 1) * self._every
        else:
            pause = math.ceil(cost / (_SHARE * max(self._seconds, 1e-6)))
            self._next = self.taken + max(_LEAST, min(pause, 10_000))

    # Losses.

    def loss(self, value: float) -> None:
        """Give the last step its loss, or the coming one if losses are known before their steps."""
        if self._early is not None or (self._step is None and self.taken == 0):
            self._early = value
            number = self.taken + 1
        elif self._step is not None and self._step.loss is None:
            self._step.loss = value
            number = self.taken
        else:
            return
        if not math.isfinite(value):
            if self.fault is None or self.fault.step >= number:
                self.fault = Fault(number, "the loss", value)
        elif self.baseline is None:
            # Before it has learned anything, a model predicts about as well as the baseline.
            self.baseline, self.assumed = value, True

    def take(self) -> Step | None:
        """Return the last step, and forget it."""
        step, self._step = self._step, None
        return step

    def settings(self) -> dict[str, str]:
        """The settings of the optimizer, as the configuration of a run has them."""
        group = self.optimizer.param_groups[0]
        settings = {"lr": repr(float(group["lr"])), "clip": "none" if self.clip is None else f"norm:{self.clip:.6g}"}
        names = {"SGD": "sgd", "Adam": "adam", "AdamW": "adamw", "RMSprop": "rmsprop", "Adagrad": "adagrad"}
        name = names.get(type(self.optimizer).__name__)
        if name is not None:
            settings["optimizer"] = name
        for key in ("momentum", "weight_decay"):
            if key in group:
                settings[key] = repr(float(group[key]))
        return settings
