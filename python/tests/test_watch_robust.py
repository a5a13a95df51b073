"""Watches of loops that do something unusual or wrong: the training goes on, and the verdict says what was not observed."""

import json
import math
import os
import shutil
import subprocess
import sys
import warnings

import pytest
import torch
from torch import nn

import longspan
from longspan._module import WatchedModule


def loop(model, optimizer, run, steps=4, before=None, loss=True, **options):
    """Train for some steps; ``before(watch, step)`` is called before each."""
    draw = torch.Generator().manual_seed(1)
    rnn = model if isinstance(model, nn.RNNBase) else None
    with longspan.watch(model, optimizer, run=run, every=1, **options) as watch:
        for step in range(1, steps + 1):
            if before is not None:
                before(watch, step)
            weights = next(model.parameters())
            x = torch.randn(4, 7, 3, generator=draw).to(weights.dtype)
            optimizer.zero_grad()
            value = (rnn or model)(x)[0].square().mean()
            value.backward()
            optimizer.step()
            if loss:
                watch.loss(value)
    return watch


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.1)


def outcome(run):
    return json.loads((run / "summary.json").read_text())["outcome"]


# Errors inside of the watch.


@pytest.mark.parametrize("at", [1, 3])
def test_a_watch_that_has_stopped_says_so(tmp_path, monkeypatch, at):
    observe = WatchedModule.observe

    def broken(self):
        if self.steps.taken + 1 == at:
            raise ValueError("broken on purpose")
        observe(self)

    monkeypatch.setattr(WatchedModule, "observe", broken)
    rnn = nn.GRU(3, 5)
    with pytest.warns(RuntimeWarning, match="broken on purpose"):
        watch = loop(rnn, sgd(rnn), tmp_path / "run")
    verdict = watch.verdict()
    assert verdict.startswith(f"stopped watching at step {at}: ValueError: broken on purpose")
    assert "no gradient reached it" not in verdict
    if at > 1:
        assert f"last at step {at - 1}" in verdict
        assert outcome(tmp_path / "run") == "interrupted"


def test_warnings_that_are_errors_do_not_stop_the_training(tmp_path):
    code = f"""
import longspan, torch
rnn = torch.nn.GRU(3, 5)
optimizer = torch.optim.SGD(rnn.parameters(), lr=0.1)
with longspan.watch(rnn, optimizer, run={str(tmp_path / "run")!r}, every=1) as watch:
    watch.loss(None)
    watch._fail(ValueError("broken on purpose"))
    optimizer.step()
print("trained")
"""
    done = subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", code], capture_output=True, text=True)
    assert done.stdout == "trained\n", done.stderr
    assert "broken on purpose" in done.stderr
    assert "not None" in done.stderr


# How exactly the computation was observed.


class Doubled(nn.GRU):
    def forward(self, x, hx=None):
        y, state = super().forward(x, hx)
        return 2 * y, state


def test_another_computation_is_not_called_the_same(tmp_path):
    rnn = Doubled(3, 5)
    watch = loop(rnn, sgd(rnn), tmp_path / "run")
    assert "GRU: observed" not in watch.verdict()
    assert "differs from your computation by 50 %: do not trust" in watch.verdict()


@pytest.mark.parametrize("write", [torch.relu_, lambda y: y.mul_(2.0), lambda y: y[:, 0].zero_()], ids=["relu", "mul", "zero"])
@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU])
def test_outputs_that_are_written_to(tmp_path, kind, write):
    torch.manual_seed(1)
    rnn = kind(3, 5)
    optimizer = sgd(rnn)
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1) as watch:
        y = rnn(torch.randn(6, 2, 3))[0]
        write(y)
        y.square().sum().backward()
        optimizer.step()
    assert watch._modules[0].deviation < 1e-5


@pytest.mark.parametrize("cell", [False, True])
def test_states_that_are_written_to_begin_a_sequence(tmp_path, cell):
    """As at the end of an episode."""
    torch.manual_seed(1)
    rnn = nn.GRUCell(3, 5) if cell else nn.GRU(3, 5)
    optimizer = sgd(rnn)
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1) as watch:
        state, value = None, 0.0
        for _ in range(3):
            state = rnn(torch.randn(2, 3), state) if cell else rnn(torch.randn(4, 2, 3), state)[1]
            value = value + state.clone().square().sum()
            state.mul_(torch.tensor([[1.0], [0.0]]))
        value.backward()
        optimizer.step()
    assert watch._modules[0].deviation < 1e-5


