"""Longspan shows at every time step how much of the gradient of a recurrent network survives.

:func:`watch` observes the recurrent layers of a PyTorch model while it trains, and :func:`probe` measures one batch.
:func:`train` and :func:`fit` train without PyTorch, as the program ``longspan`` does. All of them return or write a
:class:`Run`, whose records are arrays. :mod:`longspan.nn` has the layers themselves on Longspan's kernels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longspan._core import __version__
from longspan._findings import Finding, Fix
from longspan._probe import probe
from longspan._probed import Probe
from longspan._run import Run
from longspan._train import Progress, fit, train

if TYPE_CHECKING:
    from longspan._watch import Watch, watch

__all__ = ["Finding", "Fix", "Probe", "Progress", "Run", "Watch", "__version__", "fit", "probe", "train", "watch"]


def __getattr__(name: str) -> Any:
    # PyTorch is imported only where it is used.
    if name in ("Watch", "watch"):
        import importlib

        module = importlib.import_module("longspan._watch")
        globals().update({key: getattr(module, key) for key in ("Watch", "watch")})
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
