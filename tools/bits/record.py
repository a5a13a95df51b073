"""Runs the program and hashes what it computes."""

import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

import cases
import data
from values import codes, digest, lines_of, numbers, table, tensors


def record(options):
    """Runs all cases; 1 if two that must be equal are not."""
    began, binary = time.monotonic(), options.binary.resolve()
    names = [name for name in cases.CASES if options.only in name]
    for directory in filter(None, (options.keep, options.runs)):
        if directory.exists() and any(directory.iterdir()):
            sys.exit(f"{directory} is not empty: choose another directory")
        directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="longspan-bits-") as directory:
        recorder = Recorder(binary, pathlib.Path(directory), options)
        data.write(recorder.work / "data")
        (recorder.work / "runs").mkdir()
        for name in names:
            recorder.case(name)
        for name, command in cases.ALONE.items():
            if options.only in name:
                recorder.numbers(name, recorder.documents(command, {0}))
    unequal = [f"{a} and {b}" for a, b in cases.EQUAL if {a, b} <= set(names) and recorder.of(a) != recorder.of(b)]
    isa = ", ".join(sorted(recorder.isa))
    header = [f"instructions {platform.machine()} {isa}", f"LONGSPAN_ISA {os.environ.get('LONGSPAN_ISA', 'is not set')}"]
    lines = [f"# {line}" for line in header] + [f"{name}  {value}" for name, value in recorder.hashes.items()]
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(names)} runs, {len(recorder.hashes)} hashes in {time.monotonic() - began:.0f} s: {options.output}; {header[0]}")
    for pair in unequal:
        print(f"error: {pair} must give the same numbers but do not", file=sys.stderr)
    return bool(unequal)


class Recorder:
    """Runs the program in a directory and collects hashes."""

    def __init__(self, binary, work, options):
        self.binary, self.work, self.options = binary, work, options
        self.hashes, self.isa = {}, set()
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("LONGSPAN_")}
        self.environment |= {key: os.environ[key] for key in ["LONGSPAN_ISA"] if key in os.environ}

    def of(self, case):
        """The hashes of a case, without those of whole files."""
        start = f"{case}/"
        found = {name.removeprefix(start): value for name, value in self.hashes.items() if name.startswith(start)}
        return {name: value for name, value in found.items() if not name.endswith("/file")}

    def case(self, name):
        """Trains a run or copies an earlier one, runs every command on it, and resumes it."""
        threads, steps = cases.THREADS.get(name, 1), cases.STEPS.get(name, cases.USUAL_STEPS)
        place = {"run": f"runs/{name}", "threads": threads, "steps": steps}
        path = self.work / place["run"]
        if self.options.earlier:
            self.restore(name, path)
        else:
            command = f"{cases.TRAIN.format(**place)} {cases.COMMON} {cases.CASES[name]}"
            self.numbers(f"{name}/train", self.documents(command, {1} if name in cases.FAULTY else {0, 1}))
            if self.options.runs:
                shutil.copytree(path, self.options.runs / name)
                (self.options.runs / "where").write_text(str(self.work), encoding="utf-8")
        run_record = json.loads((path / cases.RUN_RECORD).read_text(encoding="utf-8"))
        self.isa.add(run_record.get(cases.INSTRUCTIONS, "unknown"))
        self.numbers(f"{name}/run", [run_record])
        self.files(name, path)
        self.numbers(f"{name}/metrics", lines_of((path / cases.METRICS).read_text(encoding="utf-8")))
        for output, command in (cases.OUTPUTS | cases.MORE.get(name, {})).items():
            command = command.format(**place)
            if output in cases.TEXTS:
                self.hashes[f"{name}/{output}/text"] = digest(self.program(command, {0}))
            else:
                documents = self.documents(command, {0, 1})
                self.numbers(f"{name}/{output}", documents)
                if output == "diagnose":
                    self.keep(f"{name}/{output}/codes", list(codes(documents)))
        if name not in cases.FAULTY:
            place["steps"] += cases.MORE_STEPS
            self.numbers(f"{name}/resumed/train", self.documents(cases.RESUME.format(**place), {0, 1}))
            self.files(f"{name}/resumed", path)
            self.numbers(f"{name}/resumed/metrics", lines_of((path / cases.METRICS).read_text(encoding="utf-8")))

    def restore(self, name, path):
        """Copies an earlier run. Its settings hold absolute paths of the data, which are in another directory now."""
        shutil.copytree(self.options.earlier / name, path)
        before = (self.options.earlier / "where").read_text(encoding="utf-8")
        for file in [path / cases.SETTINGS, path / cases.RUN_RECORD]:
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace(before, str(self.work)), encoding="utf-8")

    def program(self, command, codes):
        """Runs a command that must end with one of these exit codes, and returns its standard output."""
        command, _, file = command.partition(" < ")
        given = (self.work / file).read_bytes() if file else b""
        done = subprocess.run(
            [self.binary, *command.split()], cwd=self.work, env=self.environment, input=given, capture_output=True
        )
        if done.returncode not in codes:
            message = done.stderr.decode(errors="replace").strip()
            sys.exit(f"longspan {command}: exit code {done.returncode}\n{message}")
        return done.stdout

    def documents(self, command, codes):
        text = self.program(command, codes).decode()
        return [table(text)] if "--format csv" in command else lines_of(text)

    def numbers(self, name, documents):
        """The numbers of JSON documents."""
        found = [pair for i, document in enumerate(documents) for pair in numbers(document, f"[{i}]")]
        values = [value for value, _ in found]
        self.keep(f"{name}/numbers", values, [f"{value}\t{path}" for value, path in found])
        self.hashes[f"{name}/multiset"] = digest("\n".join(sorted(values)).encode())

    def keep(self, name, values, lines=None):
        """Hashes a list. The lines that are kept may say more than the values."""
        self.hashes[name] = digest("\n".join(values).encode())
        if self.options.keep:
            file = self.options.keep / f"{name}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(f"{line}\n" for line in lines or values), encoding="utf-8")

    def files(self, name, path):
        """Checkpoints and profiles of a run."""
        for key, file in cases.TENSORS.items():
            if (path / file).is_file():
                self.tensors(f"{name}/{key}", [path / file])
                self.hashes[f"{name}/{key}/file"] = digest((path / file).read_bytes())
        for key, pattern in cases.SEVERAL.items():
            if found := sorted(path.glob(pattern)):
                self.tensors(f"{name}/{key}", found)

    def tensors(self, name, files):
        found = [tensor for file in files for tensor in tensors(file)]
        self.keep(f"{name}/tensors", [" ".join(tensor) for tensor in found])
        self.hashes[f"{name}/data"] = digest("\n".join(sorted(" ".join(tensor[1:]) for tensor in found)).encode())