# The gradient is computed inside of the step.


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.LBFGS])
def test_a_step_with_a_closure(tmp_path, kind, by_name):
    weights = []
    for watched in (False, True):
        torch.manual_seed(1)
        rnn = nn.GRU(3, 5)
        x = torch.randn(6, 2, 3)
        optimizer = kind(rnn.parameters(), lr=0.1)
        watch = longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1) if watched else None
        norms = []

        def closure(rnn=rnn, x=x, optimizer=optimizer, norms=norms):
            optimizer.zero_grad()
            value = rnn(x)[0].square().mean()
            value.backward()
            norms[-1].append(math.sqrt(sum(float(p.grad.square().sum()) for p in rnn.parameters())))
            return value

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(3):
                norms.append([])
                value = optimizer.step(closure=closure) if by_name else optimizer.step(closure)
                if watch:
                    watch.loss(value)
        weights.append([p.detach().clone() for p in rnn.parameters()])
    watch.close()
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if line["type"] == "step"]
    # The gradient by the weights before the step.
    assert [10 ** step["log10_global_norm"] for step in steps] == pytest.approx([own[0] for own in norms], rel=1e-5)
    assert all("lag" in step["snapshot"] for step in steps)
    assert watch._modules[0].deviation < 1e-5


# Run directories.


def test_a_run_directory_that_was_removed_stops_nothing(tmp_path):
    rnn = nn.GRU(3, 5)

    def remove(watch, step):
        if step == 3:
            shutil.rmtree(tmp_path / "run")
            assert "its run cannot be diagnosed" in watch.verdict()
            assert "nothing found" not in watch.verdict()
            with pytest.warns(RuntimeWarning, match="cannot be diagnosed"):
                assert watch.findings() == []

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        watch = loop(rnn, sgd(rnn), tmp_path / "run", before=remove)
    watch.verdict()


def test_a_relative_run_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rnn = nn.GRU(3, 5)
    (tmp_path / "other").mkdir()
    watch = loop(rnn, sgd(rnn), "run", before=lambda watch, step: os.chdir(tmp_path / "other"))
    assert watch.findings() == []
    assert outcome(tmp_path / "run") == "finished"


def test_names_of_modules_stay_inside_of_the_run(tmp_path):
    outside = tmp_path / "outside"
    model = nn.ModuleDict({str(outside): nn.GRU(3, 5), "a/b": nn.GRU(3, 5)})
    optimizer = sgd(model)
    with longspan.watch(model, optimizer, run=tmp_path / "run", every=1):
        sum(rnn(torch.randn(4, 2, 3))[0].sum() for rnn in model.values()).backward()
        optimizer.step()
    assert not outside.exists()
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted([str(outside).replace("/", "_"), "a_b"])


# Values and batches that cannot be observed.


@pytest.mark.parametrize("dead", [False, True])
def test_without_a_loss_nothing_is_said_of_it(tmp_path, dead):
    torch.manual_seed(1)
    rnn = nn.RNN(3, 32, nonlinearity="relu") if dead else nn.GRU(3, 32)
    rnn.bias_ih_l0.data += -10 if dead else 20
    watch = loop(rnn, torch.optim.SGD(rnn.parameters(), lr=0.01), tmp_path / "run", steps=200, loss=False, baseline=1.0)
    assert "baseline: " not in watch.verdict()
    assert "no loss was given" in watch.verdict()
    assert "not a number" not in watch.verdict()
    assert ("dead-units" in watch.verdict()) is dead


def test_the_loss_that_stands_for_the_baseline_is_named(tmp_path):
    rnn = nn.GRU(3, 5)
    assumed = loop(rnn, sgd(rnn), tmp_path / "assumed")
    given = loop(rnn, sgd(rnn), tmp_path / "given", baseline=1.0)
    first = longspan.Run(tmp_path / "assumed").steps.loss[0]
    assert f"baseline: {first:.3g}, the loss of the first step" in assumed.verdict()
    assert "baseline: " not in given.verdict()


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (torch.ones(8), {}, r"not a tensor of the shape \[8\]"),
        (None, {}, "not None"),
        ("a", {}, "not str"),
        (1.0, {"held_out": True, "count": -3}, "count=-3"),
        (1.0, {"held_out": True, "count": "a"}, "count='a'"),
    ],
)
def test_a_value_that_is_no_loss_is_left_out(tmp_path, value, options, text):
    rnn = nn.GRU(3, 5)
    with pytest.warns(RuntimeWarning, match=text) as warned:
        watch = loop(rnn, sgd(rnn), tmp_path / "run", before=lambda watch, step: watch.loss(value, **options))
    assert len(warned) == 1
    assert "\n" not in str(warned[0].message)
    assert "4 values given to w.loss could not be recorded" in watch.verdict()
    assert "last at step 4" in watch.verdict()


