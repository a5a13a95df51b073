"""The examples run, and show what they say."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"


def printed(name):
    done = subprocess.run([sys.executable, str(EXAMPLES / name)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_watch_text_names_the_cause_and_the_fix_helps():
    shown = printed("watch_text.py")
    assert "(vanishing-gradient)" in shown or "(horizon-below-need)" in shown
    before, after = map(float, re.search(r"([\d.]+) before, ([\d.]+) after", shown).groups())
    assert after < 0.5 * before


def test_packed_classifier_is_observed():
    shown = printed("packed_classifier.py")
    assert "observed your own computation" in shown
    assert "l0_reverse: log10" in shown
    assert int(re.search(r"correct: (\d+)%", shown).group(1)) > 90


def test_replaced_layers_have_equal_outputs_and_gradients():
    found = re.findall(r"(\w+) +outputs differ by (\S+), gradients by (\S+)", printed("replace_layers.py"))
    assert [name for name, _, _ in found] == ["RNN", "GRU", "LSTM"]
    for _, outputs, gradients in found:
        assert float(outputs) < 1e-4
        assert float(gradients) < 1e-4
