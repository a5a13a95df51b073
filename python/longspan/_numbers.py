"""Numbers as the files of a run write them."""

from __future__ import annotations

import math


def number(x: float) -> float | str:
    """A number, or the name of one that JSON does not have."""
    if math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else ("Infinity" if x > 0 else "-Infinity")


def log10(x: float) -> float | str:
    """The logarithm of a number that is not negative."""
    if x == 0:
        return "-Infinity"
    return number(math.log10(x) if x > 0 else x)
