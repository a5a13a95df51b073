"""Warnings at the line of the caller, and warnings that cannot stop a training."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn", "warn_user"]


def warn(text: str, stacklevel: int = 2) -> None:
    """Issue a ``RuntimeWarning``. Where warnings are errors, as with ``python -W error``, print it instead."""
    try:
        warnings.warn(text, RuntimeWarning, stacklevel=stacklevel + 1)
    except RuntimeWarning:
        print(f"RuntimeWarning: {text}", file=sys.stderr)


def warn_user(text: str) -> None:
    """Issue a ``UserWarning`` at the line that called this package."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "longspan":
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)
