"""What a watch says of a module and of the steps of an optimizer, in sentences."""

from __future__ import annotations

import math

from longspan._module import WatchedModule
from longspan._steps import Steps

# The relative deviation from PyTorch from which on something else than rounding differs.
_DIFFERS = 1e-3


def of_steps(steps: Steps, found: bool) -> list[str]:
    """What is missing in the steps of an optimizer, and what stood for the baseline if nothing was found."""
    lines = []
    if steps.skipped > 0:
        many = "1 step was" if steps.skipped == 1 else f"{steps.skipped} steps were"
        lines.append(f"{many} skipped by the AMP scaler, because the gradient was not finite")
    if steps.taken > 0 and not steps.has_loss:
        lines.append("no loss was given: call w.loss(loss) after each step to have the loss judged")
    if steps.assumed and not found:
        lines.append(
            f"baseline: {steps.baseline:.3g}, the loss of the first step: give baseline= if a constant prediction is better"
        )
    return lines


def of_module(watched: WatchedModule, name: str, stopped: bool) -> list[str]:
    """How exactly a module was observed and when last, or why it was not."""
    lines = []
    if watched.recorder is None:
        # After an error, nothing else is known to be the reason.
        lines.append(f"{name}: not observed" + ("" if stopped else f", because {watched.why_not}"))
    else:
        last = f"last at step {watched.last}"
        if watched.missed > 0 and not stopped:
            last += f" of {watched.steps.taken}: since then, {watched.why_missed}"
        if watched.deviation <= _DIFFERS:
            exact = f"observed your own computation, to {_short(watched.deviation)}"
        else:
            exact = f"differs from your computation {_much(watched.deviation)}: do not trust what was recorded"
        lines.append(f"{name}: {exact}, {last} ({watched.run})")
    if watched.empty > 0:
        calls = "1 call" if watched.empty == 1 else f"{watched.empty} calls"
        lines.append(f"{name}: {calls} with an empty batch could not be observed")
    return lines


def _short(deviation: float) -> str:
    """A deviation with one digit: "5e-7"."""
    mantissa, exponent = f"{deviation:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}" if deviation > 0 else "0"


def _much(deviation: float) -> str:
    """A large deviation: "by 70 %"."""
    percent = 100 * deviation
    if not math.isfinite(percent):
        return "in values that are not finite"
    return f"by {percent:.0f} %" if percent >= 1 else f"by {percent:.1g} %"
