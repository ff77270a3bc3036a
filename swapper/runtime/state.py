"""Where the programs remember small things from one run to the next."""

import os
from collections.abc import Mapping
from pathlib import Path


def state_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The project's folder among the user's state; it need not be there yet.

    Args:
        environ: variables; the process's own when None.
    """
    environ = os.environ if environ is None else environ
    return Path(environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()) / "swapper"
