"""Watch the recurrent layers of a PyTorch model while it trains."""

from __future__ import annotations

import functools
import re
import time
import traceback
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor

from longspan import _arguments, _verdict
from longspan._findings import Finding, not_finite, of_run, sorted_findings
from longspan._layers import CELLS
from longspan._module import WatchedModule
from longspan._recorded import Backward
from longspan._steps import Steps
from longspan._warn import warn

__all__ = ["Finding", "Watch", "watch"]

# The watch of each model, so that a second one in a notebook replaces the first. A watch refers to its model, so only weak
# references let both go.
_watches: weakref.WeakKeyDictionary[torch.nn.Module, weakref.ref[Watch]] = weakref.WeakKeyDictionary()


def _harmless(hook: Callable[..., None]) -> Callable[..., None]:
    """Let no error in a hook reach the training, and measure its time. Code that is compiled has no hooks."""

    @functools.wraps(hook)
    def guarded(self: Watch, *args: Any) -> None:
        if torch.compiler.is_compiling() or self._ended:
            return
        began = time.perf_counter()
        try:
            hook(self, *args)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # Also a panic of the kernels, which is no Exception.
            self._fail(error)
        self._spent += time.perf_counter() - began

    return guarded


class Watch:
    """Watch every ``nn.RNN``, ``nn.GRU`` and ``nn.LSTM`` of a model, and their cells, while it trains.

    At sampled steps, the recurrent layers are computed once more by Longspan's kernels, from the same input, weights and
    output gradient, and observed at every time step, layer and gate. Training does not change by a bit.

    Args:
        model: The model. It can be saved, pickled and copied while it is watched. In a distributed training, rank 0 is
            watched.
        optimizer: Its optimizer, whose ``step`` counts the steps; or several. The steps of a module are those of the
            optimizer that updates its weights.
        run: The directory for the run, which ``longspan report``, ``diagnose`` and ``serve`` read. If it is not empty,
            a number is appended to its name. A model with several recurrent modules has a run for each in this directory,
            with its name (a ``/`` in a name becomes ``_``).
        needed_lag: How many steps back the task needs information, if that is known.
        baseline: The loss of the best prediction that does not use the input, above 0; by default the loss of the first step,
            before anything was learned.
        every: The steps from one observation to the next; by default at least 10, aiming at 4 % of the time.
        scaler: The ``torch.amp.GradScaler`` that multiplies the gradients, if there is one: all norms are divided by its scale.

    Raises:
        ValueError: The model has no recurrent module, no optimizer updates a parameter of it, ``run`` cannot be a
            directory, or a number is out of range.
        TypeError: An argument is of another kind, such as a scheduler instead of an optimizer.

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

    # A watch that does nothing, as the copy of one is, has these values.
    _ended = _closed = True
    _failed = _near = _measures = False
    _modules: tuple[WatchedModule, ...] = ()
    _steps: tuple[Steps, ...] = ()
    _name = "the model"
    # Why the watch has ended early, and the number of losses that could not be recorded.
    _stopped = ""
    _refused = 0

    def __init__(
        self,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer | Iterable[torch.optim.Optimizer],
        *,
        run: str | Path = "runs/watch",
        needed_lag: int | None = None,
        baseline: float | None = None,
        every: int | None = None,
        scaler: Any = None,
    ) -> None:
        model = _unwrapped(_arguments.checked_model(model))
        found = [(name, m) for name, m in model.named_modules() if isinstance(m, (torch.nn.RNNBase, *CELLS))]
        if not found:
            raise ValueError(
                f"{type(model).__name__} has no nn.RNN, nn.GRU or nn.LSTM, and none of their cells: there is nothing to watch"
            )
        optimizers = _arguments.checked_optimizers(optimizer, model)
        directory = _arguments.checked_run(run)
        needed_lag, baseline, every = _arguments.checked_numbers(needed_lag, baseline, every)
        scaler = _arguments.checked_scaler(scaler)
        reference = _watches.pop(model, None)
        before = reference() if reference is not None else None
        if before is not None:
            before.close()
        if torch.distributed.is_available() and torch.distributed.is_initialized() and torch.distributed.get_rank() != 0:
            return
        self._ended = self._closed = False
        self._name = type(model).__name__
        self._spent = 0.0
        self._backward = Backward(self._fail)
        self._in_backward = False
        self._steps = tuple(Steps(model, one, every=every, baseline=baseline, scaler=scaler) for one in optimizers)
        self._parameters = sum(p.numel() for p in model.parameters())
        modules = []
        for name, module in found:
            own = list(module.parameters())
            steps = next((steps for steps in self._steps if steps.holds(own)), self._steps[0])
            path = directory if len(found) == 1 else directory / (re.sub(r"[/\\:\0]", "_", name) or "model")
            modules.append(WatchedModule(name, module, path, steps, needed_lag, self._backward))
        self._modules = tuple(modules)
        self._by_id = {id(watched.module): watched for watched in modules}
        self._handles: list[Any] = []
        self._look_ahead()
        self._attach(model)
        _watches[model] = weakref.ref(self)

    # A copy of a model that is watched is not watched: its hooks belong to a watch that does nothing.

    def __reduce__(self) -> tuple[Any, ...]:
        return (_nothing, ())

    def __deepcopy__(self, memo: Any) -> Watch:
        return _nothing()

    # Hooks. None of them may stop the training: what goes wrong is reported once.

    def _attach(self, model: torch.nn.Module) -> None:
        of_weight = {id(p): watched for watched in self._modules for p in watched.module.parameters(recurse=False)}
        for watched in self._modules:
            module = watched.module
            if watched.layers.dropout > 0:
                self._handles.append(module.register_forward_pre_hook(self._before_forward))
            self._handles.append(module.register_forward_hook(self._after_forward, with_kwargs=True))
        for parameter in model.parameters():
            if parameter.requires_grad:
                hook = functools.partial(self._before_grad, parameter, of_weight.get(id(parameter)))
                self._handles.append(parameter.register_hook(hook))  # type: ignore[no-untyped-call]
        for steps in self._steps:
            self._handles.append(steps.optimizer.register_step_pre_hook(self._before_step))
            self._handles.append(steps.optimizer.register_step_post_hook(self._after_step))

    def _fail(self, error: BaseException) -> None:
        self._ended = True
        if not self._failed:
            self._failed = True
            step = max(steps.taken for steps in self._steps) + 1
            self._stopped = f"stopped watching at step {step}: {type(error).__name__}: {error}"
            warn(
                "longspan could not observe a step and has stopped watching; the training goes on.\n"
                + "".join(traceback.format_exception(error)),
                stacklevel=3,
            )
        for watched in self._modules:
            watched.forget()

    # Most steps are not observed, and most hooks have nothing to do in them. They see that first.

    def _before_forward(self, module: torch.nn.Module, args: Any) -> None:
        if not torch.compiler.is_compiling() and self._near:
            self._before_call(module)

    @_harmless
    def _before_call(self, module: torch.nn.Module) -> None:
        if torch.is_grad_enabled():
            self._by_id[id(module)].before_call()

    def _after_forward(self, module: torch.nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        if not torch.compiler.is_compiling() and self._near:
            self._after_call(module, args, kwargs, output)

    @_harmless
    def _after_call(self, module: torch.nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        if torch.is_grad_enabled():
            self._by_id[id(module)].after_call(args, kwargs, output)

    def _before_grad(self, parameter: Tensor, watched: WatchedModule | None, grad: Tensor) -> None:
        if self._measures and (not self._in_backward or watched is not None):
            self._first_grad(parameter, watched, grad)

    @_harmless
    def _first_grad(self, parameter: Tensor, watched: WatchedModule | None, grad: Tensor) -> None:
        if not self._in_backward:
            self._in_backward = True
            # DistributedDataParallel averages gradients in a callback that is queued after this one, and before the next.
            queue = torch.autograd.Variable._execution_engine.queue_callback
            queue(lambda: queue(self._after_backward))
        if watched is not None and watched.steps.due:
            watched.after_weight_grad(parameter, grad)

    @_harmless
    def _after_backward(self) -> None:
        self._in_backward = False
        self._backward.number += 1
        for steps in self._steps:
            steps.after_backward()

    def _before_step(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> Any:
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        if not callable(closure) or torch.compiler.is_compiling():
            self._begin_step(optimizer)
            return None
        # The gradient is computed inside of the step, by LBFGS several times with other weights. The first one, with the
        # weights before the step, is observed.
        evaluated = False

        def first_observed() -> Any:
            nonlocal evaluated
            value = closure()
            if not evaluated:
                evaluated = True
                self._begin_step(optimizer)
                self._near = self._measures = False
            return value

        if "closure" in kwargs:
            return args, {**kwargs, "closure": first_observed}
        return (args[0], first_observed, *args[2:]), kwargs

    @_harmless
    def _begin_step(self, optimizer: torch.optim.Optimizer) -> None:
        # Still set after a backward pass that has failed.
        self._in_backward = False
        steps = self._of(optimizer)
        if not any(watched.seen for watched in self._modules) and all(one.taken == 0 for one in self._steps):
            warn(
                "longspan has seen no call of a recurrent layer in the first training step. Compiled code has no hooks: to "
                "observe its layers, train without torch.compile for a while, or compile the other parts of the model",
                stacklevel=4,
            )
        self._end(steps)
        if steps.before_step() and steps.due:
            for watched in self._modules:
                if watched.steps is steps:
                    watched.observe()

    @_harmless
    def _after_step(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        self._of(optimizer).after_step(self._spent)
        self._look_ahead()

    def _look_ahead(self) -> None:
        """Find out which hooks have something to do in the coming step."""
        self._near = any(steps.nearly_due for steps in self._steps)
        self._measures = any(steps.measures_before for steps in self._steps)

    def _of(self, optimizer: torch.optim.Optimizer) -> Steps:
        return next(steps for steps in self._steps if steps.optimizer is optimizer)

    def _end(self, steps: Steps) -> None:
        """Record the last step, whose loss is now known or will not be."""
        step = steps.take()
        if step is not None:
            for watched in self._modules:
                if watched.steps is steps:
                    watched.write(step, self._parameters)

    @_harmless
    def _flush(self) -> None:
        """Write everything that is known."""
        for steps in self._steps:
            self._end(steps)
        for watched in self._modules:
            watched.flush()

    # What a user calls.

    def loss(self, value: Any, *, held_out: bool = False, count: int = 1) -> None:
        """Record the loss of the last step, or with ``held_out=True`` a loss on data that were not trained on.

        If losses are given before their steps, each belongs to the step that follows. With several optimizers, a loss belongs
        to all steps that have none yet. A value that is no loss is not recorded, which a warning says once.

        Args:
            value: The mean loss, a number or a tensor.
            held_out: Whether it is a loss on data that were not trained on.
            count: The number of predictions that a loss on such data is the mean of. Overfitting is judged only where it is
                given: the mean of a few may rise by chance.
        """
        self._loss(value, held_out, count)

    @_harmless
    def _loss(self, value: Any, held_out: bool, count: int) -> None:
        try:
            number, count = _arguments.checked_loss(value, count)
        except ValueError as error:
            if self._refused == 0:
                warn(f"longspan did not record a loss: {error}", stacklevel=4)
            self._refused += 1
            return
        for steps in self._steps:
            if not held_out:
                steps.loss(number)
            steps.has_loss = True
        if held_out:
            self._flush()
            for watched in self._modules:
                if watched.recorder is not None:
                    watched.recorder.valid(watched.steps.taken, number, count)

    def findings(self) -> list[Finding]:
        """Return what is wrong, the most important first; empty if nothing is. A run that cannot be read has none."""
        found, unread = self._diagnosed()
        for line in unread:
            warn(f"longspan: {line}")
        return found

    def _diagnosed(self) -> tuple[list[Finding], list[str]]:
        """The findings, and what could not be diagnosed."""
        self._flush()
        found, unread = [], []
        for steps in self._steps:
            of_steps = [watched for watched in self._modules if watched.steps is steps]
            if steps.fault is not None and not any(watched.located for watched in of_steps):
                sound = [watched.name or self._name for watched in of_steps if watched.bad_arrived]
                found.append(not_finite(steps.fault.step, steps.fault.what, sound))
        for watched in self._modules:
            if watched.recorder is not None:
                try:
                    own = of_run(watched.run, watched.name)
                except (KeyboardInterrupt, SystemExit):
                    raise
                except BaseException as error:  # As when the directory was removed.
                    unread.append(f"{watched.name or self._name}: its run cannot be diagnosed: {error}")
                else:
                    # A value that was not located is the same for all modules.
                    found += [one for one in own if watched.located or one.code != "non-finite"]
        return sorted_findings(found), unread

    def verdict(self) -> str:
        """Return the findings as text, with what was observed, when last, and how exactly."""
        if not self._modules:
            return "nothing is watched here: this is not rank 0, or a copy of a watch"
        found, unread = self._diagnosed()
        lines = [self._stopped] if self._failed else []
        lines += [str(finding) for finding in found] + unread
        if not found and not unread:
            lines.append("nothing found in the steps before" if self._failed else "nothing found")
        for steps in self._steps:
            lines += _verdict.of_steps(steps, bool(found))
        if self._refused > 0:
            lines.append(f"{self._refused} value{'s' if self._refused > 1 else ''} given to w.loss could not be recorded")
        for watched in self._modules:
            lines += _verdict.of_module(watched, watched.name or self._name, self._failed)
        return "\n".join(lines)

    def close(self, outcome: str = "finished") -> None:
        """Stop watching, and complete the run."""
        if self._closed:
            return
        self._closed = True
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        # Also after an error: what was recorded before it is complete.
        self._ended = False
        self._complete(outcome)
        self._ended = True

    @_harmless
    def _complete(self, outcome: str) -> None:
        self._flush()
        for watched in self._modules:
            if watched.recorder is not None:
                watched.describe()
                outcome = "interrupted" if self._failed else outcome
                watched.recorder.close(outcome if watched.steps.fault is None else "diverged")

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close("finished" if kind is None else "interrupted")


watch = Watch


def _nothing() -> Watch:
    """A watch that does nothing."""
    return object.__new__(Watch)


def _unwrapped(model: torch.nn.Module) -> torch.nn.Module:
    """The model inside of ``torch.compile``, ``DataParallel`` and ``DistributedDataParallel``."""
    while True:
        is_parallel = isinstance(model, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel)
        inner = getattr(model, "module" if is_parallel else "_orig_mod", None)
        if not isinstance(inner, torch.nn.Module):
            return model
        model = inner
