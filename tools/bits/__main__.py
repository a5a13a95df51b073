"""Shows whether a change of structure changed a number: hashes everything that the program computes in 50 short runs.

python3 tools/bits record target/release/longspan before.txt --keep before --runs before-runs
python3 tools/bits record target/release/longspan after.txt --keep after
python3 tools/bits compare before.txt after.txt
python3 tools/bits record target/release/longspan read.txt --from before-runs    reads and resumes earlier runs

Needs only Python. An output has one line "CASE/OUTPUT/KIND  sha256" per result. The kinds are

    tensors   names, types, shapes and data of a file's tensors, sorted by name
    data      the same without names: tells a new name from a new value
    file      all bytes of the file, with its metadata
    numbers   the numbers of a JSON document or CSV table in its order, without keys, texts and durations
    multiset  the same numbers sorted: tells a moved field from a new value
    codes     codes and severities of findings, and codes of rules that were not checked
    text      all bytes of an output

Instruction sets round differently: use the same machine for both sides, or set LONGSPAN_ISA.
"""

import argparse
import pathlib
import sys

from compare import compare
from record import record


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("record", help="run the program and write the hashes")
    make.add_argument("binary", type=pathlib.Path)
    make.add_argument("output", type=pathlib.Path)
    make.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="write the numbers themselves here")
    make.add_argument("--only", default="", metavar="NAME", help="cases with NAME in their name")
    make.add_argument("--runs", type=pathlib.Path, metavar="DIR", help="copy the trained runs here")
    make.add_argument("--from", dest="earlier", type=pathlib.Path, metavar="DIR", help="runs of --runs, instead of training")
    make.set_defaults(run=record)
    judge = commands.add_parser("compare", help="compare two outputs; exit code 1 if a number differs")
    judge.add_argument("before", type=pathlib.Path)
    judge.add_argument("after", type=pathlib.Path)
    judge.set_defaults(run=compare)
    options = parser.parse_args()
    sys.exit(options.run(options))


if __name__ == "__main__":
    main()
