"""What is wrong with a run, as data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longspan import _core

_ORDER = {"severe": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Fix:
    """Something to try."""

    code: str
    """Lines of PyTorch; empty for advice that is not code."""
    why: str
    """Why it helps; for advice, the advice itself."""


@dataclass(frozen=True)
class Finding:
    """What a rule found in a run."""

    code: str
    """The code of the rule, the same in every version: "vanishing-gradient"."""
    severity: str
    """How bad it is: "severe", "warning" or "note"."""
    where: str
    """The observed module in the model: "encoder.lstm"."""
    title: str
    sentence: str
    numbers: dict[str, float]
    """What the finding rests on, by name."""
    confidence: str
    because: str
    """Why the confidence is what it is."""
    fixes: list[Fix]
    """The most promising first."""

    def __str__(self) -> str:
        lines = [f"{self.severity}: {self.title} ({self.code})", f"  {self.sentence}"]
        for fix in self.fixes:
            lines.append(f"  - {fix.why}")
            lines += [f"      {line}" for line in fix.code.splitlines()]
        return "\n".join(lines)


def of_run(run: Path, where: str) -> list[Finding]:
    """Diagnose a run; the most important finding comes first."""
    return of_items(json.loads(_core.findings(run)), where)


def of_items(items: list[dict[str, Any]], where: str) -> list[Finding]:
    """Make findings of what the compiled part returns."""
    return [
        Finding(
            item["code"],
            str(item["severity"]).lower(),
            where,
            item["title"],
            item["sentence"],
            {name: float(value) for name, value in item["numbers"].items() if value is not None},
            str(item["confidence"]).lower(),
            item["because"],
            [Fix(fix["code"], fix["why"]) for fix in item["fixes"]],
        )
        for item in items
    ]


def not_finite(step: int, what: str, sound: list[str]) -> Finding:
    """The finding of a loss or gradient that is not finite, which PyTorch lets pass. Its cause is not known.

    The outputs of the modules in ``sound`` were finite, while the gradient that arrived at them was not.
    """
    sentence = f"In training step {step}, {what} was not finite for the first time."
    if sound:
        sentence += f" The outputs of {', '.join(sound)} were finite, the gradient that arrived at them was not."
    return Finding(
        "non-finite",
        "severe",
        "",
        "A value is not finite",
        sentence,
        {"step": float(step)},
        "high",
        "it was seen; its cause is not known",
        [],
    )


def sorted_findings(findings: list[Finding]) -> list[Finding]:
    """Sort findings of several modules by severity, and keep their order otherwise."""
    return sorted(findings, key=lambda finding: _ORDER.get(finding.severity, 3))
