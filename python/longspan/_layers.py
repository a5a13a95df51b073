"""The sizes and weights of a module that is watched."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from longspan import _core

CELLS = (nn.RNNCell, nn.GRUCell, nn.LSTMCell)


class Layers:
    """The sizes and weights of an observed module."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        if isinstance(module, nn.RNNBase):
            self.kind = module.mode.lower()
            self.count, self.bidirectional = module.num_layers, module.bidirectional
            self.dropout = module.dropout if module.num_layers > 1 else 0.0
            self.batch_first = module.batch_first
        else:
            names = {nn.GRUCell: "gru", nn.LSTMCell: "lstm"}
            found = [name for cell, name in names.items() if isinstance(module, cell)]
            self.kind = found[0] if found else f"rnn_{module.nonlinearity}"
            self.count, self.bidirectional, self.dropout, self.batch_first = 1, False, 0.0, False
        self.input: int = module.input_size  # type: ignore[assignment]
        self.hidden: int = module.hidden_size  # type: ignore[assignment]
        self.directions = 2 if self.bidirectional else 1

    @property
    def name(self) -> str:
        """The class in PyTorch that has these layers: "LSTM"."""
        return {"gru": "GRU", "lstm": "LSTM"}.get(self.kind, "RNN")

    @property
    def suffixes(self) -> list[str]:
        """The suffixes of the tensors of each layer and direction: "l0", "l0_reverse"."""
        sides = ["", "_reverse"] if self.bidirectional else [""]
        return [f"l{layer}{side}" for layer in range(self.count) for side in sides]

    @property
    def weights(self) -> list[list[Tensor]]:
        """The weights of each layer, in the order of PyTorch."""
        if not isinstance(self.module, nn.RNNBase):
            names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
            return [[tensor for name in names if (tensor := getattr(self.module, name)) is not None]]
        names_of = self.module._all_weights
        per_layer = [names_of[k * self.directions : (k + 1) * self.directions] for k in range(self.count)]
        return [[getattr(self.module, name) for own in layer for name in own] for layer in per_layer]

    @property
    def dtype(self) -> torch.dtype:
        """The number type of the weights."""
        return self.weights[0][0].dtype

    @property
    def unobserved(self) -> str | None:
        """Why the module cannot be observed; None if it can."""
        if getattr(self.module, "proj_size", 0):
            return "it has proj_size, which the kernels do not have"
        if self.dtype not in (torch.float32, torch.float64):
            return f"its weights are {self.dtype}"
        return None

    def replay(self, rows: int) -> _core.Replay:
        """Prepare to compute the layers in the kernels, for batches of so many rows at first."""
        return _core.Replay(
            self.kind,
            self.input,
            self.hidden,
            self.count,
            self.bidirectional,
            self.dtype == torch.float64,
            rows,
            0,
            torch.get_num_threads(),
        )

    def rows(self, values: Tensor, sizes: list[int] | None) -> Tensor:
        """Values of a sequence as ``[T, B, width]``, or packed as they are, on the CPU."""
        values = values.detach()
        if sizes is None:
            if values.dim() == 2:
                values = values.unsqueeze(1)
            elif self.batch_first:
                values = values.transpose(0, 1)
        return values.to("cpu", dtype=self.dtype).contiguous()
