"""Canonical lists of what is in documents, tables and files of tensors."""

import csv
import hashlib
import io
import json

from cases import CODE, NOT_COMPUTED, NOT_COMPUTED_ENDS, NOT_FINITE, SEVERITY


def digest(data):
    return hashlib.sha256(data).hexdigest()


def lines_of(text):
    """JSON documents: a single one, or one per line."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line]


def table(text):
    """The columns of a CSV file by name. Fields that are no numbers stay texts."""
    rows = list(csv.reader(io.StringIO(text)))
    return {name: [number(row[i]) for row in rows[1:]] for i, name in enumerate(rows[0])}


def number(text):
    try:
        return float(text)
    except ValueError:
        return text


def numbers(value, path):
    """Yields each number as text with its path, in the order of the document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in NOT_COMPUTED and not key.endswith(NOT_COMPUTED_ENDS):
                yield from numbers(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from numbers(inner, f"{path}[{i}]")
    elif isinstance(value, bool):
        return
    elif isinstance(value, int | float):
        # 3 and 3.0 are one number, 0.0 and -0.0 are two.
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53 and str(value) != "-0.0"
        yield repr(int(value) if whole else value), path
    elif value in NOT_FINITE:
        yield value, path


def codes(value):
    """Yields the code of each finding with its severity, and of each rule that was not checked."""
    if isinstance(value, dict) and isinstance(value.get(CODE), str):
        yield f"{value[CODE]} {value.get(SEVERITY, 'not checked')}"
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    for each in inner:
        yield from codes(each)


def tensors(file):
    """Yields name, type, shape and hash of each tensor of a safetensors file, sorted by name."""
    data = file.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header.pop("__metadata__", None)
    for name, tensor in sorted(header.items()):
        start, stop = tensor["data_offsets"]
        yield name, tensor["dtype"], repr(tensor["shape"]), digest(data[end + start : end + stop])
