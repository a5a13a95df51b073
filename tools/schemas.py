#!/usr/bin/env python3
"""Makes the schemas of docs/schemas from documents that the program has printed, and from the comments of the fields.

    mkdir samples
    LONGSPAN_SCHEMA_SAMPLES=$PWD/samples cargo test --release -p longspan-cli --test it schemas::every
    python3 tools/schemas.py samples

A field is required if every sample has it. A number that is not whole may be null. Read the difference before you commit it: a
sample that lacks a case makes a schema that is too narrow. The test `schemas` compares the documents of the program with them.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TITLES = {
    "train": "The summary of a run: `longspan train --json`, `longspan resume --json`",
    "eval": "The score of a run's weights: `longspan eval --json`",
    "probe": "What was measured of weights: `longspan probe --json`",
    "diagnose": "The findings of a run: `longspan diagnose --json`",
    "report": "Everything that is known of runs: `longspan report --format json`",
    "run": "Everything that is known of a run: `/api/run?name=NAME` of `longspan serve`",
    "runs": "A list of runs: `/api/runs` of `longspan serve`",
    "ls": "A list of runs: `longspan ls --json`",
    "inspect": "What a file or folder is: `longspan inspect --json`",
    "sample": "What a language model writes: `longspan sample --json`",
    "replay": "A step that was repeated: `longspan replay --fault --json`",
    "predict": "A line of `longspan predict --json`",
    "demo": "The measurements of the tour: `longspan demo --json`",
}
# Objects whose keys are names from the data or of settings.
MAPS = {
    "predict": ["", "probabilities"],
    "eval": ["groups", "model", "baselines", "groups/*/model", "groups/*/baselines", "*/targets"],
    "inspect": ["tensors", "settings"],
}
WORD = {"enum": ["NaN", "Infinity", "-Infinity"]}
NOT_FINITE = {
    "description": "The numbers beside it that are not finite, which are null: of a list, by their position.",
    "type": "object",
    "additionalProperties": {"anyOf": [WORD, {"type": "object", "additionalProperties": WORD}]},
}


def comments():
    """The fields of each structure of the sources, with their comments."""
    structures = []
    for path in sorted((ROOT / "crates").glob("*/src/**/*.rs")):
        text = path.read_text()
        for body in re.findall(r"pub(?:\(\w+\))? struct \w+ \{\n(.*?)\n\}", text, re.S):
            fields, lines = {}, []
            for line in body.split("\n"):
                line = line.strip()
                if line.startswith("///"):
                    lines.append(line[3:].strip())
                elif match := re.match(r"pub(?:\(\w+\))? (\w+):", line):
                    fields[match[1]] = re.sub(r"\[`?([^`\]]*)`?\](\([^)]*\))?", r"`\1`", " ".join(lines))
                    lines = []
            structures.append(fields)
    return structures


def explain(fields, structures):
    """The comments of the structure that has most of these fields."""
    best = max(structures, key=lambda s: len(s.keys() & fields) - 0.1 * len(s.keys() - fields), default={})
    return best if len(best.keys() & fields) * 2 > len(fields) else {}


def infer(values, name, path, structures):
    """The schema of these values, which are those of one place in all documents."""
    kinds = sorted({kind(value) for value in values})
    schemas = []
    if objects := [value for value in values if isinstance(value, dict)]:
        schemas.append(infer_object(objects, name, path, structures))
    if lists := [value for value in values if isinstance(value, list)]:
        items = [item for value in lists for item in value]
        schema = {"type": "array"}
        if items:
            schema["items"] = infer(items, name, f"{path}/*" if path else "*", structures)
        schemas.append(schema)
    plain = [kind for kind in kinds if kind not in ("object", "array")]
    if "number" in plain:
        plain = sorted({*plain, "null"} - {"integer"})
    if plain:
        schemas.append({"type": plain[0] if len(plain) == 1 else plain})
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def kind(value):
    """The name of the type of a value."""
    names = [(bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object")]
    return next((name for of, name in names if isinstance(value, of)), "null")


def is_map(name, path):
    return any(re.fullmatch(pattern.replace("*", "[^/]+"), path) for pattern in MAPS.get(name, []))


def infer_object(objects, name, path, structures):
    if is_map(name, path):
        values = [value for one in objects for value in one.values()]
        return {"type": "object", "additionalProperties": infer(values, name, f"{path}/*" if path else "*", structures)}
    keys = list(dict.fromkeys(key for one in objects for key in one))
    told = explain(set(keys), structures)
    properties, numbers = {}, False
    for key in keys:
        if key == "not_finite":
            numbers = True
            continue
        values = [one[key] for one in objects if key in one]
        schema = infer(values, name, f"{path}/{key}" if path else key, structures)
        numbers = numbers or "number" in json.dumps(schema.get("type", schema.get("items", {}).get("type", "")))
        properties[key] = {"description": told[key], **schema} if told.get(key) else schema
    required = [key for key in properties if all(key in one for one in objects)]
    if numbers:
        properties["not_finite"] = {"$ref": "#/$defs/not_finite"}
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def main():
    structures, folder = comments(), ROOT / "docs" / "schemas"
    folder.mkdir(exist_ok=True)
    samples = Path(sys.argv[1])
    for name, title in TITLES.items():
        values = [json.loads(path.read_text()) for path in sorted(samples.glob(f"{name}-*.json"))]
        if not values:
            sys.exit(f"error: {samples} has no document of {name}: run the test with LONGSPAN_SCHEMA_SAMPLES={samples}")
        schema = infer(values, name, "", structures)
        document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}
        if "not_finite" in json.dumps(schema):
            document["$defs"] = {"not_finite": NOT_FINITE}
        (folder / f"{name}.schema.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
