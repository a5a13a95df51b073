"""Numbers as the files of a run write them."""

from __future__ import annotations

import math


def number(x: float) -> float | str:
    """A number, or the name of one that JSON does not have."""
    if math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else ("Infinity" if x > 0 else "-Infinity")
