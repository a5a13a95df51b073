"""The steps of an optimizer: which of them are observed, and the norms of their gradients and updates.

A step has two gradient norms. The first is measured when a backward pass ends, before the gradient is clipped; the second when
the optimizer begins its step:

    before = ‖g‖ / s      s the scale of an AMP scaler, otherwise 1
    after  = ‖g‖          clipped, and divided by s
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from longspan._numbers import log10, number

# The share of the time of training that observing may take, if no interval is given.
_SHARE = 0.04
# The fewest steps from one observation to the next, if no interval is given.
_LEAST = 10
# The relative difference between the norms from which on a gradient counts as clipped.
_CLIPPED = 1e-4


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
        # The limit for the gradient, if it was clipped; the steps that a scaler has skipped; what was not finite first.
        self.clip: float | None = None
        self.skipped = 0
        self.fault: tuple[int, str] | None = None
        self.scale = 1.0
        self._next = 1
        self._last = time.perf_counter()
        self._spent_before = 0.0
        self._seconds: float | None = None
        self._before: tuple[list[Tensor], Tensor] | None = None
        self._record: dict[str, Any] | None = None
        self._weights: dict[str, tuple[Tensor, Tensor]] = {}
        self._shares: dict[str, float | str] = {}
        # A loss that was given before its step.
        self._early: float | None = None
        self._last_scale: float | None = None

    @property
    def due(self) -> bool:
        """Whether the coming step is observed."""
        return self.taken + 1 >= self._next

    @property
    def nearly_due(self) -> bool:
        """Whether the coming step or the one after it is observed."""
        return self.taken + 2 >= self._next

    def holds(self, parameters: Iterable[Tensor]) -> bool:
        """Whether the optimizer updates one of these parameters."""
        own = {id(parameter) for parameter in self._parameters()}
        return any(id(parameter) in own for parameter in parameters)

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    def _measured(self) -> tuple[list[Tensor], Tensor] | None:
        """The parameters that have a gradient, and its norms."""
        with_grad = [parameter for parameter in self._parameters() if parameter.grad is not None]
        if not with_grad:
            return None
        grads = [_values(parameter.grad) for parameter in with_grad if parameter.grad is not None]
        norms = torch._foreach_norm(grads)
        return with_grad, torch.stack([norm.to(norms[0]) for norm in norms])

    def after_backward(self) -> None:
        """Measure the gradient before it is clipped."""
        self._before = self._measured()

    def before_step(self) -> bool:
        """Begin the record of a step with the norms of its gradient; return whether the step will be taken."""
        after, before = self._measured(), self._before
        self._before = None
        if not self._count_skipped():
            return False
        norms = [[], []] if after is None else [after[1].tolist()] * 2
        if after is not None and before is not None:
            # One transfer from a GPU instead of two.
            both = torch.cat([before[1], after[1]]).tolist()
            norms = [both[: len(before[0])], both[len(before[0]) :]]
        parameters = before[0] if before is not None else after[0] if after is not None else []
        given = 1.0 if before is None else self.scale
        norms = [[norm / given for norm in norms[0]], [norm / self._scale_of_step() for norm in norms[1]]]
        total, total_after = math.hypot(*norms[0]), math.hypot(*norms[1])
        if not math.isfinite(total) and self.fault is None:
            bad = [self._name(p) for p, norm in zip(parameters, norms[0], strict=True) if not math.isfinite(norm)]
            what = f"the gradient of {', '.join(bad[:3])}{' and others' if len(bad) > 3 else ''}"
            self.fault = self.taken + 1, what
        clipped = total > total_after * (1 + _CLIPPED)
        if clipped:
            self._warn_of_scale(total / total_after if total_after > 0 else 0.0)
            self.clip = total_after
        self._record = {
            "step": self.taken + 1,
            "attempt": 1,
            "epoch": 1,
            "loss": None if self._early is None else number(self._early),
            "scored": 0,
            "tokens": 0,
            "lr": number(float(self.optimizer.param_groups[0]["lr"])),
            "log10_global_norm": log10(total),
            "log10_global_norm_after": log10(total_after),
            "clipped": clipped,
        }
        if self.due:
            self._keep_weights(parameters, norms[0], total)
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
        elif getattr(self.optimizer, "grad_scale", None) is not None:
            self.scale = self._scale_of_step()
        found_inf = getattr(self.optimizer, "found_inf", None)
        if found_inf is None or float(found_inf) == 0:
            return True
        if self._scaler is None:
            self.skipped += 1
        return False

    def _scale_of_step(self) -> float:
        scale = getattr(self.optimizer, "grad_scale", None)
        return 1.0 if scale is None else float(scale)

    def _warn_of_scale(self, ratio: float) -> None:
        """Say what is probably missing where the norms differ by a power of two, as a scaler has."""
        if self._scaler is not None or self.clip is not None or ratio < 2:
            return
        if abs(math.log2(ratio) - round(math.log2(ratio))) < 1e-6:
            warnings.warn(
                f"the gradient is {ratio:.0f} times as large after the backward pass as in the optimizer's step. If an AMP "
                "scaler multiplies it, pass it on: longspan.watch(model, optimizer, scaler=scaler)",
                RuntimeWarning,
                stacklevel=2,
            )

    # Updates, at steps that are observed.

    def _name(self, parameter: Tensor) -> str:
        return self._names.get(id(parameter), "a parameter outside of the model")

    def _keep_weights(self, parameters: list[Tensor], norms: list[float], total: float) -> None:
        self._shares, self._weights = {}, {}
        for parameter, norm in zip(parameters, norms, strict=True):
            name = self._names.get(id(parameter))
            if name is not None:
                self._shares[name] = number((norm / total) ** 2 if total > 0 else 0.0)
                self._weights[name] = parameter, parameter.detach().clone()

    def _measure_update(self) -> None:
        """Compare the weights before and after the step."""
        if self._record is None:
            return
        tensors, changes, sizes = [], [], []
        for name, (parameter, old) in self._weights.items():
            change = float(torch.linalg.vector_norm(parameter.detach() - old))
            size = float(torch.linalg.vector_norm(old))
            changes.append(change)
            sizes.append(size)
            ratio = log10(change / size) if size > 0 else "NaN"
            tensors.append({"name": name, "share": self._shares[name], "log10_update_ratio": ratio})
        self._weights = {}
        size = math.hypot(*sizes)
        self._record["tensors"] = tensors
        self._record["ratio"] = log10(math.hypot(*changes) / size) if size > 0 else "NaN"

    def after_step(self, spent: float) -> None:
        """End a step; ``spent`` are the seconds that observing has taken so far."""
        if self._record is None or self._record["step"] != self.taken + 1:
            return
        due, began = self.due, time.perf_counter()
        if due:
            self._measure_update()
        self.taken += 1
        now = time.perf_counter()
        cost = spent - self._spent_before + now - began
        seconds = now - self._last - cost
        self._last, self._spent_before = now, spent + now - began
        usual = self._seconds
        self._seconds = seconds if usual is None or self.taken < 3 else 0.9 * usual + 0.1 * seconds
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
        if self._early is not None or (self._record is None and self.taken == 0):
            self._early = value
            step = self.taken + 1
        elif self._record is not None and self._record["loss"] is None:
            self._record["loss"] = number(value)
            step = self.taken
        else:
            return
        if not math.isfinite(value):
            if self.fault is None or self.fault[0] >= step:
                self.fault = step, "the loss"
        elif self.baseline is None:
            # Before it has learned anything, a model predicts about as well as the baseline.
            self.baseline = value

    def take(self) -> dict[str, Any] | None:
        """Return the record of the last step, and forget it."""
        record, self._record = self._record, None
        return None if record is None else {**record, "loss": "NaN" if record["loss"] is None else record["loss"]}

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


def _values(grad: Tensor) -> Tensor:
    """The values of a gradient; those that are stored of a sparse one."""
    grad = grad.detach()
    return grad.coalesce().values() if grad.is_sparse else grad
