"""Numbers as the files of a run write them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


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


def deviation(found: Any, own: Any) -> float:
    """The largest difference, relative to the largest number: max |found − own| / max |own|."""
    found, own = np.asarray(found).ravel(), np.asarray(own).ravel()
    largest = float(np.abs(own).max(initial=0.0))
    with np.errstate(invalid="ignore"):
        difference = float(np.abs(found - own).max(initial=0.0))
    return difference / largest if largest > 0 else difference
