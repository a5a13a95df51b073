"""A value that is not finite: where it was first, in the run as well as in the findings."""

import json
import math

import pytest
import torch
from torch import nn

import longspan


def watched(run, module, spoil, every=1, steps=4, fault=3, loss_of=None):
    """Train a module, and spoil something in step `fault`."""
    torch.manual_seed(1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    with longspan.watch(module, optimizer, run=run, every=every) as watch:
        for step in range(1, steps + 1):
            x = torch.randn(6, 3, 4)
            if step == fault:
                spoil(x)
            y = module(x)[0]
            loss = y.square().mean() if loss_of is None else loss_of(y, step)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch.loss(loss)
    return watch


def fault_of(run):
    """The record of the fault."""
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    (fault,) = (line for line in lines if line["type"] == "fault")
    return fault


def test_a_bad_input_is_named_with_its_place(tmp_path):
    def spoil(x):
        x[2, 1, 3] = math.inf

    watch = watched(tmp_path / "run", nn.LSTM(4, 5), spoil)
    fault = fault_of(tmp_path / "run")
    place = {name: fault[name] for name in ("step", "phase", "tensor", "t", "row", "unit", "cause", "value")}
    expected = {
        "step": 3,
        "phase": "input",
        "tensor": "x",
        "t": 2,
        "row": 1,
        "unit": 3,
        "cause": "bad_input",
        "value": None,
    }
    assert place == expected
    # JSON has no infinity: its name stands beside the null.
    assert fault["not_finite"]["value"] == "Infinity"
    (finding,) = (finding for finding in watch.findings() if finding.code == "non-finite")
    assert "input, step 2: x of row 1, unit 3, is inf" in finding.sentence
    assert json.loads((tmp_path / "run/summary.json").read_text())["outcome"] == "diverged"


@pytest.mark.parametrize("direction", ["forwards", "reverse"])
def test_states_that_overflow_are_named_where_their_direction_computes_them_first(tmp_path, direction):
    """Unit 2 of the upper layer overflows where unit 0 of the lower one is large: at two steps of row 2."""
    rnn = nn.RNN(4, 5, num_layers=2, nonlinearity="relu", bidirectional=True)
    side = "_reverse" if direction == "reverse" else ""
    for weight in rnn.parameters():
        weight.data.zero_()
    rnn.weight_ih_l0.data[0, 0] = 1.0
    getattr(rnn, f"weight_ih_l1{side}").data[2, 0] = 1e30
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.0)
    x = torch.zeros(6, 3, 4)
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1) as watch:
        for large in (0.0, 1e30):
            x[1, 2, 0] = x[4, 2, 0] = large
            optimizer.zero_grad()
            rnn(x)[0].square().mean().backward()
            optimizer.step()
    fault = fault_of(tmp_path / "run")
    assert (fault["step"], fault["phase"], fault["cause"]) == (2, "forward", "forward_overflow")
    assert (fault["layer"], fault["direction"]) == (2 + (direction == "reverse"), direction)
    assert (fault["t"], fault["row"], fault["unit"]) == (4 if direction == "reverse" else 1, 2, 2)
    assert "non-finite" in [finding.code for finding in watch.findings()]


def test_a_gradient_that_overflows_backwards_is_named_with_its_step(tmp_path):
    rnn = nn.RNN(1, 1, nonlinearity="relu", bias=False)
    rnn.weight_ih_l0.data.fill_(1.0)
    rnn.weight_hh_l0.data.fill_(1e20)
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.0)
    x = torch.full((2, 1, 1), 1e-30)
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1):
        for factor in (1.0, 1e19):
            optimizer.zero_grad()
            (rnn(x)[0][1] * factor).sum().backward()
            optimizer.step()
    fault = fault_of(tmp_path / "run")
    assert (fault["phase"], fault["tensor"], fault["layer"], fault["t"]) == ("backward", "d_h", 0, 0)


def test_a_fault_behind_the_layer_is_said_to_be_there(tmp_path):
    watch = watched(
        tmp_path / "run",
        nn.GRU(4, 5),
        lambda x: None,
        loss_of=lambda y, step: (y.square().mean() - (1e9 if step == 3 else 0.0)).sqrt(),
    )
    finding = watch.findings()[0]
    assert (finding.code, finding.numbers) == ("non-finite", {"step": 3.0})
    assert "the loss was not finite" in finding.sentence
    assert "The outputs of GRU were finite, the gradient that arrived at them was not" in finding.sentence
    # The run says it, too.
    found = next(one for one in longspan.Run(tmp_path / "run").findings() if one.code == "non-finite")
    assert "loss: the gradient that arrives at the module is NaN; its origin was not observed" in found.sentence


def test_a_fault_of_a_step_that_was_not_observed_is_in_the_run(tmp_path):
    rnn = nn.GRU(4, 5)
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.1)
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=100) as watch:
        for step in range(1, 9):
            loss = rnn(torch.randn(6, 3, 4))[0].square().mean() * (math.inf if step == 7 else 1.0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch.loss(loss)
    fault = fault_of(tmp_path / "run")
    assert (fault["step"], fault["cause"], fault["layer"]) == (7, "not_observed", None)
    found = [one for one in longspan.Run(tmp_path / "run").findings() if one.code == "non-finite"]
    assert len(found) == 1 and "in training step 7: loss: the loss is inf; its origin was not observed" in found[0].sentence
    assert [one.code for one in watch.findings()].count("non-finite") == 1


def test_the_run_says_how_exactly_it_was_observed(tmp_path):
    watched(tmp_path / "run", nn.GRU(4, 5), lambda x: None)
    described = json.loads((tmp_path / "run/run.json").read_text())["watched"]
    assert 0 < described["largest_deviation"] < 1e-5
    assert "skipped_steps" not in described