@pytest.mark.parametrize("kind", [nn.GRU, nn.GRUCell])
def test_an_empty_batch_is_left_out(tmp_path, kind):
    rnn = kind(3, 5)
    optimizer = sgd(rnn)
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1) as watch:
        for rows in (2, 0, 2):
            x = torch.randn(rows, 3) if kind is nn.GRUCell else torch.randn(4, rows, 3)
            optimizer.zero_grad()
            rnn(x)[0 if rows or kind is nn.GRU else ...].sum().backward()
            optimizer.step()
    assert "1 call with an empty batch could not be observed" in watch.verdict()
    assert "last at step 3" in watch.verdict()
    assert watch._modules[0].deviation < 1e-5


def test_weights_that_become_double_are_observed(tmp_path):
    rnn = nn.GRU(3, 5)
    watch = loop(rnn, sgd(rnn), tmp_path / "run", before=lambda watch, step: rnn.double() if step == 3 else None)
    assert "last at step 4 (" in watch.verdict()
    assert watch._modules[0].deviation < 1e-5


# What is observed for a while only.


class Headed(nn.Module):
    def __init__(self):
        super().__init__()
        self.head, self.rnn = nn.Linear(5, 2), nn.GRU(3, 5)

    def forward(self, x):
        return (self.head(self.rnn(x)[0]),)


@pytest.mark.parametrize("frozen", [False, True])
def test_modules_that_are_replaced_or_frozen_later(tmp_path, frozen):
    model = Headed()

    def change(watch, step):
        if step == 3 and frozen:
            model.rnn.requires_grad_(False)
        elif step == 3:
            model.rnn = nn.GRU(3, 5)

    watch = loop(model, sgd(model), tmp_path / "run", before=change)
    assert "last at step 2 of 4: since then, no gradient reached it" in watch.verdict()


def test_an_optimizer_that_is_replaced(tmp_path):
    rnn = nn.GRU(3, 5)
    optimizer = sgd(rnn)
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1) as watch:
        for step in range(5):
            if step == 2:
                optimizer = sgd(rnn)
            optimizer.zero_grad()
            rnn(torch.randn(4, 2, 3))[0].sum().backward()
            optimizer.step()
    assert "last at step 2" in watch.verdict()


# Arguments.


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"needed_lag": -1}, ValueError, "needed_lag=-1"),
        ({"needed_lag": "a"}, TypeError, "needed_lag='a'"),
        ({"needed_lag": 2.5}, TypeError, "needed_lag=2.5"),
        ({"baseline": "x"}, TypeError, "baseline: a number is needed, not str"),
        ({"baseline": -1}, ValueError, "baseline=-1"),
        ({"baseline": math.nan}, ValueError, "baseline=nan"),
        ({"scaler": 3}, TypeError, "GradScaler is needed, not int"),
        ({"run": ""}, ValueError, "run=''"),
        ({"run": "a\0b"}, ValueError, "the path of a directory"),
        ({"run": "a" * 300}, ValueError, "name too long"),
        ({"run": 3}, TypeError, "run: the path of a directory is needed, not int"),
        ({"run": __file__}, ValueError, "is a file"),
        ({"run": f"{__file__}/run"}, ValueError, "is a file"),
        ({"every": 1.5}, TypeError, "every=1.5"),
        ({"every": "a"}, TypeError, "every='a'"),
        ({"every": 0}, ValueError, "every=0"),
    ],
)
def test_wrong_options_are_errors_of_the_call(tmp_path, options, error, text):
    rnn = nn.GRU(3, 5)
    with pytest.raises(error, match=text):
        longspan.watch(rnn, sgd(rnn), **{"run": tmp_path / "run", **options})
    assert not rnn._forward_hooks


def test_wrong_models_and_optimizers_are_errors_of_the_call(tmp_path):
    rnn, other = nn.GRU(3, 5), nn.Linear(2, 2)
    scheduler = torch.optim.lr_scheduler.StepLR(sgd(rnn), 1)
    for model, optimizer, error, text in [
        ("m", sgd(rnn), TypeError, r"a torch\.nn\.Module is needed, not str"),
        (rnn, rnn.parameters(), TypeError, "not parameters"),
        (rnn, None, TypeError, "not None"),
        (rnn, scheduler, TypeError, r"give scheduler\.optimizer"),
        (rnn, [], ValueError, "no optimizer"),
        (rnn, sgd(other), ValueError, "updates no parameter of GRU"),
    ]:
        with pytest.raises(error, match=text):
            longspan.watch(model, optimizer, run=tmp_path / "run")
