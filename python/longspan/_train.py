"""Training as the program does it, from files or from arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from numbers import Real
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longspan import _core
from longspan._run import Run
from longspan._warn import warn_user

_Path = str | PathLike[str]


@dataclass(frozen=True)
class Progress:
    """A training step, as the callback ``progress`` gets it."""

    step: int
    """The step, from 1."""
    steps: int
    """Planned steps."""
    loss: float
    """Mean loss of the batch before the update."""
    log10_gradient_norm: float
    """log10 of the gradient's global norm before clipping."""
    lr: float
    validation: float | None
    """Loss of the last validation; None before the first one."""


def train(
    *,
    out: _Path | None = None,
    resume: bool = False,
    from_: _Path | None = None,
    config: _Path | None = None,
    progress: Callable[[Progress], object] | None = None,
    **settings: Any,
) -> Run:
    """Train a network, as the command ``longspan train`` does, with the same bits.

    Ctrl-C stops the training after the current step: a checkpoint is written, ``KeyboardInterrupt`` is raised, and
    ``resume=True`` continues the run.

    Args:
        out: The directory of the run; by default ``runs/NAME-CELL-N``.
        resume: Whether to continue the run in ``out``.
        from_: A run or a ``.safetensors`` file whose weights the run starts with.
        config: A TOML file of settings, which the other arguments override.
        progress: Is called after each step, in the thread that called ``train``. An exception in it stops the training as
            Ctrl-C does, and is raised.
        **settings: The flags of ``longspan train`` with underscores: ``task="adding"``, ``hidden=32``, ``lr=1e-3``. A list
            of names is one value: ``columns=["a", "b"]``. None leaves a setting at its default.

    Returns:
        The run. A run that diverged is returned, too: its ``outcome`` is "diverged".

    Raises:
        TypeError: There is no such setting, or a value is no text, number, list or path.
        ValueError: A value cannot be used, or the data cannot.
        OSError: A file cannot be read or written.

    Warns:
        UserWarning: A setting has no effect beside the others, or a damaged checkpoint is left out.

    Example:
        >>> import longspan
        >>> run = longspan.train(task="adding", length=20, steps=200, seed=1)  # doctest: +SKIP
        >>> print(run)  # doctest: +SKIP
    """
    _checked(progress)
    if resume and out is None:
        raise ValueError("resume=True needs out=, the directory of the run to continue")
    given = [(name, _text(name, value)) for name, value in settings.items() if value is not None]
    tell = None if progress is None else lambda *step: progress(Progress(*step))
    return Run(_core.train(given, (warn_user, tell), out, resume, from_, config))


