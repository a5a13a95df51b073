"""Compares two outputs and shows the first numbers that differ."""

import collections
import difflib
import sys

# The beginning of the line that both sides must share.
CONDITIONS = "# instructions "


def compare(options):
    """Prints what differs; 1 if a number does."""
    before, after = (read(path) for path in (options.before, options.after))
    if before.pop(CONDITIONS) != after.pop(CONDITIONS):
        sys.exit("error: recorded with different instruction sets, which round differently: set LONGSPAN_ISA for both")
    # With --from nothing is trained.
    if not any(map(is_training, after)):
        before = {name: value for name, value in before.items() if not is_training(name)}
    groups = collections.defaultdict(set)
    for name in before.keys() | after.keys():
        if before.get(name) != after.get(name):
            groups[name.rpartition("/")[0]].add(name.rpartition("/")[2])
    failed = False
    for group, kinds in sorted(groups.items()):
        strict, loose = ("tensors", "data") if "tensors" in kinds or "data" in kinds else ("numbers", "multiset")
        if all(f"{group}/{kind}" not in after for kind in kinds):
            verdict, bad = "missing", True
        elif all(f"{group}/{kind}" not in before for kind in kinds):
            verdict, bad = "new", False
        elif kinds == {"file"}:
            verdict, bad = "same tensors, other metadata", False
        elif loose not in kinds and strict in kinds and not kinds & {"codes", "text"}:
            verdict, bad = "same values, other order or names", False
        elif strict == "numbers" and "codes" not in kinds and (more := added(options, f"{group}/numbers")):
            verdict, bad = f"{more} more numbers; the earlier ones are the same", False
        else:
            verdict, bad = f"different {', '.join(sorted(kinds - {'multiset', 'data', 'file'}))}", True
        print(f"{'ERROR' if bad else 'note '} {group}: {verdict}")
        if bad:
            for kind in sorted(kinds & {strict, "codes"}):
                show(options, f"{group}/{kind}")
        failed |= bad
    print(f"{len(before)} hashes before, {len(after)} after: {'NUMBERS DIFFER' if failed else 'no number differs'}")
    return failed


def is_training(name):
    """Whether this is a result of training, not of a resumed run."""
    return name.split("/")[1:2] == ["train"]


def read(path):
    """Hashes by name, and the conditions."""
    lines = path.read_text(encoding="utf-8").splitlines()
    hashes = dict(line.split("  ") for line in lines if not line.startswith("#"))
    return hashes | {CONDITIONS: [line for line in lines if line.startswith(CONDITIONS)]}


def kept(options, name):
    """The lines of two lists that --keep wrote beside their outputs, as before.txt and before/; None without them."""
    files = [path.with_suffix("") / f"{name}.txt" for path in (options.before, options.after)]
    if not all(file.is_file() for file in files):
        return None
    return [file.read_text(encoding="utf-8").splitlines() for file in files]


def values(lines):
    """Lines without what is said about their value."""
    return [line.split("\t")[0] for line in lines]


def added(options, name):
    """How many numbers are new, if the others are as they were and in their order; else None."""
    if not (found := kept(options, name)):
        return None
    before, after = map(values, found)
    rest = iter(after)
    return len(after) - len(before) if all(value in rest for value in before) else None


def show(options, name):
    """Prints the first differences of two lists."""
    if found := kept(options, name):
        pair = [values(lines) for lines in found]
        short = max(map(len, pair)) < 5000
        edits = difflib.SequenceMatcher(None, *pair, autojunk=False).get_opcodes() if short else first_difference(*pair)
        for _, a, b, c, d in [edit for edit in edits if edit[0] != "equal"][:3]:
            for sign, lines in (("-", found[0][a:b]), ("+", found[1][c:d])):
                print("".join(f"        {sign} {line}\n" for line in lines[:3]), end="")


def first_difference(a, b):
    """The first difference as an edit; for lists that are too long for difflib."""
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return [("replace", at, at + 3, at, at + 3)]
