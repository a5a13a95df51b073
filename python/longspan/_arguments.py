"""The arguments of a watch, checked before anything is watched."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def checked_model(model: Any) -> torch.nn.Module:
    """Return the model, if it is one."""
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"model: a torch.nn.Module is needed, not {_named(model)}")
    return model


def checked_optimizers(optimizer: Any, model: torch.nn.Module) -> list[torch.optim.Optimizer]:
    """Return the optimizers, if one of them updates a parameter of the model."""
    given = [optimizer] if not isinstance(optimizer, Iterable) else list(optimizer)
    if not given:
        raise ValueError("no optimizer: its steps are what is observed")
    for one in given:
        if isinstance(one, Tensor):
            raise TypeError(
                "optimizer: an optimizer is needed, not parameters: for example torch.optim.Adam(model.parameters())"
            )
        if isinstance(one, torch.optim.lr_scheduler.LRScheduler):
            raise TypeError(f"optimizer: an optimizer is needed, not the scheduler {_named(one)}: give scheduler.optimizer")
        if not isinstance(one, torch.optim.Optimizer):
            raise TypeError(f"optimizer: a torch.optim.Optimizer is needed, or several, not {_named(one)}")
    own = {id(parameter) for parameter in model.parameters()}
    if not any(id(parameter) in own for one in given for group in one.param_groups for parameter in group["params"]):
        raise ValueError(f"optimizer: it updates no parameter of {type(model).__name__}; build it from model.parameters()")
    return given


def checked_run(run: Any) -> Path:
    """Return the absolute path of the run directory, which the training cannot change with ``os.chdir``."""
    if not isinstance(run, str | os.PathLike) or not isinstance(os.fspath(run), str):
        raise TypeError(f"run: the path of a directory is needed, not {_named(run)}")
    text = os.fspath(run)
    if not text or "\0" in text:
        raise ValueError(f"run={text!r}: the path of a directory is needed")
    path = Path(text).absolute()
    try:
        there = next(part for part in (path, *path.parents) if part.exists())
    except OSError as error:  # As with a name that is too long.
        raise ValueError(f"run={text!r}: {error.strerror}") from error
    if not there.is_dir():
        raise ValueError(f"run={text!r}: {there} is a file, and a directory is needed")
    return path


def checked_numbers(needed_lag: Any, baseline: Any, every: Any) -> tuple[int | None, float | None, int | None]:
    """Return the three numbers, each of which may be None."""
    if needed_lag is not None:
        needed_lag = _whole("needed_lag", needed_lag, 0, "a number of steps, from 0")
    if every is not None:
        every = _whole("every", every, 1, "an interval of at least 1 step")
    if baseline is not None:
        if isinstance(baseline, str | bool):
            raise TypeError(f"baseline: a number is needed, not {_named(baseline)}")
        try:
            number = float(baseline)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(f"baseline: a number is needed, not {_named(baseline)}") from error
        if not (math.isfinite(number) and number > 0):
            raise ValueError(f"baseline={number:g}: a loss above 0 is needed")
        baseline = number
    return needed_lag, baseline, every


def checked_scaler(scaler: Any) -> Any:
    """Return the scaler of AMP, if it is one."""
    needed = ("get_scale", "get_backoff_factor", "is_enabled")
    if scaler is not None and not all(callable(getattr(scaler, name, None)) for name in needed):
        raise TypeError(f"scaler: a torch.amp.GradScaler is needed, not {_named(scaler)}")
    return scaler


def checked_loss(value: Any, count: Any) -> tuple[float, int]:
    """Return a loss and its number of predictions, or say in a ``ValueError`` why it cannot be recorded."""
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ValueError(f"a loss has to be one number, not a tensor of the shape {list(value.shape)}: give its mean")
    try:
        number = math.nan if isinstance(value, str) else float(value.detach() if isinstance(value, Tensor) else value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise ValueError(f"a loss has to be one number, not {_named(value)}") from None
    if isinstance(value, str):
        raise ValueError(f"a loss has to be one number, not {_named(value)}")
    try:
        whole = operator.index(count)
    except TypeError:
        whole = 0
    if whole < 1:
        raise ValueError(f"count={count!r}: a number of predictions is needed, from 1")
    return number, whole


def _whole(name: str, value: Any, least: int, needed: str) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: {needed} is needed")
    if number < least:
        raise ValueError(f"{name}={number}: {needed} is needed")
    return number


def _named(value: Any) -> str:
    """A value as a message names it: None, or its class."""
    return "None" if value is None else f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
