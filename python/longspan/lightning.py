"""A callback that watches the model of a Lightning trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from torch import Tensor

from longspan._watch import Finding
from longspan._watch import Watch as _Watch

__all__ = ["Watch"]


class Watch(pl.Callback):
    """Watch every recurrent layer of a ``LightningModule`` while a ``Trainer`` fits it; see :func:`longspan.watch`.

    The loss is what ``training_step`` returns. The held-out loss is the logged metric ``held_out``, if there is one.

    Args:
        run: The directory for the run.
        held_out: The name of the metric that is the loss on held-out data, as ``self.log`` names it.
        **options: The other arguments of :func:`longspan.watch`: ``needed_lag``, ``baseline``, ``every``.

    Example:
        >>> trainer = pl.Trainer(callbacks=[longspan.lightning.Watch("runs/mine")])  # doctest: +SKIP
    """

    def __init__(self, run: str | Path = "runs/watch", *, held_out: str = "val_loss", **options: Any) -> None:
        self._run, self._held_out, self._options = run, held_out, options
        self.watch: _Watch | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to watch."""
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        self.watch = _Watch(pl_module, trainer.optimizers, run=self._run, scaler=scaler, **self._options)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any) -> None:
        """Record the loss of a batch, if it ended with a step."""
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if self.watch is not None and isinstance(loss, Tensor):
            self.watch.loss(loss)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Record the loss on held-out data."""
        loss = trainer.callback_metrics.get(self._held_out)
        if self.watch is not None and loss is not None and not trainer.sanity_checking:
            self.watch.loss(loss, held_out=True)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Complete the run."""
        if self.watch is not None:
            self.watch.close("interrupted" if trainer.interrupted else "finished")

    def findings(self) -> list[Finding]:
        """What is wrong, the most important first."""
        return [] if self.watch is None else self.watch.findings()
