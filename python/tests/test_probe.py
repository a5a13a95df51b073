"""Measurements of one batch, beside the same computed step by step."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import longspan


class Reader(nn.Module):
    def __init__(self, kind="LSTM", **options):
        super().__init__()
        self.rnn = getattr(nn, kind)(3, 5, batch_first=True, **options)
        self.head = nn.Linear(5 * (2 if options.get("bidirectional") else 1), 2)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_the_lag_profile_and_the_norms_are_those_of_autograd(kind):
    torch.manual_seed(0)
    model = Reader(kind).double()
    x, y = torch.randn(1, 20, 3, dtype=torch.float64), torch.tensor([1])
    measured = longspan.probe(model, x, y)
    assert measured.deviation < 1e-12
    # The same sequence step by step, so that the gradient of every state is there.
    states, chain, state = [], [], None
    for t in range(20):
        _, state = model.rnn(x[:, t : t + 1], state)
        parts = list(state) if isinstance(state, tuple) else [state]
        parts = [part.detach().requires_grad_() if t == 0 else part for part in parts]
        for part in parts:
            part.retain_grad()
        state = tuple(parts) if len(parts) > 1 else parts[0]
        states.append(parts)
        chain.append(parts)
    loss = nn.functional.cross_entropy(model.head(states[-1][0][0]), y)
    assert measured.loss == pytest.approx(float(loss.detach()), rel=1e-12)
    loss.backward()
    hidden = np.array([float(parts[0].grad.norm()) for parts in states])
    np.testing.assert_allclose(10 ** measured.log10_norm[0], hidden, rtol=1e-9)
    # h and c as independent coordinates, over the value at the last step.
    assert measured.lag.at(0) == pytest.approx(1)
    if kind != "LSTM":
        np.testing.assert_allclose(10**measured.lag.log10_median, hidden[::-1] / hidden[-1], rtol=1e-9)


def test_exponents_are_those_of_the_jacobians():
    torch.manual_seed(0)
    rnn = nn.RNN(2, 3, batch_first=True).double()
    # Exponents that are far apart: the directions, which begin elsewhere, align within the warm-up.
    rnn.weight_hh_l0.data += torch.diag(torch.tensor([2.0, 1.0, 0.3], dtype=torch.float64))
    x = torch.randn(1, 400, 2, dtype=torch.float64)
    measured = longspan.probe(rnn, x, loss=lambda output: output[0].square().mean(), exponents="all")
    state, directions, sums = torch.zeros(1, 1, 3, dtype=torch.float64), np.eye(3), np.zeros(3)
    for t in range(400):
        step = lambda s, t=t: rnn(x[:, t : t + 1], s)[1]  # noqa: E731
        jacobian = torch.autograd.functional.jacobian(step, state).reshape(3, 3).numpy()
        state = step(state).detach()
        directions, r = np.linalg.qr(jacobian @ directions)
        if t >= 100:
            sums += np.log(np.abs(np.diag(r)))
    assert measured.lyapunov.steps == 300
    np.testing.assert_allclose(measured.lyapunov.exponents, sums / 300, atol=1e-6)


def test_neither_the_weights_nor_their_gradients_change():
    model = Reader()
    x, y = torch.randn(4, 12, 3), torch.tensor([0, 1, 0, 1])
    model.rnn.requires_grad_(False)
    nn.functional.cross_entropy(model(x), y).backward()
    before = {name: (p.detach().clone(), p.grad, p.requires_grad) for name, p in model.named_parameters()}
    longspan.probe(model, x, y)
    for name, parameter in model.named_parameters():
        weight, grad, trained = before[name]
        assert torch.equal(parameter, weight)
        assert parameter.grad is grad
        assert parameter.requires_grad == trained
    assert not model.rnn._forward_hooks and not model.rnn._forward_pre_hooks


@pytest.mark.parametrize("fails", [False, True])
def test_neither_the_buffers_nor_the_random_numbers_change(fails):
    class Normalised(Reader):
        def __init__(self):
            super().__init__(num_layers=2, dropout=0.5)
            self.norm = nn.BatchNorm1d(2)
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x):
            self.calls = self.calls + 1
            return self.norm(super().forward(x))

    def loss(output):
        return output.square().mean() if not fails else output

    model, x = Normalised(), torch.randn(4, 12, 3)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    random = torch.get_rng_state()
    if fails:
        with pytest.raises(ValueError, match="one number"):
            longspan.probe(model, x, loss=loss)
    else:
        longspan.probe(model, x, loss=loss)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())


def test_what_is_not_finite_is_said():
    model, x = Reader(), torch.randn(4, 12, 3)
    y = torch.tensor([0, 1, 0, 1])
    wrong = x.clone()
    wrong[1, 2, 0] = np.nan
    with pytest.raises(ValueError, match="1 of 144 values of the input of rnn are NaN"):
        longspan.probe(model, wrong, y)
    with pytest.raises(ValueError, match="the loss is nan"):
        longspan.probe(model, x, loss=lambda output: output.sum() * np.nan)
    with pytest.raises(ValueError, match="the gradient by the output of rnn"):
        longspan.probe(model, x, loss=lambda output: (output - output).sqrt().sum())
    with torch.no_grad():
        model.rnn.bias_ih_l0[0] = np.inf
        model.rnn.weight_hh_l0[0, 0] = np.nan
    with pytest.raises(ValueError, match="values of the output of rnn"):
        longspan.probe(model, x, y)


def test_input_that_is_no_tensor_is_said():
    model, x = Reader(), torch.randn(4, 12, 3)
    for given in (x.numpy(), (x.numpy(),)):
        with pytest.raises(TypeError, match="x is a NumPy array"):
            longspan.probe(model, given, torch.tensor([0, 1, 0, 1]))
    with pytest.raises(TypeError, match="y has the type ndarray"):
        longspan.probe(model, x, np.array([0, 1, 0, 1]))
    with pytest.raises(TypeError, match="x is a dict, and LSTM reads a tensor"):
        longspan.probe(model.rnn, {"x": x})
    with torch.inference_mode(), pytest.raises(ValueError, match="inference_mode"):
        longspan.probe(model, x, torch.tensor([0, 1, 0, 1]))


def test_packed_bidirectional_and_dropout_are_measured():
    torch.manual_seed(0)
    rnn = nn.GRU(3, 5, num_layers=2, bidirectional=True, dropout=0.3)
    x = pack_sequence([torch.randn(n, 3) for n in (5, 12, 9)], enforce_sorted=False)
    measured = longspan.probe(rnn, x, loss=lambda output: output[0].data.square().mean())
    assert measured.deviation < 1e-5
    assert measured.log10_norm.shape == (4, 12)
    assert "bidirectional" in measured.missing["lyapunov"]
    one_way = nn.GRU(3, 5)
    measured = longspan.probe(one_way, pack_sequence([torch.randn(n, 3) for n in (12, 9)]), loss=lambda o: o[1].sum())
    assert (measured.lyapunov.trajectories, measured.lyapunov.steps) == (2, 7)


def test_a_cell_in_a_loop_is_measured():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.GRUCell(3, 5)

        def forward(self, x):
            h = torch.zeros(x.shape[1], 5)
            for step in x:
                h = self.cell(step, h)
            return h

    measured = longspan.probe(Loop(), torch.randn(10, 4, 3), torch.randn(4, 5))
    assert measured.name == "cell"
    assert measured.log10_norm.shape == (1, 10)
    assert measured.deviation < 1e-5
    assert "gate z" in repr(measured) or "gate " in repr(measured)


def test_what_cannot_be_measured_is_said():
    two = nn.ModuleDict({"a": nn.LSTM(2, 2), "b": nn.LSTM(2, 2)})
    with pytest.raises(ValueError, match="module='a' or module='b'"):
        longspan.probe(two, torch.zeros(3, 1, 2))
    with pytest.raises(ValueError, match="nothing to measure"):
        longspan.probe(nn.Linear(2, 2), torch.zeros(3, 2))
    with pytest.raises(ValueError, match="give x"):
        longspan.probe(nn.LSTM(2, 2))
    with pytest.raises(ValueError, match="give loss="):
        longspan.probe(nn.LSTM(2, 2), torch.zeros(3, 1, 2))
    with pytest.raises(ValueError, match="no gradient"):
        longspan.probe(nn.LSTM(2, 2), torch.zeros(3, 1, 2), loss=lambda o: torch.ones(1, requires_grad=True).sum())
    with pytest.raises(TypeError, match="cannot be probed"):
        longspan.probe(3)
    with pytest.raises(TypeError, match="window"):
        longspan.probe(nn.LSTM(2, 2), torch.zeros(3, 1, 2), window=3)
    with pytest.raises(ValueError, match="--window"):
        longspan.probe("nothing", windo=3)
    with pytest.raises(ValueError, match="there is no run"):
        longspan.probe("nothing")


def test_a_checkpoint_file_is_measured(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 12, 1))
    run = longspan.fit(x, x[:, 0, 0] > 0, hidden=6, epochs=2, no_probe=True, out=tmp_path / "run")
    options = {"labelled": run.path / "data.npz", "window": 8, "sequences": 32, "exponents": 2}
    of_run = longspan.probe(run.path, checkpoint="last", **options)
    of_file = longspan.probe(run.path / "checkpoints" / "last.safetensors", **options)
    np.testing.assert_array_equal(of_run.lyapunov.exponents, of_file.lyapunov.exponents)
    assert of_file.horizon == of_run.horizon
    assert longspan.Run(run.path).probe.lyapunov.exponents.tolist() == of_run.lyapunov.exponents.tolist()
