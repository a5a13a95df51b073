"""Watching a model: what is observed, what is found, and that training does not change."""

import copy
import gc
import json
import math
import pickle
import subprocess
import sys
import weakref

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import longspan


class Reader(nn.Module):
    """Reads a sequence and names the class that its first step shows."""

    def __init__(self, name, hidden=24, **options):
        super().__init__()
        self.rnn = getattr(nn, name)(4, hidden, batch_first=True, **options)
        self.head = nn.Linear(hidden * (2 if options.get("bidirectional") else 1), 4)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


def batch(steps, draw, rows=8):
    classes = torch.randint(4, (rows,), generator=draw)
    x = 0.1 * torch.randn(rows, steps, 4, generator=draw)
    x[torch.arange(rows), 0, classes] += 1.0
    return x, classes


def train(model, run=None, steps=60, length=20, clip=None, lr=1e-3, every=10, **watching):
    """Train a model, watched if there is a run directory."""
    torch.manual_seed(5)
    draw = torch.Generator().manual_seed(2)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    watch = run and longspan.watch(model, optimizer, run=run, every=every, **watching)
    for _ in range(steps):
        x, classes = batch(length, draw)
        loss = nn.functional.cross_entropy(model(x), classes)
        optimizer.zero_grad()
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        if watch:
            watch.loss(loss)
    return watch


