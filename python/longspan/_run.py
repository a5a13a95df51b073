"""A run directory as arrays."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longspan import _core
from longspan._findings import Finding, of_items
from longspan._probed import Probe

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_Floats = NDArray[np.float64]
_Floats32 = NDArray[np.float32]
_Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Steps:
    """The training steps of a run, arrays ``[S]``."""

    step: _Integers
    epoch: _Integers
    loss: _Floats
    """Mean loss of the batch before the update."""
    lr: _Floats
    tokens: _Integers
    """Number of positions that were read."""
    log10_gradient_norm: _Floats
    """log10 of the gradient's global norm before clipping."""
    log10_clipped_norm: _Floats
    """The same after clipping."""
    clipped: NDArray[np.bool_]


@dataclass(frozen=True)
class Validation:
    """The validations of a run, arrays ``[V]``; NaN where nothing was measured."""

    step: _Integers
    loss: _Floats
    accuracy: _Floats
    standard_error: _Floats


@dataclass(frozen=True)
class Gradient:
    """The gradient at every time step, at the S observed training steps and for L layers.

    The time axis is the distance d from the last time step of the window. Up to 128 time steps, D is their number; of more, the
    far ones share bins, whose value is the mean. Values beyond the end of a shorter window are NaN.
    """

    step: _Integers
    """The training steps, ``[S]``."""
    steps_back: _Integers
    """The smallest distance in each bin, ``[D]``."""
    layers: list[str]
    """Names of the layers, "l0" or "l0_reverse"."""
    log10_norm: _Floats32
    """log10 of the mean over the rows of ‖∂L/∂h_t‖, ``[S, L, D]``."""
    log10_cell_norm: _Floats32 | None = None
    """The same of ‖∂L/∂c_t‖, if the cell has c and it was recorded."""
    log10_gamma: _Floats32 | None = None
    """The same of ‖Γ_t‖, the share of a time step in the gradient of the recurrent weights, if it was recorded."""
    log10_lag: _Floats32 | None = None
    """log10 of the median of G(τ), the gradient of one loss τ = ``steps_back`` steps back, ``[S, D]``; NaN if not measured."""

    @property
    def survival(self) -> _Floats32:
        """‖∂L/∂h_t‖ over that at the last time step, ``[S, L, D]``."""
        with np.errstate(invalid="ignore", over="ignore"):
            survival: _Floats32 = np.power(np.float32(10), self.log10_norm - self.log10_norm[:, :, :1])
        return survival