def fit(
    x: ArrayLike | Sequence[ArrayLike],
    y: ArrayLike | None = None,
    *,
    lengths: ArrayLike | None = None,
    test: tuple[Any, Any] | None = None,
    out: _Path | None = None,
    from_: _Path | None = None,
    config: _Path | None = None,
    progress: Callable[[Progress], object] | None = None,
    **settings: Any,
) -> Run:
    """Train a network on arrays: a classifier or a regression of sequences, or the forecast of a series.

    The arrays are kept in the run directory as ``data.npz`` and ``test.npz``, so that ``longspan eval``, ``predict``, ``probe``
    and ``train(out=..., resume=True)`` find them.

    Args:
        x: With ``y``, N sequences: ``[N, T, D]``, ``[N, T]``, or a list of N arrays ``[T_i, D]`` or ``[T_i]`` of different
            lengths. Without ``y``, a series to forecast: ``[T, D]`` or ``[T]``, whose columns are called c0, c1, …; or a list
            of series with the same columns, each of which is standardised by itself. NaN is a missing value, and so is what
            a masked array masks.
        y: One label for each sequence, ``[N]``. Whole numbers, texts and truth values are classes; floats that are not all
            whole are target values (``label_type="number"`` if they are whole), and so are floats from 2⁵³, which cannot
            be anything but whole.
        lengths: The number of steps of each sequence, ``[N]``, if those behind it are padding.
        test: ``(x, y)`` of sequences on which the best weights are tested.
        out: The directory of the run, new or empty; by default ``runs/fit-CELL-N``.
        from_: As in :func:`train`.
        config: As in :func:`train`.
        progress: As in :func:`train`.
        **settings: As in :func:`train`. For a series, ``target="c0"`` chooses the columns to forecast, ``window`` the steps
            that a forecast reads, and ``horizon`` those that it predicts.

    Returns:
        The run.

    Raises:
        TypeError: An array is not numeric, or as in :func:`train`.
        ValueError: The shapes do not fit together, a label is missing, or as in :func:`train`.
        FileExistsError: ``out`` is not empty.

    Example:
        >>> import numpy as np, longspan
        >>> x = np.random.default_rng(0).normal(size=(200, 30, 1))
        >>> run = longspan.fit(x, x[:, 0, 0] > 0, hidden=16, epochs=20)  # doctest: +SKIP
    """
    for name in ("labelled", "labelled_test", "series", "text", "task", "group_column"):
        if settings.get(name) is not None:
            raise TypeError(f"fit() trains on arrays: leave out {name}=, or use longspan.train")
    if "resume" in settings:
        raise TypeError("fit() begins a run: longspan.train(out=..., resume=True) continues one")
    _checked(progress)
    if y is None and (lengths is not None or test is not None):
        raise ValueError("lengths= and test= belong to sequences with labels: give y")
    files: dict[str, dict[str, Any]] = {}
    if y is None:
        files["data.npz"], grouped = _series(x)
        if grouped:
            settings["group_column"] = "series"
    else:
        labels = _labels(y, "y")
        files["data.npz"] = _labelled(x, labels, lengths)
        if test is not None:
            if not isinstance(test, list | tuple) or len(test) != 2:
                raise ValueError("test= needs a tuple (x, y): sequences and their labels")
            files["test.npz"] = _labelled(test[0], _labels(test[1], "y of test="), None)
        if settings.get("label_type") is None and _are_targets(labels):
            settings["label_type"] = "number"
    path = _directory(out, settings.get("cell") or "lstm")
    names = {"data.npz": "series" if y is None else "labelled", "test.npz": "labelled_test"}
    try:
        for name, arrays in files.items():
            np.savez(path / name, **arrays)
            settings[names[name]] = path / name
        return train(out=path, from_=from_, config=config, progress=progress, **settings)
    except BaseException:
        # Without a run, the arrays have no use.
        if not (path / "run.json").exists():
            for name in files:
                (path / name).unlink(missing_ok=True)
            if out is None:
                _remove_empty(path)
        raise


def _checked(progress: Any) -> None:
    if progress is not None and not callable(progress):
        raise TypeError(f"progress={progress!r}: needs a function, which is called with a longspan.Progress after each step")


def _text(name: str, value: Any) -> str:
    """A value as the text of a flag."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, PathLike):
        return str(fspath(value))
    if isinstance(value, Real):
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    raise TypeError(f"{name}={value!r}: needs text, a number, True or False, a path, or a list of texts")


def _numbers(values: Any, name: str) -> NDArray[Any]:
    """An array of numbers."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is no array ({error}): give a list of arrays if sequences have different lengths") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} has the type {array.dtype}: numbers are needed")
    # The program knows no masks: a missing value is NaN, which only floats can be.
    return np.where(np.ma.getmaskarray(values), np.nan, array) if np.ma.is_masked(values) else array


def _several(values: Any) -> bool:
    """Whether an argument is a list of arrays, not one array."""
    return isinstance(values, list | tuple) and any(np.ndim(one) > 0 for one in values if not isinstance(one, list | tuple))


def _columns(sequences: Iterable[Any], name: str) -> list[NDArray[Any]]:
    """Sequences as arrays ``[T_i, D]`` with one D."""
    arrays = [_numbers(one, f"{name}[{i}]") for i, one in enumerate(sequences)]
    arrays = [one[:, None] if one.ndim == 1 else one for one in arrays]
    for i, one in enumerate(arrays):
        if one.ndim != 2 or one.shape[0] == 0 or one.shape[1] != arrays[0].shape[1]:
            raise ValueError(
                f"{name}[{i}] has the shape {list(one.shape)}: each sequence needs [T, {arrays[0].shape[-1]}], T at least 1"
            )
    return arrays