def records(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


OPTIONS = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu"}),
    ("GRU", {"num_layers": 2, "dropout": 0.4}),
    ("LSTM", {"bidirectional": True, "num_layers": 2, "dropout": 0.2}),
    ("LSTM", {"bias": False}),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_the_bits_of_the_training_stay_and_the_computation_is_the_same(tmp_path, name, options):
    models = []
    for run in (None, tmp_path / "run"):
        torch.manual_seed(1)
        models.append(Reader(name, **options))
        watch = train(models[-1], run, steps=12, every=1, clip=0.1)
    for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(a, b)
    watch.close()
    assert "observed your own computation" in watch.verdict()
    # Outputs and weight gradients of every step, dropout included.
    assert watch._modules[0].deviation < 1e-5
    steps = [record for record in records(tmp_path / "run") if record["type"] == "step"]
    assert [record["step"] for record in steps] == list(range(1, 13))
    assert all("lag" in record["snapshot"] for record in steps)
    # Both norms are those of PyTorch, before and after clipping.
    clipped = [record for record in steps if record["clipped"]]
    assert clipped
    for record in clipped:
        assert math.isclose(record["log10_global_norm_after"], math.log10(0.1), abs_tol=1e-3)
        assert record["log10_global_norm"] > math.log10(0.1)


def test_the_lag_profile_equals_automatic_differentiation(tmp_path):
    """ln G(τ) of the last loss, by the gradients of states of a cell that is called step by step."""
    torch.manual_seed(3)
    model = Reader("GRU", hidden=6).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, classes = batch(15, torch.Generator().manual_seed(4), rows=5)
    x = x.double()
    cell = nn.GRUCell(4, 6).double()
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(cell, name).data.copy_(getattr(model.rnn, f"{name}_l0").data)
    h, states = torch.zeros(5, 6, dtype=torch.float64), []
    for t in range(15):
        h = cell(x[:, t], h)
        h.retain_grad()
        states.append(h)
    nn.functional.cross_entropy(model.head(h), classes).backward()
    norms = torch.stack([state.grad.norm(dim=1) for state in reversed(states)])
    expected = (norms / norms[0]).log().median(dim=1).values
    with longspan.watch(model, optimizer, run=tmp_path / "run") as watch:
        loss = nn.functional.cross_entropy(model(x), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watch.loss(loss)
    (record,) = (r for r in records(tmp_path / "run") if r["type"] == "step")
    lag = record["snapshot"]["lag"]
    assert lag["lags"] == list(range(15))
    found = torch.tensor(lag["total"]["ln_median"], dtype=torch.float64)
    assert torch.allclose(found, expected, rtol=0, atol=1e-10)


def test_a_vanishing_gradient_is_named_with_code_that_cures_it(tmp_path):
    torch.manual_seed(1)
    model = Reader("RNN", hidden=32)
    nn.init.orthogonal_(model.rnn.weight_hh_l0)
    model.rnn.weight_hh_l0.data *= 0.6
    watch = train(model, tmp_path / "run", steps=200, length=40, needed_lag=39)
    watch.close()
    first = watch.findings()[0]
    assert (first.code, first.severity, first.where) == ("vanishing-gradient", "severe", "rnn")
    assert any("torch.nn.LSTM" in fix.code for fix in first.fixes)
    assert "vanishing-gradient" in watch.verdict()


def test_a_loss_that_is_not_finite_is_named_with_its_step(tmp_path):
    model = Reader("LSTM")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with longspan.watch(model, optimizer, run=tmp_path / "run", every=1) as watch:
        for step in range(1, 9):
            x, classes = batch(5, torch.Generator().manual_seed(1))
            loss = nn.functional.cross_entropy(model(x), classes) * (math.nan if step == 7 else 1.0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch.loss(loss)
    first = watch.findings()[0]
    assert (first.code, first.numbers) == ("non-finite", {"step": 7.0})
    assert json.loads((tmp_path / "run/summary.json").read_text())["outcome"] == "diverged"


def test_a_model_that_learns_is_not_accused(tmp_path):
    torch.manual_seed(1)
    model = Reader("GRU", hidden=32)
    watch = train(model, tmp_path / "run", steps=200, length=8, lr=1e-2, needed_lag=7)
    watch.close()
    assert [finding for finding in watch.findings() if finding.severity != "note"] == []


def test_packed_sequences_are_observed(tmp_path):
    torch.manual_seed(1)
    lstm = nn.LSTM(3, 8, num_layers=2, bidirectional=True)
    optimizer = torch.optim.SGD(lstm.parameters(), lr=0.1)
    with longspan.watch(lstm, optimizer, run=tmp_path / "run", every=1) as watch:
        for _ in range(3):
            packed = pack_sequence([torch.randn(n, 3) for n in (4, 9, 1, 6)], enforce_sorted=False)
            _, (h, _) = lstm(packed)
            optimizer.zero_grad()
            h[-2:].square().sum().backward()
            optimizer.step()
    assert watch._modules[0].deviation < 1e-5
    last = records(tmp_path / "run")[-1]
    assert last["snapshot"]["batch"]["positions"] == 20
    assert last["snapshot"]["lag"]["rows"] == 4


class InParts(nn.Module):
    """The same computation as one call of a layer, in several calls of it or of its cell."""

    def __init__(self, layer, form):
        super().__init__()
        self.form = form
        if form == "cell":
            self.rnn = getattr(nn, type(layer).__name__ + "Cell")(3, 6).double()
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(self.rnn, name).data.copy_(getattr(layer, f"{name}_l0").data)
        else:
            self.rnn = copy.deepcopy(layer)

    def forward(self, x):
        if self.form == "whole":
            return self.rnn(x)[0]
        outputs, state = [], None
        for part in x if self.form == "cell" else x.split([5, 3, 4]):
            if self.form == "cell":
                state = self.rnn(part, state)
                y = (state[0] if isinstance(state, tuple) else state).unsqueeze(0)
            else:
                y, state = self.rnn(part, state)
            outputs.append(y)
        return torch.cat(outputs)


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("form", ["cell", "parts"])
@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_a_sequence_in_several_calls_is_observed_as_in_one(tmp_path, name, form, every_step):
    torch.manual_seed(2)
    layer = getattr(nn, name)(3, 6).double()
    x = torch.randn(12, 4, 3, dtype=torch.float64)
    weights = torch.randn(12, 4, 6, dtype=torch.float64)
    found = []
    for which in ("whole", form):
        model = InParts(layer, which)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with longspan.watch(model, optimizer, run=tmp_path / which, every=1) as watch:
            y = model(x).square() * weights
            loss = (y if every_step else y[-1]).sum()
            loss.backward()
            optimizer.step()
            watch.loss(loss)
        assert watch._modules[0].deviation < 1e-12
        found.append(records(tmp_path / which)[0])
    whole, parts = found
    assert parts["log10_survival"] == pytest.approx(whole["log10_survival"], rel=1e-9)
    lags = [record["snapshot"]["lag"] for record in found]
    assert lags[0]["lags"] == lags[1]["lags"]
    assert lags[0]["rows"] == lags[1]["rows"]
    assert lags[1]["total"]["ln_median"] == pytest.approx(lags[0]["total"]["ln_median"], rel=1e-9, abs=1e-9)
    assert parts["snapshot"]["layers"] == whole["snapshot"]["layers"]


def test_carried_states_are_noticed(tmp_path):
    rnn = nn.RNN(3, 8)
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.01)
    state = None
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1):
        for _ in range(4):
            y, state = rnn(torch.randn(5, 2, 3), state)
            state = state.detach()
            optimizer.zero_grad()
            y.square().mean().backward()
            optimizer.step()
    assert json.loads((tmp_path / "run/run.json").read_text())["watched"]["carried"] is True


def test_a_frozen_encoder_in_evaluation_mode_has_no_dropout(tmp_path):
    """Its dropout draws nothing, although its gradient is wanted."""
    torch.manual_seed(1)
    model = Reader("GRU", num_layers=2, dropout=0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with longspan.watch(model, optimizer, run=tmp_path / "run", every=1) as watch:
        for step in range(4):
            model.rnn.train(step < 2)
            x, classes = batch(9, torch.Generator().manual_seed(1))
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), classes).backward()
            optimizer.step()
    assert watch._modules[0].deviation < 1e-5


