#!/usr/bin/env python3
"""Makes the schemas of docs/schemas from documents that the program has printed, and from the comments of the fields.

    mkdir samples
    LONGSPAN_SCHEMA_SAMPLES=$PWD/samples cargo test --release -p longspan-cli --test it schemas::every
    python3 tools/schemas.py samples

A field is required if every sample has it and the sources do not leave it out without a value. It may be null if a sample or the
sources say so, or if it is a number that is not whole. A field that the sources may leave out, and every sample does, may have
any value. Read the difference before you commit it: a
sample that lacks a case makes a schema that is too narrow. The test `schemas` compares the documents of the program with them.
"""

import json
import re
import sys
from dataclasses import dataclass
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
    "run.json": "What a run is: the file `run.json` of its directory",
    "metrics.jsonl": "A line of the file `metrics.jsonl` of a run directory: a record of one of these types",
    "summary.json": "How a run ended: the file `summary.json` of its directory",
    "frequencies.json": "How often tokens, classes or keys occur in training: the file `frequencies.json` of a run directory",
    "probe.json": "What was measured of the weights after STEP steps: a file `probe/STEP.json` of a run directory",
    "fault.json": "A step that failed: the file `fault/fault.json` of a run directory",
}
# Documents of several kinds, with the field that names the kind.
KINDS = {"metrics.jsonl": "type"}
# Objects whose keys are names from the data or of settings.
MAPS = {
    "predict": ["", "probabilities"],
    "eval": ["groups", "model", "baselines", "groups/*/model", "groups/*/baselines", "*/targets"],
    "inspect": ["tensors", "settings"],
    "run.json": ["settings"],
}
# A measurement, or the reason why there is none.
MEASURED = {"known": {"description": "The measurement."}, "unknown": {"description": "Why there is none."}}
# Documents that are lists of other documents.
LISTS = {"report": "run"}
WORD = {"enum": ["NaN", "Infinity", "-Infinity"]}
NOT_FINITE = {
    "description": "The numbers beside it that are not finite, which are null: of a list, by their position.",
    "type": "object",
    "additionalProperties": {"anyOf": [WORD, {"type": "object", "additionalProperties": WORD}]},
}


@dataclass
class Field:
    """What a structure of the sources says of a field."""

    comment: str
    # Whether the key is left out without a value.
    left_out: bool
    # What the value is if it is not null, as a type of Rust; empty if it is never null.
    optional: str


def structures_of_sources():
    """The fields of each structure of the sources, by name."""
    structures = []
    for path in sorted((ROOT / "crates").glob("*/src/**/*.rs")):
        for body in re.findall(r"pub(?:\(\w+\))? struct \w+ \{\n(.*?)\n\}", path.read_text(), re.S):
            fields, comment, left_out = {}, [], False
            for line in body.split("\n"):
                line = line.strip()
                if line.startswith("///"):
                    comment.append(line[3:].strip())
                elif "skip_serializing_if" in line:
                    left_out = True
                elif match := re.match(r"pub(?:\(\w+\))? (\w+): (?:Option<(.*)>)?", line):
                    text = re.sub(r"\[`?([^`\]]*)`?\](\([^)]*\))?", r"`\1`", " ".join(comment))
                    fields[match[1]] = Field(text, left_out, match[2] or "")
                    comment, left_out = [], False
            structures.append(fields)
    return structures


def explain(keys, structures):
    """The structure that has most of these keys."""
    best = max(structures, key=lambda s: len(s.keys() & keys) - 0.1 * len(s.keys() - keys), default={})
    return best if len(best.keys() & keys) * 2 > len(keys) else {}


def or_null(schema, field):
    """The schema of an optional field. If every sample is null, its type says what else it may be."""
    if schema == {"type": "null"}:
        kinds = {"f32": "number", "f64": "number", "String": "string", "bool": "boolean"}
        kind = kinds.get(field.optional, "integer" if re.fullmatch(r"[ui](\d+|size)", field.optional) else None)
        return {"type": sorted([kind, "null"])} if kind else {}
    if field.left_out:
        return schema
    if "anyOf" in schema:
        return schema if {"type": "null"} in schema["anyOf"] else {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "null" in kinds:
        return schema
    return {"anyOf": [schema, {"type": "null"}]} if kinds[0] in ("object", "array") else {"type": sorted([*kinds, "null"])}


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


def has_numbers(schema):
    """Whether a value, or the lists in it, may be a number that is not whole."""
    of_list = has_numbers(schema["items"]) if "items" in schema else False
    return of_list or "number" in json.dumps(schema.get("type", "")) or any(map(has_numbers, schema.get("anyOf", [])))


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
        numbers = numbers or has_numbers(schema)
        field = told.get(key, Field("", False, ""))
        schema = or_null(schema, field) if field.optional else schema
        properties[key] = {"description": field.comment, **schema} if field.comment else schema
    # The structure of these objects may have fields that no sample has.
    if keys and set(keys) - {"type", "attempt", "not_finite"} <= told.keys():
        rest = [(key, field) for key, field in told.items() if field.left_out and key not in properties]
        properties.update({key: {"description": field.comment} for key, field in rest})
    left_out = {key for key, field in told.items() if field.left_out}
    required = [key for key in properties if key not in left_out and all(key in one for one in objects)]
    if set(keys) <= MEASURED.keys():
        properties, required = {**MEASURED, **properties}, []
    if numbers:
        properties["not_finite"] = {"$ref": "#/$defs/not_finite"}
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def infer_kinds(values, name, structures):
    """The schema of all documents of a name: one for each kind, if they have several."""
    if name not in KINDS:
        return infer(values, name, "", structures)
    field, schemas = KINDS[name], []
    for kind in dict.fromkeys(value[field] for value in values):
        schema = infer([value for value in values if value[field] == kind], name, "", structures)
        schema["properties"][field] = {"const": kind}
        schemas.append(schema)
    return {"anyOf": schemas}


def main():
    structures, folder = structures_of_sources(), ROOT / "docs" / "schemas"
    folder.mkdir(exist_ok=True)
    folder_of_samples = Path(sys.argv[1])
    samples = {name: [json.loads(path.read_text()) for path in sorted(folder_of_samples.glob(f"{name}-*.json"))] for name in TITLES}
    for name, of in LISTS.items():
        samples[of] += [one for values in samples[name] for one in values]
        samples[name].append(samples[of])
    for name, title in TITLES.items():
        values = samples[name]
        if not values:
            sys.exit(f"error: {folder_of_samples} has no document of {name}: run the test with LONGSPAN_SCHEMA_SAMPLES={folder_of_samples}")
        schema = infer_kinds(values, name, structures)
        document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}
        if "not_finite" in json.dumps(schema):
            document["$defs"] = {"not_finite": NOT_FINITE}
        (folder / f"{name}.schema.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
