"""What a probe of fixed weights has measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]

_LN10 = float(np.log(10.0))


@dataclass(frozen=True)
class Horizon:
    """How many steps back the gradient of one loss falls below the share ε of its value at the loss, as a median."""

    steps: int
    at_least: bool
    """Whether it is longer than the window, so that ``steps`` is a lower bound."""
    low: int
    high: int
    """The 95 % confidence interval, in steps."""
    epsilon: float
    """The share ε, by default 0.01."""

    def __str__(self) -> str:
        noun = "step" if self.steps == 1 else "steps"
        if self.at_least:
            return f"at least {self.steps} {noun}"
        return f"{self.steps} {noun} (95 % CI {self.low}–{self.high})"


@dataclass(frozen=True)
class LagProfile:
    """G(τ) = ‖δ_(t−τ)‖ / ‖δ_t‖, the gradient of one loss τ steps back: quantiles over the anchors t, as log10, ``[lags]``."""

    lag: _Integers
    log10_median: _Floats
    log10_p05: _Floats
    log10_p25: _Floats
    log10_p75: _Floats
    log10_p95: _Floats

    def at(self, lag: int) -> float:
        """Return the median of G at a lag, with log G interpolated linearly; NaN beyond the last lag."""
        if not 0 <= lag <= int(self.lag[-1]):
            return float("nan")
        above = int(np.searchsorted(self.lag, lag))
        high = self.log10_median[above]
        if self.lag[above] == lag or high == self.log10_median[above - 1]:
            return float(10**high)
        low, width = self.log10_median[above - 1], self.lag[above] - self.lag[above - 1]
        return float(10 ** (low + (lag - self.lag[above - 1]) / width * (high - low)))


@dataclass(frozen=True)
class Lyapunov:
    """Lyapunov exponents along trajectories of the data, in nats per step, largest first."""

    exponents: _Floats
    """Those of all layers together."""
    layers: list[_Floats]
    """Those of each layer, from the bottom."""
    standard_errors: list[_Floats]
    """Their standard errors; NaN if there are too few trajectories or steps."""
    steps: int
    """Number of counted steps of a trajectory."""
    trajectories: int


@dataclass(frozen=True)
class Gate:
    """Openness of a sigmoid gate of a layer, over steps, rows and units."""

    layer: int
    """The layer, in the order of the states of the model: with two directions, 2 l and 2 l + 1 belong to layer l."""
    gate: str
    mean: float
    closed: float
    """Share below 0.05."""
    open: float
    """Share above 0.95."""


@dataclass(frozen=True)
class Activation:
    """How much of an activation of a layer is saturated: a tanh beyond ±0.95, a relu at 0."""

    layer: int
    activation: str
    saturated: float
    saturated_units: int
    """Number of units that are saturated everywhere."""


@dataclass(frozen=True)
class Probe:
    """Measurements of fixed weights on data. What was not measured is None, and ``missing`` says why."""

    name: str
    """What was measured: the name of the run, or of the module in the model."""
    horizon: Horizon | None
    lag: LagProfile | None
    lyapunov: Lyapunov | None
    gates: list[Gate]
    activations: list[Activation]
    missing: dict[str, str]
    """Why quantities were not measured, by name: "lag", "lyapunov", …"""
    deviation: float | None = None
    """The largest relative difference from PyTorch's outputs and gradients; None for a run."""
    loss: float | None = None
    """The loss whose gradient was measured; None for a run."""
    log10_norm: _Floats | None = None
    """log10 of the mean over the rows of ‖∂L/∂h_t‖, ``[layers, T]``; None for a run, which has them in ``Run.gradient``."""
    record: dict[str, Any] = field(default_factory=dict, repr=False)
    """The whole record, as in the file ``probe/STEP.json`` of a run."""

    @classmethod
    def of_document(cls, document: dict[str, Any], name: str) -> Probe:
        """Read the probe of a run."""
        record = document["record"]
        reach = record["reach"].get("known")
        report = None if reach is None else reach["lag"].get("known")
        layers = [] if reach is None else reach["gates"]
        gates = [(layer, layer["gates"].get("known", [])) for layer in layers]
        activations = [(layer, layer["activations"].get("known", [])) for layer in layers]
        return cls(
            name,
            None if report is None else _horizon(report["total"]["horizon"]),
            None if report is None else _profile(_lags(report), report["total"]["ratio"]),
            _lyapunov(record["spectrum"].get("known")),
            [_gate(layer, gate) for layer, own in gates for gate in own],
            [_activation(layer, activation) for layer, own in activations for activation in own],
            document["missing"],
            record=record,
        )

    @classmethod
    def of_step(
        cls,
        name: str,
        snapshot: dict[str, Any],
        spectrum: dict[str, Any] | None,
        missing: dict[str, str],
        deviation: float,
        loss: float,
        log10_norm: _Floats,
    ) -> Probe:
        """Read what the kernels observed in one pass of PyTorch."""
        lag = snapshot.get("lag")
        layers = snapshot.get("layers", [])
        rows = 0 if lag is None else lag["rows"]
        horizon = None if lag is None else lag.get("horizon")
        if lag is None or not rows:
            missing = {"lag": "no row has a gradient at one step alone", **missing}
        return cls(
            name,
            None if horizon is None else _horizon(horizon),
            None if lag is None or not rows else _profile(lag["lags"], lag["total"]),
            _lyapunov(spectrum),
            [_gate(layer, gate) for layer in layers for gate in layer["gates"]],
            [_activation(layer, activation) for layer in layers for activation in layer["activations"]],
            missing,
            deviation,
            loss,
            log10_norm,
            snapshot,
        )

    def __str__(self) -> str:
        lines = [self.name or "model"]
        if self.loss is not None:
            lines.append(f"  loss              {self.loss:.6g}")
        if self.horizon is not None:
            lines.append(f"  gradient horizon  {self.horizon}: the gradient of one loss falls to {self.horizon.epsilon:.0%}")
        if self.lag is not None:
            last = int(self.lag.lag[-1])
            lines.append(f"  {last} steps back     {self.lag.at(last):.1e} of the gradient (median)")
        if self.lyapunov is not None:
            lines.append(f"  Lyapunov          {_listed(self.lyapunov.exponents)} nats per step")
        for gate in self.gates:
            shares = f"mean {gate.mean:.2f}, {gate.closed:.0%} closed, {gate.open:.0%} open"
            lines.append(f"  gate {gate.gate:13}{shares} (layer {gate.layer})")
        for one in self.activations:
            shares = f"{one.saturated:.0%} saturated, {one.saturated_units} units always"
            lines.append(f"  {one.activation:18}{shares} (layer {one.layer})")
        lines += [f"  not measured: {name}: {reason}" for name, reason in self.missing.items()]
        if self.deviation is not None:
            lines.append(f"  measured your own computation, to {self.deviation:.0e}")
        return "\n".join(lines)

    __repr__ = __str__


