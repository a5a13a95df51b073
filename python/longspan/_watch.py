"""Watch the recurrent layers of a PyTorch model while it trains."""

from __future__ import annotations

import json
import math
import time
import traceback
import warnings
import weakref
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from longspan import _core
from longspan._findings import Finding, not_finite, of_run, sorted_findings
from longspan._recorded import (
    CELLS,
    CellCall,
    Layers,
    Pass,
    array,
    given_state,
    joined,
    masks,
    of_call,
    of_cell,
    parts,
    sequences,
)

__all__ = ["Finding", "Watch", "watch"]

# The share of the time of training that observing may take, if `every` is not given.
_SHARE = 0.04
# The fewest steps from one observation to the next, if `every` is not given.
_LEAST = 10

# The watch of each model, so that a second one in a notebook replaces the first. A watch refers to its model, so only weak
# references let both go.
_watches: weakref.WeakKeyDictionary[torch.nn.Module, weakref.ref[Watch]] = weakref.WeakKeyDictionary()


class _Module:
    """A module that is watched, with its run directory."""

    def __init__(self, name: str, module: torch.nn.Module, run: Path) -> None:
        self.name, self.module, self.run = name, module, run
        self.layers = Layers(module)
        self.recorder: _core.Recorder | None = None
        self.replay: _core.Replay | None = None
        # What was recorded since the last step: passes, or calls of a cell.
        self.passes: list[Pass] = []
        self.calls: list[CellCall] = []
        # The state that the last call returned, and whether a later one began with a copy of it.
        self.returned: list[Tensor] = []
        self.carried = False
        self.random: Tensor | None = None
        # The longest pass, and the largest deviation from PyTorch.
        self.steps = 0
        self.deviation = 0.0
        # Whether the current step was observed, and its positions.
        self.observed = False
        self.positions = 0

    def record(self, args: Any, kwargs: Any, output: Any) -> None:
        """Record a call of the module."""
        if isinstance(self.module, CELLS):
            call = of_cell(args, kwargs, output)
            self.calls += [] if call is None else [call]
        else:
            recorded = of_call(self.layers, args, kwargs, output, self.random)
            self.passes += [] if recorded is None else [recorded]

    def remember(self, args: Any, kwargs: Any, output: Any) -> None:
        """Notice whether the state is carried over without its gradient."""
        given = given_state(args, kwargs)
        if given and not any(state.requires_grad for state in given) and len(given) == len(self.returned):
            pairs = zip(given, self.returned, strict=True)
            self.carried |= all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs)
        last = output if isinstance(self.module, CELLS) else output[1]
        self.returned = [state.detach() for state in (last if isinstance(last, tuple) else (last,))]

    def take(self) -> list[Pass]:
        """Return the passes since the last step, and forget them."""
        found = joined(self.passes) + sequences(self.layers, self.calls)
        self.passes, self.calls = [], []
        return found


