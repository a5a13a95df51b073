#!/usr/bin/env python3
"""Checks the built book: every relative link leads to a file and an anchor that exist, and no page loads anything from the
network.

    mdbook build && tools/check_book.py

Prints one line for each problem, and exits with 1 if there is any.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

BOOK = Path(__file__).resolve().parent.parent / "target" / "book"


class Page(HTMLParser):
    """The anchors of a page, its links, and what it loads."""

    def __init__(self, file: Path):
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag in ("a", "area"):
            self.links += [values["href"]] if "href" in values else []
        else:
            self.loads += [values[name] for name in ("href", "src", "data", "poster") if name in values]


def check(book: Path) -> list[str]:
    pages = {file: Page(file) for file in sorted(book.rglob("*.html"))}
    problems = [] if pages else [f"no pages in {book}: run mdbook build"]
    for file, page in pages.items():
        place = file.relative_to(book)
        for target in page.links + page.loads:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                if target in page.loads and parts.scheme != "data":
                    problems.append(f"{place}: loads {target}")
                continue
            to = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not to.is_file():
                problems.append(f"{place}: no file {target}")
            elif parts.fragment and to in pages and unquote(parts.fragment) not in pages[to].anchors:
                problems.append(f"{place}: no anchor {target}")
    for file in sorted(book.rglob("*.css")):
        for target in re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)", file.read_text()):
            problems.append(f"{file.relative_to(book)}: loads {target}")
    return problems


if __name__ == "__main__":
    found = check(BOOK)
    print("\n".join(found) or "all links of the book lead somewhere, and nothing is loaded from the network")
    sys.exit(bool(found))
