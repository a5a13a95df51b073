"""The compiled part: recurrent layers, and layers of PyTorch that are recomputed and observed."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float32] | NDArray[np.float64]

__version__: str

class RunData:
    def __init__(self, path: str | PathLike[str]) -> None: ...
    def document(self) -> str: ...
    def settings(self) -> dict[str, int | float | bool | str | None]: ...
    def steps(self) -> dict[str, Any]: ...
    def validation(self) -> dict[str, Any]: ...
    def gradient(self) -> dict[str, Any] | None: ...
    def findings(self) -> str: ...

def lyapunov(
    name: str,
    float64: bool,
    sizes: tuple[int, int, int, int, int],
    x: _Array,
    weights: Sequence[Sequence[_Array]],
    state: Sequence[_Array],
    exponents: int | None,
    threads: int,
) -> str: ...
def main(arguments: Sequence[str]) -> int: ...
def probe(arguments: Sequence[str]) -> str: ...
def train(
    settings: Sequence[tuple[str, str]],
    callbacks: tuple[Callable[[str], object], Callable[[int, int, float, float, float, float | None], object] | None],
    out: str | PathLike[str] | None = None,
    resume: bool = False,
    weights: str | PathLike[str] | None = None,
    config: str | PathLike[str] | None = None,
) -> str: ...

class Tape:
    def backward(
        self, x: _Array, d_y: _Array, d_state: Sequence[_Array], with_input: bool
    ) -> tuple[_Array | None, list[_Array], list[_Array]]: ...

class Layer:
    def __init__(self, name: str, input: int, hidden: int, bidirectional: bool, float64: bool) -> None: ...
    def forward(
        self,
        x: _Array,
        batch_sizes: Sequence[int],
        weights: Sequence[_Array],
        state: Sequence[_Array],
        threads: int,
        differentiable: bool,
    ) -> tuple[_Array, list[_Array], Tape | None]: ...

class Replay:
    def __init__(
        self,
        name: str,
        input: int,
        hidden: int,
        layers: int,
        bidirectional: bool,
        float64: bool,
        rows: int,
        seed: int,
        threads: int,
    ) -> None: ...
    def run(
        self,
        step: int,
        x: _Array,
        batch_sizes: Sequence[int],
        weights: Sequence[Sequence[_Array]],
        state: Sequence[_Array],
        masks: Sequence[_Array],
        d_y: _Array,
        d_state: Sequence[_Array],
    ) -> None: ...
    def outputs(self) -> _Array: ...
    def inputs(self, layer: int) -> _Array: ...
    def curves(self, layer: int) -> list[NDArray[np.float64]]: ...
    def observations(self) -> str: ...
    def deviation(self, y: _Array, gradients: Sequence[Sequence[_Array]]) -> float: ...

class Recorder:
    def __init__(
        self,
        path: str | PathLike[str],
        by: str,
        module: tuple[str, str],
        settings: dict[str, str],
        layers: Sequence[str],
        parameters: int,
        needed_lag: int | None,
    ) -> None: ...
    def path(self) -> str: ...
    def describe(
        self, settings: dict[str, str], carried: bool, steps: int, baseline: float, deviation: float, skipped: int
    ) -> None: ...
    def fault(self, record: str) -> None: ...
    def step(
        self,
        step: tuple[int, float, float, float, float, bool],
        positions: int,
        update_ratio: float,
        tensors: Sequence[tuple[str, float, float]],
        replay: Replay,
    ) -> None: ...
    def plain_steps(self, steps: Sequence[tuple[int, float, float, float, float, bool]]) -> None: ...
    def valid(self, step: int, loss: float, count: int) -> None: ...
    def close(self, outcome: str) -> None: ...

def findings(run: str | PathLike[str]) -> str: ...
