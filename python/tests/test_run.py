"""Run directories as arrays."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import longspan

TASK = {"task": "adding", "length": 12, "hidden": 8, "batch": 16, "seed": 1}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "one"
    longspan.train(**TASK, steps=60, observe="full", observe_every=10, no_probe=True, out=out)
    longspan.probe(out, exponents=3, window=6, sequences=16)
    return longspan.Run(out)


def test_the_arrays_are_the_records(run):
    lines = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if line["type"] == "step"]
    valid = [line for line in lines if line["type"] == "valid"]
    np.testing.assert_array_equal(run.steps.step, np.arange(1, 61))
    np.testing.assert_array_equal(run.steps.loss, [line["loss"] for line in steps])
    np.testing.assert_array_equal(run.steps.log10_gradient_norm, [line["log10_global_norm"] for line in steps])
    np.testing.assert_array_equal(run.validation.loss, [line["loss"] for line in valid])
    assert np.isnan(run.validation.accuracy).all()
    # The ratio of the first time step to the last one is a number of the record, too.
    observed = {line["step"]: line["log10_survival"] for line in steps if "snapshot" in line}
    assert list(run.gradient.step) == list(observed)
    assert run.survival.shape == (7, 1, 12)
    np.testing.assert_allclose(np.log10(run.survival[:, :, -1]), list(observed.values()), atol=1e-4)
    assert run.gradient.log10_cell_norm.shape == run.gradient.log10_gamma.shape == (7, 1, 12)
    assert list(run.gradient.steps_back) == list(range(12))


def test_settings_and_summary_have_types(run):
    assert run.settings["hidden"] == 8
    assert run.settings["lr"] == 2e-3
    assert run.settings["no_probe"] is True
    assert run.settings["task"] == "adding"
    assert run.settings["text"] is None
    assert run.summary["step"] == 60
    assert run.outcome == "finished"
    assert run.unit == "mse"
    assert run.problems == []
    assert run.command.startswith("longspan train --task adding")


def test_runs_of_earlier_versions_are_read():
    # Both folders have the same run, in two forms: losses have other names, and numbers that are not finite are words in one.
    folder = Path(__file__).parents[2] / "crates" / "run" / "tests" / "fixtures"
    for name in ("2026-11", "2026-12"):
        old = longspan.Run(folder / name / "text")
        assert (len(old.steps.loss), len(old.validation.loss), old.outcome, old.problems) == (34, 2, "finished", [])
        np.testing.assert_allclose([old.steps.loss[-1], old.summary["best_loss"]], [2.9706338, 2.9842683], rtol=1e-6)
        assert old.probe.horizon is not None
        assert old.gradient.log10_norm.shape[0] == 2
        sick = longspan.Run(folder / name / "diverged")
        assert [sick.outcome, sick.findings()[0].code] == ["diverged", "non-finite"]
    watched = longspan.Run(folder / "2026-12" / "watched")
    assert (len(watched.steps.loss), watched.command, watched.problems) == (12, None, [])


def test_the_probe_has_arrays(run):
    record = run.probe.record
    assert run.probe.lyapunov.exponents.shape == (3,)
    assert run.probe.lyapunov.layers[0][0] == run.probe.lyapunov.exponents[0]
    total = record["reach"]["known"]["lag"]["known"]["total"]
    np.testing.assert_allclose(run.probe.lag.log10_median, np.array(total["ratio"]["ln_median"], float) / np.log(10))
    assert run.probe.lag.at(0) == 1
    assert np.isnan(run.probe.lag.at(7))
    horizon = run.probe.horizon
    assert horizon.low <= horizon.steps <= horizon.high
    assert {gate.gate for gate in run.probe.gates} == {"i", "f", "o"}
    assert not run.probe.missing.keys() & {"lag", "lyapunov"}
    assert "gradient horizon" in repr(run.probe)


def test_findings_are_those_of_the_program(run, tmp_path):
    sick = longspan.train(**TASK, cell="rnn", steps=60, lr=1e9, optimizer="sgd", clip="none", out=tmp_path / "sick")
    assert sick.outcome == "diverged"
    first = sick.findings()[0]
    assert first.severity == "severe"
    assert any("longspan train --config" in fix.code for fix in first.fixes)
    assert first.code in str(sick)
    assert "severe" in sick._repr_html_()


def test_html_is_escaped(tmp_path):
    name = "<b>&'\"x"
    run = longspan.train(**TASK, steps=2, no_probe=True, out=tmp_path / name)
    shown = run._repr_html_()
    assert "<b>&'" not in shown
    assert "&lt;b&gt;&amp;&#x27;&quot;x" in shown


def test_what_is_no_run_is_an_exception_with_a_text(run, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no run in"):
        longspan.Run(tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    with pytest.raises(ValueError, match=r"run\.json is damaged"):
        longspan.Run(broken)


def test_a_damaged_record_is_skipped_and_reported(tmp_path):
    out = tmp_path / "run"
    longspan.train(**TASK, steps=4, no_probe=True, out=out)
    metrics = out / "metrics.jsonl"
    lines = metrics.read_text().splitlines()
    metrics.write_text("\n".join([lines[0], "{}}", *lines[2:]]) + "\n")
    run = longspan.Run(out)
    assert len(run.problems) == 1
    assert list(run.steps.step) == [1, 3, 4]


def test_tables_and_figures_need_their_packages(run, monkeypatch):
    for name in ("pandas", "matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="pip install pandas"):
        run.to_pandas()
    with pytest.raises(ImportError, match="pip install matplotlib"):
        run.plot()


def test_a_table_has_the_steps_and_validations(run):
    pytest.importorskip("pandas")
    table = run.to_pandas()
    assert table.index.name == "step"
    np.testing.assert_array_equal(table["loss"], run.steps.loss)
    assert table["validation_loss"].dropna().to_list() == run.validation.loss.tolist()


def test_a_figure_has_the_losses_and_a_map(run, tmp_path):
    pytest.importorskip("matplotlib")
    figure = run.plot()
    figure.savefig(tmp_path / "run.png")
    titles = [axis.get_title() for axis in figure.axes]
    assert "gradient of layer l0" in titles
