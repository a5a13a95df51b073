#!/usr/bin/env python3
"""Makes the lines of crates/diagnose/tests/it/runs.jsonl: the numbers of real runs that rules about losses, steps and data read.

usage: tools/evidence.py ID EXPECTED ABOUT RUN      one line on standard output
       EXPECTED: codes of which one must be found, separated by spaces; empty for a healthy run

At most 128 training steps and 40 validations are kept, evenly spread, with four digits. The names of directories are left out."""
import json
import os
import sys
import tomllib

STEPS, VALIDATIONS = 128, 40
KEEP = ("optimizer lr dropout weight_decay momentum schedule init series labelled text task class_weights steps epochs cell hidden layers "
        "early_stop layer_norm valid_fraction loss clip").split()


def number(x):
    """A number with four digits; names of infinities stay."""
    return float(f"{x:.4g}") if isinstance(x, float) else x


def restored(record):
    """A record with the names of the numbers that are not finite in their place."""
    for name, word in record.pop("not_finite", {}).items():
        if isinstance(word, str):
            record[name] = word
    return record


def loss(record):
    return next(number(value) for key, value in record.items() if key.startswith("loss"))


def spread(records, most, needed):
    """At most so many of the records, evenly, with the last one and those that are needed."""
    every = -(-len(records) // most)
    return [r for i, r in enumerate(records) if (len(records) - 1 - i) % every == 0 or needed(r)]


def text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return os.path.basename(value) if isinstance(value, str) and "/" in value else str(value)


def layers(run):
    """Gates and activations of the last probe: of each layer its gates with the shares of closed and open values, and its
    activations with the share and the number of saturated units."""
    folder = os.path.join(run, "probe")
    if not os.path.isdir(folder):
        return []
    with open(os.path.join(folder, max(os.listdir(folder), key=lambda name: int(name.split(".")[0])))) as file:
        reach = json.load(file).get("reach") or {}
    known = lambda value: value.get("known") or [] if isinstance(value, dict) and ("known" in value or "unknown" in value) else value or []
    return [
        [
            of["layer"],
            [[gate["gate"], number(gate["closed_share"]), number(gate["open_share"])] for gate in known(of["gates"])],
            [[one["activation"], number(one["saturated_share"]), one["saturated_units"]] for one in known(of["activations"])],
        ]
        for of in (reach.get("known", reach) or {}).get("gates", [])
    ]


def line(identifier, expected, about, run):
    with open(os.path.join(run, "config.toml"), "rb") as file:
        config = {key: value for table in tomllib.load(file).values() if isinstance(table, dict) for key, value in table.items()}
    with open(os.path.join(run, "run.json")) as file:
        record = json.load(file)
    data = record["data"]
    with open(os.path.join(run, "metrics.jsonl")) as file:
        records = [json.loads(line, object_hook=restored) for line in file]
    steps = [r for r in records if r["type"] == "step"]
    valid = [r for r in records if r["type"] == "valid"]
    limit = config["clip"].removeprefix("norm:") if config["clip"].startswith("norm:") else None
    update = {r["step"]: number(r["snapshot"]["log10_update_ratio"]) for r in steps if r.get("snapshot")}
    kept = spread(steps, STEPS, lambda r: r["step"] == 1)
    # The update of a snapshot stands at the next step that is kept, and the largest one at the first.
    rows, pending = [], None
    for r in steps:
        pending = update.get(r["step"], pending)
        if any(r is one for one in kept):
            rows.append([r["step"], loss(r), number(r["lr"]), number(r["log10_global_norm"]), int(r["clipped"]), pending])
            pending = None
    best = min((r["step"] for r in valid if r["best"]), key=lambda step: -step, default=0)
    facts = {
        "run": identifier, "cell": config["cell"], "layers": config["layers"], "hidden": config["hidden"], "window_steps": record["window_steps"],
        "carried": "text" in config, "needed_lag_steps": None, "baseline_loss": number(data["baseline_loss"] if "baseline_loss" in data else data["chance_loss"]),
        "baseline": data["baseline"] if "baseline" in data else data["chance"], "clip_limit": float(limit) if limit else None, "clips": config["clip"] != "none",
        "channels": data.get("channels", []), "lr": config["lr"], "planned_steps": steps[-1]["step"], "finished": not os.path.exists(os.path.join(run, "fault")),
        "settings": {key: text(config[key]) for key in KEEP if key in config},
    }
    scores = [[r["step"], loss(r), number(r.get("accuracy")), r["scored"]] for r in spread(valid, VALIDATIONS, lambda r: r["step"] == best)]
    return json.dumps({"id": identifier, "expected": expected, "about": about, "facts": facts, "valid": scores, "steps": rows,
                       "layers": layers(run)}, separators=(",", ":"))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    print(line(*sys.argv[1:]))
