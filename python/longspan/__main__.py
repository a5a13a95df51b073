"""The program ``longspan``: ``python -m longspan`` and the command that the package installs."""

from __future__ import annotations

import signal
import sys

from longspan import _core


def main() -> int:
    """Run the program with the arguments of this process, and return its exit code."""
    # Ctrl-C ends the program or is handled by it. The handler of Python would only run after the program has returned. A signal
    # that the shell told this process to ignore stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _core.main(["longspan", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
