"""Training from Python: the bits of the program, arrays, callbacks, interrupts."""

import os
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

import longspan
from longspan import _train

TASK = {"task": "adding", "length": 12, "hidden": 8, "batch": 16, "seed": 1, "no_probe": True}


def weights(run):
    return (run / "checkpoints" / "last.safetensors").read_bytes()


def test_the_weights_are_those_of_the_program(tmp_path):
    run = longspan.train(**TASK, steps=30, out=tmp_path / "a")
    flags = [
        "--task",
        "adding",
        "--length",
        "12",
        "--hidden",
        "8",
        "--batch",
        "16",
        "--seed",
        "1",
        "--no-probe",
        "--steps",
        "30",
    ]
    out = str(tmp_path / "b")
    subprocess.run([sys.executable, "-m", "longspan", "train", *flags, "--out", out], check=True, capture_output=True)
    assert weights(run.path) == weights(tmp_path / "b")


def test_progress_sees_each_step(tmp_path):
    seen = []
    run = longspan.train(**TASK, steps=20, eval_every=10, progress=seen.append, out=tmp_path / "run")
    assert [p.step for p in seen] == list(range(1, 21))
    assert [p.loss for p in seen] == run.steps.loss.tolist()
    assert {p.steps for p in seen} == {20}
    assert seen[5].validation is None
    assert seen[15].validation == run.validation.loss[0]


def test_a_setting_without_effect_is_a_warning_at_the_line_of_the_caller(tmp_path):
    with pytest.warns(UserWarning, match="has no effect") as told:
        longspan.train(**TASK, steps=3, cell="gru", peepholes=True, forget_bias=2, out=tmp_path / "a")
    assert sorted(str(one.message).split()[0] for one in told) == ["--forget-bias", "--peepholes"]
    assert {one.filename for one in told} == {__file__}
    x = np.zeros((40, 5, 1))
    with pytest.warns(UserWarning, match="--peepholes has no effect") as told:
        longspan.fit(x, np.arange(40) % 2, cell="gru", peepholes=True, epochs=1, out=tmp_path / "b")
    assert [one.filename for one in told] == [__file__]
    # Without such a setting, nothing is said.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        longspan.train(**TASK, steps=3, out=tmp_path / "c")


class Stop(Exception):
    pass


def test_an_exception_in_progress_ends_the_run_with_a_checkpoint(tmp_path):
    def stop(progress):
        if progress.step == 5:
            raise Stop

    out = tmp_path / "run"
    with pytest.raises(Stop):
        longspan.train(**TASK, steps=100_000_000, progress=stop, out=out)
    run = longspan.Run(out)
    assert run.outcome == "interrupted"
    total = run.summary["step"] + 3
    assert longspan.train(out=out, resume=True, steps=total).summary["step"] == total


