"""Measure one batch, or the weights of a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longspan import _core
from longspan._probed import Probe

if TYPE_CHECKING:
    import torch


def probe(
    model: str | PathLike[str] | torch.nn.Module,
    x: Any = None,
    y: Any = None,
    loss: Callable[..., Any] | None = None,
    *,
    module: str | None = None,
    exponents: int | str | None = 8,
    **options: Any,
) -> Probe:
    """Measure how far back the gradient reaches, and the dynamics behind it.

    **A model of PyTorch**: runs forward and backward once on the batch ``x``, and computes its recurrent module once more in
    Longspan's kernels, where each time step is observed. The model is measured in the mode that it is in. Its weights, buffers
    and gradients (``.grad``) stay as they are, and so do the random generators.

    **A run directory or a** ``.safetensors`` **file**: measures as the command ``longspan probe``, on the run's own
    held-out data, and stores the result in the run.

    Args:
        model: A model that has an ``nn.RNN``, ``nn.GRU``, ``nn.LSTM`` or one of their cells; or a path.
        x: The input of the model, a tensor; a tuple is several arguments.
        y: The target.
        loss: Is called with the output and ``y``, or with the output alone if there is no ``y``. By default the cross entropy
            for targets that are whole numbers, the mean squared error for others, and the output itself without ``y``.
        module: The name of the recurrent module, if the model has several: "encoder.lstm".
        exponents: Number of largest Lyapunov exponents of each layer, "all", or 0 for none.
        **options: For a path, the flags of ``longspan probe`` with underscores: ``checkpoint="last"``, ``sequences=128``,
            ``window=500``, ``limit="none"``, ``f32=True``.

    Returns:
        What was measured.

    Raises:
        ValueError: There is nothing to measure, there is no such option, it has a wrong value, or values of the batch are NaN
            or infinite; the text says what to do.
        TypeError: ``model`` is neither a model nor a path, arguments of the one are given for the other, or ``x`` or ``y`` is
            no tensor.

    Example:
        >>> import torch, longspan
        >>> lstm = torch.nn.LSTM(3, 8)
        >>> print(longspan.probe(lstm, torch.randn(40, 4, 3), loss=lambda out: out[0][-1].square().mean()))  # doctest: +SKIP
    """
    if isinstance(model, str | PathLike):
        if x is not None or y is not None or loss is not None or module is not None:
            raise TypeError("x, y, loss and module belong to a model of PyTorch: a run has its own data")
        if exponents != 8:
            options["exponents"] = "all" if exponents is None else exponents
        document = json.loads(_core.probe([*_flags(options), "--", fspath(model)]))
        return Probe.of_document(document, Path(model).name)
    torch_module = getattr(sys.modules.get("torch"), "nn", None)
    if torch_module is None or not isinstance(model, torch_module.Module):
        raise TypeError(
            f"{type(model).__name__} cannot be probed: give a torch.nn.Module, a run directory or a .safetensors file"
        )
    if options:
        raise TypeError(f"{next(iter(options))}= is an option for runs, not for a model of PyTorch")
    from longspan._probe_torch import probe_module

    return probe_module(model, x, y, loss, module, None if exponents == "all" else exponents)


def _flags(options: dict[str, Any]) -> list[str]:
    """Options as flags of the command line."""
    flags = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        flags.append(flag if value is True else f"{flag}={fspath(value) if isinstance(value, PathLike) else value}")
    return flags