class Watch:
    """Observes a model; see :func:`watch`."""

    def __init__(
        self,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        run: str | Path = "runs/watch",
        needed_lag: int | None = None,
        baseline: float | None = None,
        every: int | None = None,
    ) -> None:
        if every is not None and every < 1:
            raise ValueError(f"every={every}: an interval of at least 1 step is needed")
        reference = _watches.pop(model, None)
        before = reference() if reference is not None else None
        if before is not None:
            before.close()
        self._model, self._optimizer = model, optimizer
        self._needed_lag, self._baseline, self._every = needed_lag, baseline, every
        self._step, self._next = 0, 1
        self._handles: list[Any] = []
        self._pending: dict[str, Any] | None = None
        self._norms: dict[int, Tensor] = {}
        self._weight_grads: dict[int, Tensor] = {}
        self._spent = 0.0
        self._last_step = time.perf_counter()
        self._step_seconds: float | None = None
        self._clip: float | None = None
        # What was not finite first, and at which step.
        self._fault: tuple[int, str] | None = None
        self._failed = self._closed = False
        self._shares: dict[str, float | str] = {}
        self._weights: dict[str, Tensor] = {}
        kinds = (torch.nn.RNNBase, *CELLS)
        found = [(name, m) for name, m in model.named_modules() if isinstance(m, kinds)]
        if not found:
            raise ValueError(
                f"{type(model).__name__} has no nn.RNN, nn.GRU or nn.LSTM, and none of their cells: there is nothing to watch"
            )
        paths = [Path(run) if len(found) == 1 else Path(run) / (name or "model") for name, _ in found]
        self._modules = [_Module(name, module, path) for (name, module), path in zip(found, paths, strict=True)]
        self._by_id = {id(m.module): m for m in self._modules}
        self._recurrent = {id(p): p for m in self._modules for p in m.module.parameters(recurse=False) if p.requires_grad}
        self._attach()
        _watches[model] = weakref.ref(self)

    # A copy of a model that is watched is not watched: its hooks belong to a watch that does nothing.

    def __reduce__(self) -> tuple[Any, ...]:
        return (_nothing, ())

    def __deepcopy__(self, memo: Any) -> Watch:
        return _nothing()

    # Hooks. None of them may stop the training: what goes wrong is reported once.

    def _attach(self) -> None:
        for watched in self._modules:
            module = watched.module
            self._handles.append(module.register_forward_pre_hook(self._before_forward, with_kwargs=True))
            self._handles.append(module.register_forward_hook(self._after_forward, with_kwargs=True))
        for parameter in self._model.parameters():
            if parameter.requires_grad:
                self._handles.append(parameter.register_post_accumulate_grad_hook(self._after_grad))  # type: ignore[no-untyped-call]
        self._handles.append(self._optimizer.register_step_pre_hook(self._before_step))
        self._handles.append(self._optimizer.register_step_post_hook(self._after_step))

    def _due(self) -> bool:
        return not self._failed and self._step + 1 >= self._next

    def _guard(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            warnings.warn(
                "longspan could not observe a step and has stopped watching; the training goes on.\n"
                + "".join(traceback.format_exception(error)),
                RuntimeWarning,
                stacklevel=3,
            )
        for watched in self._modules:
            watched.passes, watched.calls = [], []

    def _before_forward(self, module: torch.nn.Module, args: Any, kwargs: Any) -> None:
        if self._due() and torch.is_grad_enabled():
            watched = self._by_id[id(module)]
            draws = module.training and watched.layers.dropout > 0
            watched.random = torch.get_rng_state() if draws else None

    def _after_forward(self, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        if self._failed or not torch.is_grad_enabled():
            return
        watched = self._by_id[id(module)]
        began = time.perf_counter()
        try:
            if watched.layers.unobserved is None:
                watched.remember(args, kwargs, output)
                if self._due():
                    watched.record(args, kwargs, output)
        except Exception as error:
            self._guard(error)
        self._spent += time.perf_counter() - began

    def _after_grad(self, parameter: Tensor) -> None:
        if self._failed or parameter.grad is None:
            return
        self._norms[id(parameter)] = torch.linalg.vector_norm(parameter.grad.detach())
        if id(parameter) in self._recurrent and self._due():
            self._weight_grads[id(parameter)] = parameter.grad.detach().clone()

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._closed or self._failed:
            return
        began = time.perf_counter()
        try:
            self._flush()
            self._measure_gradient()
            if self._due():
                self._observe()
        except Exception as error:
            self._guard(error)
        self._spent += time.perf_counter() - began

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._closed:
            return
        due = self._due()
        self._step += 1
        now = time.perf_counter()
        seconds = now - self._last_step - self._spent
        self._last_step = now
        usual = self._step_seconds
        self._step_seconds = seconds if usual is None or self._step < 3 else 0.9 * usual + 0.1 * seconds
        if due:
            try:
                self._measure_update()
            except Exception as error:
                self._guard(error)
            cost = self._spent + time.perf_counter() - now
            if self._every is not None:
                self._next = (self._step // self._every + 1) * self._every
            else:
                pause = math.ceil(cost / (_SHARE * max(self._step_seconds, 1e-6)))
                self._next = self._step + max(_LEAST, min(pause, 10_000))
            self._last_step = time.perf_counter()
        self._spent = 0.0

    def _measure_gradient(self) -> None:
        """Begin the record of a step with the norms of its gradient, before and after clipping."""
        group = self._optimizer.param_groups[0]
        grads = [p.grad.detach() for p in self._model.parameters() if p.grad is not None]
        after = _total(list(torch._foreach_norm(grads))) if grads else 0.0
        norms = {name: self._norms.get(id(p)) for name, p in self._model.named_parameters()}
        before = _total([norm for norm in norms.values() if norm is not None]) if self._norms else after
        if self._due():
            self._shares = {
                name: _number(float(norm) ** 2 / before**2 if before > 0 else 0.0)
                for name, norm in norms.items()
                if norm is not None
            }
        self._norms.clear()
        if not math.isfinite(before) and self._fault is None:
            bad = [name for name, norm in norms.items() if norm is not None and not math.isfinite(float(norm))]
            what = f"the gradient of {', '.join(bad[:3])}{' and others' if len(bad) > 3 else ''}"
            self._fault = self._step + 1, what if bad else "the gradient"
        clipped = before > after * (1 + 1e-4)
        if clipped:
            self._clip = after
        self._pending = {
            "step": self._step + 1,
            "attempt": 1,
            "epoch": 1,
            "loss": "NaN",
            "scored": 0,
            "tokens": 0,
            "lr": _number(float(group["lr"])),
            "log10_global_norm": _log10(before),
            "log10_global_norm_after": _log10(after),
            "clipped": bool(clipped),
        }

    # What happens at a step that is observed.

    def _observe(self) -> None:
        self._weights = {name: p.detach().clone() for name, p in self._model.named_parameters() if name in self._shares}
        for watched in self._modules:
            passes = watched.take()
            used = [recorded for recorded in passes if recorded.has_gradient]
            if used:
                self._replay(watched, used[-1], alone=len(passes) == 1)
        self._weight_grads.clear()

    def _replay(self, watched: _Module, recorded: Pass, alone: bool) -> None:
        """Recompute a pass in the kernels, observe it, and compare it with what PyTorch computed."""
        layers, sizes = watched.layers, recorded.batch_sizes
        if watched.replay is None:
            watched.replay = _core.Replay(
                layers.kind,
                layers.input,
                layers.hidden,
                layers.count,
                layers.bidirectional,
                layers.dtype == torch.float64,
                sizes[0],
                0,
                torch.get_num_threads(),
            )
        weights = layers.weights
        d_last = [torch.zeros_like(state) if d is None else d for d, state in zip(recorded.d_last, recorded.last, strict=True)]
        watched.replay.run(
            self._step + 1,
            array(recorded.x),
            sizes,
            [[array(tensor) for tensor in own] for own in weights],
            parts(recorded.state),
            masks(layers, recorded),
            array(torch.zeros_like(recorded.y) if recorded.d_y is None else recorded.d_y),
            parts(d_last),
        )
        deviation = _deviation(watched.replay.outputs(), array(recorded.y))
        if alone and all(id(tensor) in self._weight_grads for own in weights for tensor in own):
            for layer, own in enumerate(weights):
                grads = watched.replay.gradients(layer)
                if len(grads) != len(own):  # Without biases, the kernels have them all the same: zeros.
                    grads = [grad for i, grad in enumerate(grads) if i % 4 < 2]
                for grad, tensor in zip(grads, own, strict=True):
                    deviation = max(deviation, _deviation(grad, array(self._weight_grads[id(tensor)])))
        watched.deviation = max(watched.deviation, deviation)
        watched.steps = max(watched.steps, recorded.steps)
        watched.observed, watched.positions = True, sum(sizes)

    def _measure_update(self) -> None:
        """Compare the weights before and after the step."""
        if self._pending is None:
            return
        tensors, changes, sizes = [], 0.0, 0.0
        for name, parameter in self._model.named_parameters():
            if name not in self._weights:
                continue
            old = self._weights[name]
            change = float(torch.linalg.vector_norm(parameter.detach() - old))
            size = float(torch.linalg.vector_norm(old))
            changes, sizes = changes + change**2, sizes + size**2
            ratio = _log10(change / size) if size > 0 else "NaN"
            tensors.append({"name": name, "share": self._shares[name], "log10_update_ratio": ratio})
        self._weights = {}
        self._pending["tensors"] = tensors
        self._pending["ratio"] = _log10(math.sqrt(changes / sizes)) if sizes > 0 else "NaN"

    def _flush(self) -> None:
        """Write the record of the last step, whose loss is now known or will not be."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        tensors, ratio = pending.pop("tensors", []), pending.pop("ratio", "NaN")
        for watched in self._modules:
            record = {**pending, "tokens": watched.positions, "scored": watched.positions}
            replay = watched.replay if watched.observed else None
            if replay is None and watched.recorder is None:
                # The run begins when the module is observed for the first time.
                continue
            if replay is not None:
                observed = json.loads(replay.observations())
                record["log10_survival"] = observed.get("log10_survival", [])
                record["snapshot"] = {
                    **observed["snapshot"],
                    "log10_update_ratio": ratio,
                    "tensors": tensors,
                }
            watched.observed = False
            recorder = self._recorder(watched)
            recorder.step(json.dumps(record), replay)
            if replay is not None:
                self._describe(watched)

    def _recorder(self, watched: _Module) -> _core.Recorder:
        if watched.recorder is None:
            watched.recorder = _core.Recorder(
                watched.run,
                f"PyTorch {torch.__version__.split('+')[0]}",
                watched.name,
                self._settings(watched),
                watched.layers.suffixes,
                sum(p.numel() for p in self._model.parameters()),
                self._needed_lag,
            )
            watched.run = Path(watched.recorder.path())
        return watched.recorder

    def _describe(self, watched: _Module) -> None:
        baseline = math.nan if self._baseline is None else self._baseline
        if watched.recorder is not None:
            watched.recorder.describe(self._settings(watched), watched.carried, watched.steps, baseline)

    def _settings(self, watched: _Module) -> dict[str, str]:
        layers, group = watched.layers, self._optimizer.param_groups[0]
        settings = {
            "cell": layers.kind.removesuffix("_tanh").removeprefix("rnn_"),
            "hidden": str(layers.hidden),
            "layers": str(layers.count),
            "bidirectional": str(layers.bidirectional).lower(),
            "dropout": str(float(layers.dropout)),
            "observe": "full",
            "lr": repr(float(group["lr"])),
            "clip": "none" if self._clip is None else f"norm:{self._clip:.6g}",
        }
        names = {"SGD": "sgd", "Adam": "adam", "AdamW": "adamw", "RMSprop": "rmsprop", "Adagrad": "adagrad"}
        name = names.get(type(self._optimizer).__name__)
        if name is not None:
            settings["optimizer"] = name
        for key in ("momentum", "weight_decay"):
            if key in group:
                settings[key] = repr(float(group[key]))
        return settings

    # What a user calls.

    def loss(self, value: Any, *, held_out: bool = False, count: int = 1) -> None:
        """Record the loss of the last step, or with ``held_out=True`` a loss on data that were not trained on.

        Args:
            value: The mean loss, a number or a tensor.
            held_out: Whether it is a loss on data that were not trained on.
            count: The number of predictions that a loss on such data is the mean of. Overfitting is judged only where it is
                given: the mean of a few may rise by chance.
        """
        if self._closed:
            return
        try:
            number = float(value.detach()) if isinstance(value, Tensor) else float(value)
            if held_out:
                self._flush()
                for watched in self._modules:
                    if watched.recorder is not None:
                        watched.recorder.valid(self._step, number, count)
                return
            if not math.isfinite(number):
                self._fault = self._fault if self._fault and self._fault[0] < self._step else (self._step, "the loss")
            elif self._baseline is None:
                # Before it has learned anything, a model predicts about as well as the baseline.
                self._baseline = number
            if self._pending is not None and self._pending["step"] == self._step:
                self._pending["loss"] = _number(number)
                self._flush()
        except Exception as error:
            self._guard(error)

    def findings(self) -> list[Finding]:
        """Return what is wrong, the most important first; empty if nothing is."""
        try:
            self._flush()
        except Exception as error:
            self._guard(error)
        found = [] if self._fault is None else [not_finite(*self._fault)]
        for watched in self._modules:
            if watched.recorder is not None:
                layers = watched.layers
                found += of_run(watched.run, watched.name, layers.name, layers.hidden, layers.count)
        return sorted_findings(found)

    def verdict(self) -> str:
        """Return the findings as text, with what was observed and how exactly."""
        findings = self.findings()
        lines = [str(finding) for finding in findings] or ["nothing found"]
        for watched in self._modules:
            name = watched.name or type(self._model).__name__
            if watched.layers.unobserved is not None:
                lines.append(f"{name}: not observed, because {watched.layers.unobserved}")
            elif watched.recorder is None:
                lines.append(f"{name}: not observed, because no gradient reached it")
            else:
                lines.append(f"{name}: observed your own computation, to {watched.deviation:.0e} ({watched.run})")
        return "\n".join(lines)

    def close(self, outcome: str = "finished") -> None:
        """Stop watching, and complete the run."""
        if self._closed:
            return
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        try:
            self._flush()
            for watched in self._modules:
                if watched.recorder is not None:
                    self._describe(watched)
                    watched.recorder.close(outcome if self._fault is None else "diverged")
        except Exception as error:
            self._guard(error)
        self._closed = True

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close("finished" if kind is None else "interrupted")


def _nothing() -> Watch:
    """A watch that does nothing."""
    watch = object.__new__(Watch)
    watch._failed = watch._closed = True
    watch._modules, watch._handles = [], []
    return watch


def watch(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    run: str | Path = "runs/watch",
    needed_lag: int | None = None,
    baseline: float | None = None,
    every: int | None = None,
) -> Watch:
    """Watch every ``nn.RNN``, ``nn.GRU`` and ``nn.LSTM`` of a model while it trains.

    At sampled steps, the recurrent layers are computed once more by Longspan's kernels, from the same input, weights and
    output gradient, and observed at every time step, layer and gate. Training does not change by a bit.

    Args:
        model: The model. It can be saved, pickled and copied while it is watched.
        optimizer: Its optimizer, whose ``step`` counts the steps.
        run: The directory for the run, which ``longspan report``, ``diagnose`` and ``serve`` read. If it is not empty,
            a number is appended to its name. A model with several recurrent modules has a run for each in this directory.
        needed_lag: How many steps back the task needs information, if that is known.
        baseline: The loss of the best prediction that does not use the input; by default the loss of the first step, before
            anything was learned.
        every: The steps from one observation to the next; by default at least 10, aiming at 4 % of the time.

    Example:
        >>> import torch
        >>> import longspan
        >>> lstm = torch.nn.LSTM(3, 8)
        >>> optimizer = torch.optim.SGD(lstm.parameters(), lr=0.1)
        >>> with longspan.watch(lstm, optimizer, run="runs/example") as w:  # doctest: +SKIP
        ...     for _ in range(100):
        ...         loss = lstm(torch.randn(20, 4, 3))[0].square().mean()
        ...         optimizer.zero_grad(); loss.backward(); optimizer.step()
        ...         w.loss(loss)
        >>> print(w.verdict())  # doctest: +SKIP
    """
    return Watch(model, optimizer, run=run, needed_lag=needed_lag, baseline=baseline, every=every)


def _deviation(found: Any, own: Any) -> float:
    """The largest difference, relative to the largest number."""
    found, own = np.asarray(found).ravel(), np.asarray(own).ravel()
    largest = float(np.abs(own).max(initial=0.0))
    difference = float(np.abs(found - own).max(initial=0.0))
    return difference / largest if largest > 0 else difference


def _total(norms: list[Tensor]) -> float:
    if not norms:
        return 0.0
    return float(torch.linalg.vector_norm(torch.stack([norm.to("cpu", torch.float64) for norm in norms])))


def _number(x: float) -> float | str:
    """A number as the files of a run write it."""
    if math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else ("Infinity" if x > 0 else "-Infinity")


def _log10(x: float) -> float | str:
    if x == 0:
        return "-Infinity"
    return _number(math.log10(x) if x > 0 else x)