def test_a_watched_model_is_freed(tmp_path):
    model = Reader("LSTM")
    watch = train(model, tmp_path / "run", steps=2)
    watch.close()
    gone = weakref.ref(model)
    del model, watch
    gc.collect()
    assert gone() is None


def alive():
    """The number of tensors, and of objects."""
    gc.collect()
    objects = gc.get_objects()
    return sum(issubclass(type(one), torch.Tensor) for one in objects), len(objects)


@pytest.mark.parametrize("name", ["LSTM", "LSTMCell"])
def test_passes_whose_gradient_is_not_wanted_disappear(tmp_path, name):
    """A validation without no_grad before an observed step must not keep its graphs."""
    module = getattr(nn, name)(3, 4)
    optimizer = torch.optim.Adam(module.parameters())
    with longspan.watch(module, optimizer, run=tmp_path / "run", every=1):
        counts = []
        for _ in range(3):
            for _ in range(5):
                output = module(torch.randn(6, 3))
            counts.append(alive()[0])
            del output
    assert counts[0] == counts[-1]


@pytest.mark.parametrize("name", ["LSTM", "LSTMCell"])
def test_a_gradient_that_is_accumulated_for_long_keeps_one_pass(tmp_path, name):
    module = getattr(nn, name)(3, 4)
    optimizer = torch.optim.Adam(module.parameters())
    with longspan.watch(module, optimizer, run=tmp_path / "run", every=1) as watch:
        counts = []
        for _ in range(3):
            for _ in range(5):
                module(torch.randn(6, 3))[0].sum().backward()
            counts.append(alive()[0])
        optimizer.step()
    assert counts[0] == counts[-1]
    assert watch._modules[0].deviation < 1e-5
    assert "observed your own computation" in watch.verdict()


