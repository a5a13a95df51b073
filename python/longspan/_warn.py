"""Warnings that cannot stop a training."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn"]


def warn(text: str, stacklevel: int = 2) -> None:
    """Issue a ``RuntimeWarning``. Where warnings are errors, as with ``python -W error``, print it instead."""
    try:
        warnings.warn(text, RuntimeWarning, stacklevel=stacklevel + 1)
    except RuntimeWarning:
        print(f"RuntimeWarning: {text}", file=sys.stderr)
