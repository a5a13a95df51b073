#!/usr/bin/env python3
"""Checks the Markdown files of the repository: every relative link leads to a file and heading that exist, every path in
backticks that looks like a source file is the end of the path of one, and every page of docs/ is a chapter of the book.

    tools/check_docs.py

Prints one line for each problem, and exits with 1 if there is any.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SOURCE = re.compile(r"`([\w./-]+/[\w.-]+\.(?:rs|py|sh|js|toml|md|png)|[\w-]+\.rs)`")


def heading_anchors(text: str) -> set[str]:
    """The anchors that a code host makes of headings."""
    headings = re.findall(r"^#+ +(.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()) for heading in headings)
    return {anchor.strip().replace(" ", "-") for anchor in plain}


def main() -> int:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    files = [file for file in files if file and (ROOT / file).exists()]
    problems = []
    for file in (ROOT / name for name in files if name.endswith(".md")):
        text = file.read_text()
        place = file.relative_to(ROOT)
        for number, line in enumerate(text.split("\n"), 1):
            for target in LINK.findall(line):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                to = (file.parent / path).resolve() if path else file
                if not to.exists():
                    problems.append(f"{place}:{number}: no file {target}")
                elif anchor and anchor not in heading_anchors(to.read_text()):
                    problems.append(f"{place}:{number}: no heading {target}")
            for path in SOURCE.findall(line):
                if not any(name == path or name.endswith("/" + path) for name in files):
                    problems.append(f"{place}:{number}: no file `{path}`")
    chapters = set(LINK.findall((ROOT / "docs/SUMMARY.md").read_text())) | {"SUMMARY.md"}
    pages = (file.removeprefix("docs/") for file in files if file.startswith("docs/") and file.endswith(".md"))
    problems += [f"docs/SUMMARY.md: no chapter {page}" for page in pages if page not in chapters]
    print("\n".join(problems) or "all links, paths and chapters exist")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
