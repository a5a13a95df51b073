"""The callback for Lightning."""

import json

import pytest
import torch
from torch import nn

pl = pytest.importorskip("lightning.pytorch")


class Module(pl.LightningModule):
    """Predicts the sum of a sequence."""

    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.GRU(2, 5, batch_first=True), nn.Linear(5, 1)

    def loss(self, batch):
        x, y = batch
        return nn.functional.mse_loss(self.head(self.rnn(x)[0][:, -1]), y)

    def training_step(self, batch, index):
        return self.loss(batch)

    def validation_step(self, batch, index):
        self.log("val_loss", self.loss(batch))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


def test_a_trainer_is_watched(tmp_path):
    import longspan.lightning

    torch.manual_seed(1)
    x = torch.randn(24, 6, 2)
    data = torch.utils.data.TensorDataset(x, x.sum(dim=(1, 2)).unsqueeze(1))
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    watch = longspan.lightning.Watch(tmp_path / "run", every=2)
    trainer = pl.Trainer(
        callbacks=[watch],
        accelerator="cpu",
        max_epochs=2,
        accumulate_grad_batches=2,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Module(), loader, loader)
    records = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    # 6 batches in each of 2 epochs, 2 of them in a step.
    assert [record["step"] for record in records if record["type"] == "step"] == [1, 2, 3, 4, 5, 6]
    assert [record["step"] for record in records if record["type"] == "valid"] == [3, 6]
    assert "observed your own computation" in watch.watch.verdict()
    assert json.loads((tmp_path / "run/summary.json").read_text())["outcome"] == "finished"