def _listed(exponents: _Floats) -> str:
    shown = ", ".join(f"{x:.3g}" for x in exponents[:3])
    return shown + (", …" if exponents.size > 3 else "")


def _floats(numbers: list[Any]) -> _Floats:
    """Numbers of a record, where those that are not finite are text."""
    return np.array([np.nan if x is None else float(x) for x in numbers], dtype=np.float64)


def _horizon(record: dict[str, Any]) -> Horizon:
    return Horizon(record["steps"], record["at_least"], record["low_steps"], record["high_steps"], record["epsilon"])


def _lags(report: dict[str, Any]) -> list[int]:
    """The lags of a report; records of older versions have all from 0."""
    lags: list[int] = report.get("lags") or list(range(len(report["total"]["ratio"]["ln_median"])))
    return lags


def _profile(lags: list[int], record: dict[str, Any]) -> LagProfile:
    quantiles = (_floats(record[f"ln_{name}"]) / _LN10 for name in ("median", "p05", "p25", "p75", "p95"))
    return LagProfile(np.array(lags, dtype=np.int64), *quantiles)


def _lyapunov(record: dict[str, Any] | None) -> Lyapunov | None:
    if record is None:
        return None
    return Lyapunov(
        _floats(record["exponents_nats_per_step"]),
        [_floats(layer["exponents_nats_per_step"]) for layer in record["layers"]],
        [_floats(layer["standard_errors_nats_per_step"]) for layer in record["layers"]],
        record["steps"],
        record["trajectories"],
    )


def _gate(layer: dict[str, Any], record: dict[str, Any]) -> Gate:
    return Gate(
        layer["layer"],
        record["gate"],
        float(record["mean_openness"]),
        float(record["closed_share"]),
        float(record["open_share"]),
    )


def _activation(layer: dict[str, Any], record: dict[str, Any]) -> Activation:
    return Activation(layer["layer"], record["activation"], float(record["saturated_share"]), record["saturated_units"])