def test_no_tensor_and_no_object_is_left_behind(tmp_path):
    torch.manual_seed(1)
    model = Reader("LSTM", num_layers=2, dropout=0.1)
    optimizer = torch.optim.Adam(model.parameters())
    counts = []
    with longspan.watch(model, optimizer, run=tmp_path / "run", every=3) as watch:
        for step in range(40):
            x, classes = batch(6, torch.Generator().manual_seed(step))
            model(x)  # Its gradient is never wanted.
            loss = nn.functional.cross_entropy(model(x), classes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch.loss(loss)
            if step % 12 == 3:
                watch.findings()
                counts.append(alive())
    (tensors, objects), (last_tensors, last_objects) = counts[1], counts[-1]
    assert last_tensors == tensors
    assert last_objects <= objects + 50


def test_a_watched_model_can_be_copied_and_saved(tmp_path):
    model = Reader("LSTM")
    train(model, tmp_path / "run", steps=2)
    other = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    train(other, None, steps=2)
    assert sorted(other.state_dict()) == sorted(model.state_dict())


def test_a_second_watch_replaces_the_first_and_has_its_own_run(tmp_path):
    model = Reader("LSTM")
    first = train(model, tmp_path / "run", steps=3)
    second = train(model, tmp_path / "run", steps=3)
    second.close()
    assert first._closed
    assert (tmp_path / "run/summary.json").exists()
    assert (tmp_path / "run-2/summary.json").exists()


def test_an_exception_leaves_a_complete_run(tmp_path):
    model = Reader("LSTM")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(KeyboardInterrupt), longspan.watch(model, optimizer, run=tmp_path / "run") as watch:
        x, classes = batch(5, torch.Generator().manual_seed(1))
        loss = nn.functional.cross_entropy(model(x), classes)
        loss.backward()
        optimizer.step()
        watch.loss(loss)
        raise KeyboardInterrupt
    assert json.loads((tmp_path / "run/summary.json").read_text())["outcome"] == "interrupted"


def test_an_error_inside_the_observer_is_reported_once_and_stops_nothing(tmp_path, monkeypatch):
    model = Reader("LSTM")

    def broken(*_, **__):
        raise ValueError("broken on purpose")

    monkeypatch.setattr("longspan._module.WatchedModule.observe", broken)
    with pytest.warns(RuntimeWarning, match="broken on purpose") as warned:
        watch = train(model, tmp_path / "run", steps=5, every=1)
    assert len(warned) == 1
    watch.close()


def test_an_error_in_a_backward_pass_is_reported_once_and_stops_nothing(tmp_path, monkeypatch):
    def broken(*_):
        raise ValueError("broken on purpose")

    monkeypatch.setattr("longspan._recorded.add", broken)
    with pytest.warns(RuntimeWarning, match="broken on purpose") as warned:
        train(Reader("LSTM"), tmp_path / "run", steps=5, every=1)
    assert len(warned) == 1


def test_a_gradient_of_zeros_is_observed(tmp_path):
    """No position is scored then."""
    for name in ("GRU", "RNN"):
        rnn = getattr(nn, name)(3, 4, num_layers=2, bidirectional=name == "GRU")
        optimizer = torch.optim.SGD(rnn.parameters(), lr=0.1)
        with longspan.watch(rnn, optimizer, run=tmp_path / name, every=1) as watch:
            (rnn(torch.randn(7, 3, 3))[0] * 0.0).sum().backward()
            optimizer.step()
        assert not watch._failed
        (record,) = (r for r in records(tmp_path / name) if r["type"] == "step")
        assert record["snapshot"]["batch"]["unscored_rows"] == 3
        assert record["snapshot"]["lag"]["rows"] == 0


def test_outputs_that_the_loss_does_not_use(tmp_path):
    """PyTorch calls their hooks without a gradient."""
    lstm = nn.LSTM(3, 4)
    optimizer = torch.optim.SGD(lstm.parameters(), lr=0.1)
    with longspan.watch(lstm, optimizer, run=tmp_path / "run", every=1) as watch:
        lstm(torch.randn(7, 3, 3))[1][0].sum().backward()
        optimizer.step()
    assert watch._modules[0].deviation < 1e-5
    assert "observed your own computation" in watch.verdict()


def test_a_model_without_recurrent_layers_is_an_error(tmp_path):
    model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"no nn\.RNN, nn\.GRU or nn\.LSTM"):
        longspan.watch(model, torch.optim.SGD(model.parameters(), lr=0.1), run=tmp_path / "run")


def test_the_program_speaks_pytorch_of_a_watched_run(tmp_path):
    """Commands that train or probe again do not apply to a run of another program."""
    rnn = nn.RNNCell(3, 4, nonlinearity="relu")
    with torch.no_grad():
        rnn.bias_hh.fill_(-9.0)
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.01)
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1) as watch:
        for _ in range(4):
            h = torch.zeros(2, 4)
            for x in torch.randn(6, 2, 3):
                h = rnn(x, h)
            optimizer.zero_grad()
            h.sum().backward()
            optimizer.step()
    (dead,) = (finding for finding in watch.findings() if finding.code == "dead-units")
    # No loss was given, so nothing is said of it; and a state of zeros is that of a new sequence.
    assert dead.sentence == "In layer 0, 4 of 4 units are 0 at every position."
    assert json.loads((tmp_path / "run/run.json").read_text())["watched"]["carried"] is False
    run = longspan.Run(tmp_path / "run")
    assert run.command is None and run.findings() == watch.findings()
    command = [sys.executable, "-m", "longspan"]
    for arguments in (["diagnose"], ["report", "--format", "md", "-o", "-"]):
        shown = subprocess.run([*command, *arguments, tmp_path / "run"], capture_output=True, text=True).stdout
        assert "# replace model: torch.nn.GRUCell instead of torch.nn.RNNCell" in shown
        assert "longspan.probe(model" in shown
        for of_the_program in ("longspan train", "longspan probe", "--lr", "--cell", "--probe"):
            assert of_the_program not in shown, of_the_program
