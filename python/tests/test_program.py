"""The program in the package: exit codes, Ctrl-C, closed pipes."""

import os
import signal
import subprocess
import sys
import time

import pytest

import longspan

PROGRAM = [sys.executable, "-m", "longspan"]
TASK = ["--task", "adding", "--length", "12", "--hidden", "8", "--no-probe"]


def run(*arguments, **options):
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=120, **options)


def test_version_and_help_are_those_of_the_program():
    assert run("--version").stdout == f"longspan {longspan.__version__}\n"
    shown = run("train", "--help")
    assert shown.returncode == 0
    assert "Usage: longspan train [OPTIONS]" in shown.stdout
    assert shown.stderr == ""


def test_exit_codes_are_those_of_the_program(tmp_path):
    wrong = run("train", "--task", "adding", "--batch", "0")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("error: --batch 0: ")
    assert run("tran").returncode == 2
    sick = run(
        "train", *TASK, "--steps", "40", "--lr", "1e30", "--optimizer", "sgd", "--clip", "none", "--out", str(tmp_path / "s")
    )
    assert sick.returncode == 1, sick.stdout
    assert "diverged" in sick.stdout


def test_a_file_name_need_not_be_text(tmp_path):
    out = tmp_path / os.fsdecode(b"run-\xff")
    assert run("train", *TASK, "--steps", "2", "--out", str(out)).returncode == 0
    assert (out / "run.json").is_file()


@pytest.mark.parametrize("chosen", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_training_with_a_checkpoint(tmp_path, chosen):
    out = tmp_path / "run"
    process = subprocess.Popen([*PROGRAM, "train", *TASK, "--steps", "100000000", "--out", str(out)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (out / "run.json").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(chosen)
    assert process.wait(60) == 128 + chosen
    assert longspan.Run(out).outcome == "interrupted"
    assert (out / "checkpoints" / "last.safetensors").is_file()


def test_a_signal_ends_the_server():
    process = subprocess.Popen([*PROGRAM, "serve", ".", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def test_a_closed_pipe_is_no_error():
    process = subprocess.Popen([*PROGRAM, "explain", "--all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
