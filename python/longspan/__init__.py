"""Longspan shows at every time step how much of the gradient of a recurrent network survives."""

from longspan._core import __version__

__all__ = ["__version__"]
