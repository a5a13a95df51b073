#!/usr/bin/env python3
"""Judges the diagnosis on real training runs with a known state.

    python3 tools/real_runs.py PROGRAM DATA OUT [--runs FILE] [--only ID …] [--jobs N] [--prescriptions]

PROGRAM is the program `longspan`, DATA the folder with the data sets, OUT a folder for the runs: what is there already
is not trained again. FILE lists the runs. By default it is the development list tools/real_runs.toml, on which thresholds
may be chosen; no threshold may be chosen on tools/real_runs_held_out.toml. The table has, for each run, what was expected
and what `longspan diagnose` says. With `--prescriptions`, the first remedy of each sick run is followed as printed, with
the same number of steps, and its best validation is compared with that of the run.
"""
import argparse
import json
import math
import os
import pathlib
import shlex
import subprocess
import sys
import tomllib
import zlib
from concurrent.futures import ThreadPoolExecutor

from real_runs_data import make

HERE = pathlib.Path(__file__).parent
# A change of the loss by less than this share counts as no change.
CHANGE = 0.02


def train(program, args, out):
    """Trains a run, unless it is there; a run that was interrupted is trained again."""
    if (out / "summary.json").exists():
        return
    if out.exists():
        subprocess.run(["rm", "-r", str(out)], check=True)
    with open(f"{out}.txt", "w") as log:
        subprocess.run([program, "train", *args, "--threads", "1", "--out", str(out)], stdout=log, stderr=log)


def diagnose(program, run):
    """The verdict as JSON."""
    result = subprocess.run([program, "diagnose", str(run), "--json"], capture_output=True, text=True)
    try:
        return json.loads(result.stdout)
    except json.JSONDecodeError:
        sys.exit(f"{run}: {result.stderr.strip() or 'diagnose printed no JSON'}")


def best_loss(run):
    """Loss of the best validation of a run; infinite if it has none."""
    losses = [math.inf]
    for line in open(run / "metrics.jsonl"):
        record = json.loads(line)
        if record["type"] == "valid":
            loss = next(value for key, value in record.items() if key.startswith("loss"))
            losses.append(loss if isinstance(loss, float) else math.inf)
    return min(losses)


def judge(runs, verdicts):
    """Prints what was found in each run, and how often it is right."""
    healthy = [run for run in runs if not run["expect"]]
    sick = [run for run in runs if run["expect"]]
    severe = alarmed = found = top = 0
    for run in healthy + sick:
        findings = verdicts[run["id"]]["findings"]
        loud = [finding for finding in findings if finding["severity"] in ("severe", "warning")]
        named = [finding["code"] for finding in findings]
        if run["expect"]:
            hit = any(code in run["expect"] for code in named)
            first = bool(named) and named[0] in run["expect"]
            found, top = found + hit, top + first
            mark = "top" if first else "found" if hit else "MISSED"
        else:
            severe += any(finding["severity"] == "severe" for finding in loud)
            alarmed += bool(loud)
            mark = "ALARM" if loud else "silent"
        shown = ", ".join(f"{finding['code']} ({finding['severity']})" for finding in findings) or "none"
        expected = " or ".join(run["expect"]) or "healthy"
        print(f"| {run['id']} | {run['what']} | {expected} | {shown} | {mark} |")
    print(f"\nhealthy runs: {len(healthy)}, with a severe finding: {severe}, with any warning: {alarmed}")
    print(f"sick runs: {len(sick)}, cause found: {found}, at the top: {top}")


def follow(program, out, runs, verdicts):
    """Follows the first prescription of each sick run, and prints the losses before and after."""
    helped = harmed = followed = 0
    for run in (run for run in runs if run["expect"]):
        before, command = best_loss(out / run["id"]), verdicts[run["id"]]["command"]
        if not command:
            print(f"| {run['id']} | none | {before:.4g} | | no setting to change |")
            continue
        words = shlex.split(command)
        at = words.index("--out")
        # A run that followed another prescription is another run.
        flags = " ".join(words[2:at])
        target = out / f"{run['id']}-{zlib.crc32(flags.encode()):08x}"
        words[0], words[at + 1] = program, str(target)
        if not (target / "summary.json").exists():
            with open(f"{target}.txt", "w") as log:
                subprocess.run([*words, "--threads", "1"], stdout=log, stderr=log)
        after = best_loss(target) if (target / "metrics.jsonl").exists() else math.inf
        better = after < before * (1 - CHANGE) or math.isfinite(after) and math.isinf(before)
        worse = after > before * (1 + CHANGE)
        followed, helped, harmed = followed + 1, helped + better, harmed + worse
        mark = "helps" if better else "HARMS" if worse else "no difference"
        print(f"| {run['id']} | `{command}` | {before:.4g} | {after:.4g} | {mark} |", flush=True)
    print(f"\nprescriptions followed: {followed}, helped: {helped}, harmed: {harmed}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--runs", type=pathlib.Path, default=HERE / "real_runs.toml")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--prescriptions", action="store_true")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    runs = tomllib.loads(options.runs.read_text())["run"]
    runs = [run for run in runs if not options.only or run["id"] in options.only]
    made = options.out / "made"
    make(options.data, made)

    def one(run):
        args = shlex.split(run["args"].format(data=options.data, made=made))
        train(program, args, options.out / run["id"])
        print(f"trained {run['id']}", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, runs))
    verdicts = {run["id"]: diagnose(program, options.out / run["id"]) for run in runs}
    judge(runs, verdicts)
    if options.prescriptions:
        follow(program, options.out, runs, verdicts)


if __name__ == "__main__":
    main()
