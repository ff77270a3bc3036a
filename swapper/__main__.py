"""Command line: ``python -m swapper COMMAND``, or ``swapper COMMAND`` once it is installed."""

import sys

from swapper.runtime.program import stop_at_once


def main(argv: list[str] | None = None) -> int:
    """Run one command as a program; returns the exit code.

    Args:
        argv: the command and its arguments; the process's own when None.
    """
    stop_at_once()  # before the imports, which take seconds
    from swapper.cli.main import main as run

    return run(argv)


if __name__ == "__main__":
    sys.exit(main())