@pytest.fixture
def ctrl_c():
    """The handler of Ctrl-C that Python has, which a job in the background starts without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_run_with_a_checkpoint(tmp_path):
    out = tmp_path / "run"
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        longspan.train(**TASK, steps=100_000_000, out=out)
    run = longspan.Run(out)
    assert run.outcome == "interrupted"
    assert run.summary["step"] > 0


def test_wrong_settings_are_exceptions_with_the_texts_of_the_program(tmp_path):
    with pytest.raises(TypeError, match='there is no setting "hiden": did you mean --hidden'):
        longspan.train(hiden=3)
    with pytest.raises(ValueError, match="--cell lsmt: "):
        longspan.train(cell="lsmt")
    with pytest.raises(ValueError, match="--batch 0: "):
        longspan.train(task="adding", batch=0, out=tmp_path / "a")
    with pytest.raises(TypeError, match="hidden=<object"):
        longspan.train(hidden=object())
    with pytest.raises(ValueError, match="name data with"):
        longspan.train(out=tmp_path / "a")
    with pytest.raises(FileNotFoundError, match="there is no run"):
        longspan.train(out=tmp_path / "a", resume=True)
    with pytest.raises(ValueError, match="out="):
        longspan.train(resume=True)
    assert not (tmp_path / "a").exists()


def test_a_directory_of_a_run_is_not_taken_again(tmp_path):
    longspan.train(**TASK, steps=1, out=tmp_path / "run")
    with pytest.raises(FileExistsError, match="already contains a run"):
        longspan.train(**TASK, steps=1, out=tmp_path / "run")


def sequences(count, rng):
    """Sequences of different lengths, whose first number has the sign of their class."""
    x = [rng.normal(size=(rng.integers(3, 9), 2)) for _ in range(count)]
    return x, ["up" if one[0, 0] > 0 else "down" for one in x]


def test_sequences_of_different_lengths_are_learned_and_can_be_evaluated(tmp_path):
    rng = np.random.default_rng(0)
    x, y = sequences(200, rng)
    options = {"hidden": 8, "lr": 0.02, "no_probe": True, "seed": 1}
    run = longspan.fit(x, y, test=sequences(50, rng), out=tmp_path / "run", epochs=20, **options)
    assert run.summary["test_accuracy"] > 0.8
    shown = subprocess.run(
        [sys.executable, "-m", "longspan", "eval", str(run.path)], check=True, capture_output=True, text=True
    )
    assert "accuracy" in shown.stdout
    assert longspan.train(out=run.path, resume=True, epochs=21).summary["step"] > run.summary["step"]


def test_padding_is_not_read(tmp_path):
    rng = np.random.default_rng(0)
    x, y = sequences(60, rng)
    padded = np.full((60, 9, 2), 1e6)
    for row, one in zip(padded, x, strict=True):
        row[: len(one)] = one
    options = {"hidden": 4, "epochs": 2, "no_probe": True}
    a = longspan.fit(x, y, out=tmp_path / "a", **options)
    b = longspan.fit(padded, y, lengths=[len(one) for one in x], out=tmp_path / "b", **options)
    np.testing.assert_array_equal(a.steps.loss, b.steps.loss)


@pytest.mark.parametrize(
    ("y", "unit"),
    [(np.arange(40) % 3, "nats"), (np.arange(40) % 2 == 0, "nats"), (np.linspace(0.1, 2, 40), "mse")],
)
def test_labels_decide_what_is_learned(tmp_path, y, unit):
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    assert longspan.fit(x, y, out=tmp_path / "run", epochs=1, hidden=4, no_probe=True).unit == unit


def test_whole_floats_are_not_classes_without_a_word(tmp_path):
    x = np.random.default_rng(0).normal(size=(40, 6, 1))
    options = {"epochs": 1, "hidden": 4, "no_probe": True}
    assert longspan.fit(x, x[:, 0, 0] * 1e300, out=tmp_path / "a", **options).unit == "mse"
    with pytest.warns(UserWarning, match="40 different whole floats for 40 sequences"):
        assert longspan.fit(x, np.arange(40.0), out=tmp_path / "b", **options).unit == "nats"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        longspan.fit(x, np.arange(40.0) % 3, out=tmp_path / "c", **options)
        longspan.fit(x, np.arange(40.0), out=tmp_path / "d", label_type="number", **options)


def test_masked_values_are_missing(tmp_path):
    values = np.random.default_rng(0).normal(size=(40, 6, 1))
    y, options = np.arange(40) % 2, {"epochs": 1, "hidden": 4, "no_probe": True, "missing": "interpolate"}
    masked = longspan.fit(np.ma.masked_greater(values, 1), y, out=tmp_path / "a", **options)
    missing = longspan.fit(np.where(values > 1, np.nan, values), y, out=tmp_path / "b", **options)
    np.testing.assert_array_equal(masked.steps.loss, missing.steps.loss)
    counts = np.ma.masked_array(np.arange(6), mask=[0, 0, 1, 0, 0, 0])
    assert np.isnan(_train._numbers(counts, "x")).tolist() == counts.mask.tolist()


def test_missing_labels_and_wrong_arguments_begin_no_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y = np.zeros((4, 5, 2)), [0, 1, 0, 1]
    for labels in (
        ["a", None, "b", "a"],
        np.array(["a", np.nan, "b", "a"], dtype=object),
        [0.5, np.nan, 1, 2],
        np.ma.masked_array(y, mask=[0, 1, 0, 0]),
    ):
        with pytest.raises(ValueError, match="y has 1 missing value, the first at 1"):
            longspan.fit(x, labels)
    with pytest.raises(ValueError, match="y of test= has 2 missing values"):
        longspan.fit(x, y, test=(x, [None, None, 1, 1]))
    with pytest.raises(ValueError, match=r"test= needs a tuple \(x, y\)"):
        longspan.fit(x, y, test=(x,))
    with pytest.raises(TypeError, match="resume=True"):
        longspan.fit(x, y, resume=True)
    for train in (lambda **k: longspan.fit(x, y, **k), longspan.train):
        with pytest.raises(TypeError, match="progress=3: needs a function"):
            train(progress=3)
    assert not list(tmp_path.iterdir())


def test_series_are_forecast(tmp_path):
    time = np.arange(400)
    one = np.stack([np.sin(time / 7), np.cos(time / 7)], axis=1)
    options = {"window": 10, "horizon": 2, "epochs": 1, "hidden": 4, "no_probe": True}
    run = longspan.fit(one[:, 0], out=tmp_path / "a", **options)
    assert run.settings["series"] == str(tmp_path / "a" / "data.npz")
    assert "1 column" in str(run)
    several = longspan.fit([one, one[:200] * 3], target="c0", out=tmp_path / "b", **options)
    assert several.settings["group_column"] == "series"
    assert "2 columns" in str(several)


def test_arrays_that_do_not_fit_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = np.zeros((10, 5, 2))
    for error, arguments in [
        (ValueError, ([np.zeros((3, 2)), np.zeros((3, 1))], [0, 1])),
        (ValueError, ([np.zeros((3, 2)), np.zeros((0, 2))], [0, 1])),
        (ValueError, (x, [0, 1])),
        (ValueError, (x,)),
        (TypeError, (np.array(["a", "b"]), [0, 1])),
        (ValueError, (np.zeros((10, 5, 2, 2)), np.arange(10))),
    ]:
        with pytest.raises(error):
            longspan.fit(*arguments, epochs=1)
    with pytest.raises(TypeError, match="labelled"):
        longspan.fit(x, np.arange(10), labelled="x.npz")
    with pytest.raises(ValueError, match="y"):
        longspan.fit(x, lengths=[5] * 10)
    assert not (tmp_path / "runs").exists() or list((tmp_path / "runs").iterdir()) == []
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "data.npz").write_text("mine")
    with pytest.raises(FileExistsError):
        longspan.fit(x, np.arange(10), out=kept)
    assert (kept / "data.npz").read_text() == "mine"