class Run:
    """A run directory, made by the program, by :func:`longspan.train` or by :func:`longspan.watch`.

    Everything is read at once; a run that still trains is read again by another ``Run(path)``.

    Args:
        path: The directory.

    Raises:
        FileNotFoundError: There is no run.
        ValueError: Its description or its settings are damaged. Damaged records are skipped, and listed in ``problems``.
        OSError: A file cannot be read.

    Example:
        >>> import longspan
        >>> run = longspan.Run("runs/adding-lstm-1")  # doctest: +SKIP
        >>> run.steps.loss[-1], run.outcome  # doctest: +SKIP
        (0.0121, 'finished')
    """

    path: Path
    steps: Steps
    validation: Validation
    gradient: Gradient | None
    """The gradient at every time step; None if it was not observed."""
    probe: Probe | None
    """The last probe of the weights; None if there is none."""
    settings: dict[str, int | float | bool | str | None]
    """The settings by name; None for those that are not set."""
    summary: dict[str, int | float | None]
    """Steps, losses and times, by name; None for what is not known."""
    outcome: str
    """"finished", "stopped_early", "out_of_time", "interrupted" or "diverged"; "unfinished" if it has not ended."""
    unit: str
    """The unit of the losses: "nats", "mse", "mae", or "own unit" if another program has computed them."""
    baseline: float | None
    """The loss of a prediction that does not use the input."""
    parameters: int
    """Number of parameters of the model."""
    command: str | None
    """The command that repeats the run; None if another program trained it."""
    problems: list[str]
    """What could not be read, one sentence each."""

    def __init__(self, path: str | PathLike[str]) -> None:
        data = _core.RunData(fspath(path))
        document = json.loads(data.document())
        self.path = Path(path)
        self.steps = Steps(**data.steps())
        self.validation = Validation(**data.validation())
        gradient = data.gradient()
        self.gradient = None if gradient is None else Gradient(**gradient)
        self.probe = None if document["probe"] is None else Probe.of_document(document["probe"], self.path.name)
        self.settings = data.settings()
        self.summary = document["summary"]
        self.outcome, self.command = document["outcome"], document["command"]
        self.unit, self.baseline = document["data"]["unit"], document["data"]["baseline_loss"]
        self.parameters, self.problems = document["parameters"], document["problems"]
        self._model, self._data = document["model"], document["data"]["description"]
        watched = document["watched"]
        self._where = "" if watched is None else watched["module"]
        self._findings = json.loads(data.findings())

    @property
    def survival(self) -> _Floats32 | None:
        """‖∂L/∂h_t‖ over that at the last time step, ``[S, L, D]``, see :class:`Gradient`; None if it was not observed."""
        return None if self.gradient is None else self.gradient.survival

    def findings(self) -> list[Finding]:
        """Return what is wrong, the most important first; empty if nothing is.

        The fixes of a run of the program are commands, those of a watched run are lines of PyTorch.
        """
        return of_items(self._findings, self._where)

    def to_pandas(self) -> pd.DataFrame:
        """Return the training steps as a table with the index ``step``, beside the validations.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("Run.to_pandas needs pandas: pip install pandas") from error
        table = pd.DataFrame(vars(self.steps)).set_index("step")
        scores = pd.DataFrame(vars(self.validation)).set_index("step").add_prefix("validation_")
        return table.join(scores)

    def plot(self) -> Figure:
        """Draw the losses, and the gradient over training steps and time steps if it was observed.

        Raises:
            ImportError: matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError("Run.plot needs matplotlib: pip install matplotlib") from error
        maps = [] if self.gradient is None else self.gradient.layers
        figure = Figure(figsize=(8, 3 + 2.2 * len(maps)), layout="constrained")
        axes = figure.subplots(1 + len(maps), 1, squeeze=False)[:, 0]
        axes[0].plot(self.steps.step, self.steps.loss, label="training", linewidth=1)
        if self.validation.step.size:
            axes[0].plot(self.validation.step, self.validation.loss, label="validation", marker="o", markersize=3)
        if self.baseline is not None:
            axes[0].axhline(self.baseline, label="baseline", color="grey", linestyle="--", linewidth=1)
        axes[0].set(xlabel="training step", ylabel=f"loss ({self.unit})", title=self.path.name)
        axes[0].legend()
        if self.gradient is not None:
            for layer, (name, axis) in enumerate(zip(maps, axes[1:], strict=True)):
                norms = np.ma.masked_invalid(self.gradient.log10_norm[:, layer, :].T)
                step, back = self.gradient.step, self.gradient.steps_back
                mesh = axis.pcolormesh(step, back, norms, shading="nearest")
                figure.colorbar(mesh, ax=axis, label="log10 ‖∂L/∂h‖")
                axis.set(xlabel="training step", ylabel="steps back", title=f"gradient of layer {name}")
        return figure

    def _rows(self) -> list[tuple[str, str]]:
        """What a person wants to know first, by name."""

        def loss(name: str) -> str | None:
            value = self.summary.get(name)
            return None if value is None else f"{value:.4g} {self.unit}"

        steps = f"{self.summary['step']}"
        if self.summary.get("steps") is not None:
            steps += f" of {self.summary['steps']}"
        horizon = None if self.probe is None or self.probe.horizon is None else str(self.probe.horizon)
        rows = [
            ("outcome", self.outcome),
            ("data", self._data),
            ("model", f"{self._model}, {self.parameters:,} parameters"),
            ("steps", steps),
            ("training loss", loss("train_loss")),
            ("best validation", loss("best_loss")),
            ("test", loss("test_loss")),
            ("baseline", None if self.baseline is None else f"{self.baseline:.4g} {self.unit}"),
            ("gradient horizon", horizon),
        ]
        return [(name, value) for name, value in rows if value is not None]

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}): {self.outcome}, {self._model}, step {self.summary['step']}"

    def __str__(self) -> str:
        lines = [str(self.path), *(f"{name:18}{value}" for name, value in self._rows())]
        return "\n".join(lines + [str(finding) for finding in self.findings()])

    def _repr_html_(self) -> str:
        row = "<tr><th style='text-align:left'>{}</th><td style='text-align:left'>{}</td></tr>"
        rows = "".join(row.format(html.escape(name), html.escape(value)) for name, value in self._rows())
        parts = [f"<p><b>{html.escape(str(self.path))}</b></p><table>{rows}</table>"]
        for finding in self.findings():
            fixes = "".join(
                f"<li>{html.escape(fix.why)}" + (f"<pre>{html.escape(fix.code)}</pre>" if fix.code else "") + "</li>"
                for fix in finding.fixes
            )
            title = f"{finding.severity}: {finding.title} ({finding.code})"
            parts.append(f"<p><b>{html.escape(title)}</b><br>{html.escape(finding.sentence)}</p><ul>{fixes}</ul>")
        return "".join(parts)
