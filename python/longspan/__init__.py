"""Longspan shows at every time step how much of the gradient of a recurrent network survives.

:func:`watch` observes the recurrent layers of a PyTorch model while it trains. :mod:`longspan.nn` has the layers themselves
on Longspan's kernels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longspan._core import __version__

if TYPE_CHECKING:
    from longspan._watch import Finding, Watch, watch

__all__ = ["Finding", "Watch", "__version__", "watch"]


def __getattr__(name: str) -> Any:
    # PyTorch is imported only where it is used.
    if name in ("Finding", "Watch", "watch"):
        import importlib

        module = importlib.import_module("longspan._watch")
        globals().update({key: getattr(module, key) for key in ("Finding", "Watch", "watch")})
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
