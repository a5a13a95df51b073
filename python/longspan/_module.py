"""One recurrent module that is watched: its passes are recorded, recomputed in the kernels, and written to its run."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from longspan import _core
from longspan._cells import CellCall, CellCalls
from longspan._faults import arrived_bad, first_bad, not_located
from longspan._layers import CELLS, Layers
from longspan._numbers import log10, number
from longspan._recorded import Backward, Calls, LayerCalls, Pass, array, given_state, masks, parts
from longspan._steps import Step, Steps

# Steps that were not observed are written together: at most so many, and after so many seconds.
_MOST_PLAIN, _SECONDS = 500, 1.0


class WatchedModule:
    """A recurrent module, with its run directory and the steps of the optimizer that trains it."""

    def __init__(
        self, name: str, module: torch.nn.Module, run: Path, steps: Steps, needed_lag: int | None, backward: Backward
    ) -> None:
        self.name, self.module, self.run, self.steps = name, module, run, steps
        self.layers = Layers(module)
        self._needed_lag, self._backward = needed_lag, backward
        self.recorder: _core.Recorder | None = None
        self._replay: _core.Replay | None = None
        self._replay_of: torch.dtype | None = None
        self._calls: Calls[CellCall] | Calls[Pass]
        self._calls = (CellCalls if isinstance(module, CELLS) else LayerCalls)(self.layers, backward)
        self._random: Tensor | None = None
        # The state that the last call returned, and whether a later one began with a copy of it.
        self._returned: list[Tensor] = []
        self._carried = False
        # The gradients of the weights in one backward pass, and its number.
        self._weight_grads: dict[int, Tensor] = {}
        self._weight_grads_of = 0
        # The longest pass in time steps, and the largest deviation from PyTorch.
        self._longest = 0
        self.deviation = 0.0
        # The last step that was observed, and the number of steps since then that should have been.
        self.last = self.missed = 0
        # The number of calls with an empty batch.
        self.empty = 0
        # The positions of the pass that was observed in the current step; None without one.
        self._positions: int | None = None
        # The first value of the step that is not finite, whether it is recorded, and whether it came from behind the module.
        self._bad: dict[str, Any] | None = None
        self.located = self.bad_arrived = False
        # Steps that were not observed and are not yet written, and the time of the last writing.
        self._plain: list[tuple[int, float, float, float, float, bool]] = []
        self._written = 0.0
        # Whether a call was seen, and whether it was in half precision.
        self.seen, self._half = False, ""

    # What the hooks see.

    def before_call(self) -> None:
        """Keep the state of the generator, from which dropout will draw."""
        if self.steps.due:
            draws = self.module.training and self.layers.dropout > 0
            self._random = torch.get_rng_state() if draws else None

    def after_call(self, args: Any, kwargs: Any, output: Any) -> None:
        """Record a call of the module, if its step is observed."""
        self.seen = True
        if not self.steps.nearly_due or self.layers.unobserved is not None:
            return
        last = output if isinstance(self.module, CELLS) else output[1]
        last = list(last) if isinstance(last, tuple) else [last]
        if last[0].dtype != self.layers.dtype:
            self._half = f"it computes in {last[0].dtype}, as under autocast"
            return
        if last[0].numel() == 0:
            self.empty += self.steps.due
            return
        given = given_state(args, kwargs)
        if given and not any(state.requires_grad for state in given) and len(given) == len(self._returned):
            pairs = zip(given, self._returned, strict=True)
            # A state of zeros is that of a new sequence, also where dead units returned it.
            self._carried |= all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs) and any(map(torch.any, given))
        self._returned = [state.detach() for state in last]
        if self.steps.due:
            self._calls.record(args, kwargs, output, self._random)

    def after_weight_grad(self, parameter: Tensor, grad: Tensor) -> None:
        """Keep the gradient of a weight in this backward pass."""
        if self._weight_grads_of != self._backward.number:
            self._weight_grads, self._weight_grads_of = {}, self._backward.number
        self._weight_grads[id(parameter)] = grad.detach().clone()

    def forget(self) -> None:
        """Forget what was recorded of a step."""
        self._calls.forget()
        self._weight_grads, self._returned = {}, []

    # What happens at a step that is observed.

    def observe(self) -> None:
        """Recompute the last pass that a gradient reached, observe it, and find its first value that is not finite."""
        passes = self._calls.take()
        grads, of = self._weight_grads, {self._weight_grads_of}
        self._weight_grads = {}
        if not passes:
            self.missed += 1
            return
        last = passes.pop()
        # The gradients of the weights can be compared if all of them came from this pass.
        alone = last.backwards == of and not any(recorded.backwards & of for recorded in passes)
        self._recompute(last, grads if alone else {})

    def _recompute(self, recorded: Pass, weight_grads: dict[int, Tensor]) -> None:
        """Recompute a pass in the kernels, observe it, and compare it with what PyTorch computed."""
        layers, sizes, scale = self.layers, recorded.batch_sizes, self.steps.scale
        if self._replay is None or self._replay_of != layers.dtype:  # As after model.double().
            self._replay_of = layers.dtype
            self._replay = layers.replay(sizes[0])
        weights, replay = layers.weights, self._replay

        def unscaled(grad: Tensor) -> Tensor:
            return grad if scale == 1 else grad / scale

        d_last = [torch.zeros_like(state) if d is None else d for d, state in zip(recorded.d_last, recorded.last, strict=True)]
        replay.run(
            self.steps.taken + 1,
            array(recorded.x),
            sizes,
            [[array(tensor) for tensor in own] for own in weights],
            parts(recorded.state),
            masks(layers, recorded),
            array(torch.zeros_like(recorded.y) if recorded.d_y is None else unscaled(recorded.d_y)),
            parts([unscaled(d) for d in d_last]),
        )
        grads: list[list[Any]] = []
        if all(id(tensor) in weight_grads for own in weights for tensor in own):
            grads = [[array(unscaled(weight_grads[id(tensor)])) for tensor in own] for own in weights]
        deviation = replay.deviation(array(recorded.y), grads)
        # Values that overflow may do so in another place.
        if math.isfinite(deviation) or self.steps.fault is None:
            self.deviation = max(self.deviation, deviation)
        if self.steps.fault is not None and self.steps.fault.step == self.steps.taken + 1:
            self._bad = first_bad(layers, recorded, replay)
            self.bad_arrived = self._bad is None and arrived_bad(recorded)
        self._longest = max(self._longest, recorded.steps)
        self._positions = sum(sizes)
        self.last, self.missed = self.steps.taken + 1, 0

    # The run.

    def write(self, step: Step, parameters: int) -> None:
        """Record a step. The run begins when the module is observed for the first time."""
        if self._positions is None:
            if self.recorder is not None:
                self._plain.append(step.plain)
                if len(self._plain) >= _MOST_PLAIN or time.perf_counter() - self._written > _SECONDS:
                    self.flush()
                self._write_fault(self.recorder, step)
            return
        if self.recorder is None:
            self.recorder = _core.Recorder(
                self.run,
                f"PyTorch {torch.__version__.split('+')[0]}",
                (self.name, type(self.module).__name__),
                self._settings(),
                self.layers.suffixes,
                parameters,
                self._needed_lag,
            )
            self.run = Path(self.recorder.path())
        assert self._replay is not None
        positions = self._positions
        self._positions = None
        self.flush()
        self.recorder.step(step.plain, positions, step.ratio, step.tensors, self._replay)
        self._write_fault(self.recorder, step)
        self.describe()

    def _write_fault(self, recorder: _core.Recorder, step: Step) -> None:
        """Record the first value that is not finite, if it is in this step, with its place if it was found."""
        fault = self.steps.fault
        if fault is None or fault.step != step.number:
            return
        self.flush()
        self.located = self._bad is not None
        bad, self._bad = self._bad or not_located(fault, self.bad_arrived), None
        of_step = {
            "step": step.number,
            "epoch": 1,
            "loss": "NaN" if step.loss is None else number(step.loss),
            "log10_global_norm": log10(step.norm),
            "lr": number(step.lr),
        }
        recorder.fault(json.dumps({**of_step, **bad, "before": []}))

    def flush(self) -> None:
        """Write the steps that were not observed."""
        self._written = time.perf_counter()
        if self.recorder is not None and self._plain:
            self.recorder.plain_steps(self._plain)
            self._plain = []

    def describe(self) -> None:
        """Write what is known of the run so far."""
        if self.recorder is not None:
            # Without a loss there is nothing to compare with the baseline.
            baseline = self.steps.baseline if self.steps.has_loss else None
            baseline = math.nan if baseline is None else baseline
            settings, skipped = self._settings(), self.steps.skipped
            self.recorder.describe(settings, self._carried, self._longest, baseline, self.deviation, skipped)

    def _settings(self) -> dict[str, str]:
        layers = self.layers
        return {
            "cell": layers.kind.removesuffix("_tanh").removeprefix("rnn_"),
            "hidden": str(layers.hidden),
            "layers": str(layers.count),
            "bidirectional": str(layers.bidirectional).lower(),
            "dropout": str(float(layers.dropout)),
            "observe": "full",
            **self.steps.settings(),
        }

    @property
    def why_not(self) -> str | None:
        """Why the module was not observed; None if it was."""
        if self.recorder is not None:
            return None
        if not self.seen:
            return "no call of it was seen; calls inside of compiled code are not"
        return self.why_missed

    @property
    def why_missed(self) -> str:
        """Why the last calls of the module were not observed."""
        return self.layers.unobserved or self._half or "no gradient reached it"
