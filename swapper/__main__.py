"""Command line: ``python -m swapper COMMAND``."""

import sys

from swapper.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