def _labels(y: Any, name: str) -> NDArray[Any]:
    """Labels as the reader of the program wants them: numbers, truth values or texts."""
    labels = np.asarray(y)
    missing = np.array(np.ma.getmaskarray(y)) if isinstance(y, np.ma.MaskedArray) else np.zeros(labels.shape, bool)
    if labels.dtype.kind == "f":
        missing |= np.isnan(labels)
    if labels.dtype.kind == "O":
        # None, NaN, and what pandas writes for a missing value. The text "nan" is a label.
        names = ("None", "nan", "NaT", "<NA>")
        missing |= np.array([not isinstance(one, str) and str(one) in names for one in labels.flat]).reshape(labels.shape)
    if missing.any():
        first = int(np.flatnonzero(missing)[0])
        count = int(missing.sum())
        raise ValueError(f"{name} has {count} missing value{'s'[: count > 1]}, the first at {first}: leave out these sequences")
    return np.array(labels, dtype=str) if labels.dtype.kind == "O" else labels


def _are_targets(labels: NDArray[Any]) -> bool:
    """Whether floats that are all whole are target values. The program takes whole floats for classes."""
    if labels.dtype.kind != "f" or labels.size == 0 or not np.all(np.floor(labels) == labels):
        return False
    if np.abs(labels).max() >= 2**53:
        return True
    classes = len(np.unique(labels))
    if classes > max(2, labels.size / 2):
        warnings.warn(
            f'y has {classes} different whole floats for {labels.size} sequences, and each is a class: label_type="number" '
            'makes them target values, label_type="class" silences this warning',
            stacklevel=3,
        )
    return False


def _labelled(x: Any, labels: NDArray[Any], lengths: Any) -> dict[str, NDArray[Any]]:
    """The arrays of sequences with labels, as the reader of the program wants them."""
    arrays: dict[str, NDArray[Any]] = {"y": labels}
    if _several(x):
        if lengths is not None:
            raise ValueError("lengths= belongs to one array: the sequences of a list have their own lengths")
        sequences = _columns(x, "x")
        lengths = np.array([len(one) for one in sequences])
        padded = np.zeros((len(sequences), int(lengths.max()), sequences[0].shape[1]), np.result_type(*sequences))
        for row, one in zip(padded, sequences, strict=True):
            row[: len(one)] = one
        arrays["X"] = padded
    else:
        arrays["X"] = _numbers(x, "x")
    if lengths is not None:
        arrays["lengths"] = _numbers(lengths, "lengths")
    return arrays


def _series(x: Any) -> tuple[dict[str, NDArray[Any]], bool]:
    """The arrays of a series, or of several, whose rows have their name; and whether they are several."""
    if not _several(x):
        series = _numbers(x, "x")
        if series.ndim not in (1, 2):
            raise ValueError(f"x has the shape {list(series.shape)}: a series is [T, D] or [T]; sequences need y")
        return {"c": series[:, None] if series.ndim == 1 else series}, False
    parts = _columns(x, "x")
    names = np.repeat([f"x{i}" for i in range(len(parts))], [len(one) for one in parts])
    return {"c": np.concatenate(parts), "series": names}, True


def _directory(out: _Path | None, cell: Any) -> Path:
    """Make the directory of a run, new or empty."""
    if out is not None:
        path = Path(out)
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise FileExistsError(f"{path} is not empty: choose a new or empty directory for out=")
        return path
    number = 1
    while True:
        path = Path("runs") / f"fit-{cell}-{number}"
        try:
            path.mkdir(parents=True)
            return path
        except FileExistsError:
            number += 1


def _remove_empty(path: Path) -> None:
    """Remove a directory unless something is in it."""
    with suppress(OSError):
        path.rmdir()
