"""The Gradio app: ``python app.py``, then open http://127.0.0.1:7860."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from swapper.runtime.program import speak_plainly, stop_at_once

if __name__ == "__main__":
    stop_at_once()  # before the imports below, which take seconds

from swapper.provenance import MarkSettings
from swapper.runtime.limits import Limits
from swapper.runtime.memory import keep_freed_memory
from swapper.runtime.proxies import settle_proxies
from swapper.runtime.threads import settle_threads
from swapper.types import UserError


def address(environ: Mapping[str, str]) -> dict[str, Any]:
    """Where the app listens, as arguments of ``Blocks.launch``.

    On this machine only, unless ``SWAPPER_HOST`` or ``GRADIO_SERVER_NAME`` says otherwise; a Space forwards requests
    to it from outside. ``SWAPPER_PORT`` is the port; Gradio's own choice without it.

    Args:
        environ: the process's variables.

    Raises:
        UserError: the port is no number.
    """
    host = environ.get("SWAPPER_HOST") or environ.get("GRADIO_SERVER_NAME")
    port = environ.get("SWAPPER_PORT", "")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise UserError(
            f"Environment variable SWAPPER_PORT: '{port}' is not a valid port. Set a number up to 65535 or unset it."
        )
    return {
        "server_name": host or ("0.0.0.0" if environ.get("SPACE_ID") else "127.0.0.1"),
        "server_port": int(port) if port else None,
    }


def main() -> int:
    """Serve the app until it is stopped; returns the exit code."""
    speak_plainly()
    try:
        limits, where = Limits.from_environment(), address(os.environ)
        MarkSettings.from_environment()  # wrong ones are refused before anybody waits for a picture
        settle_proxies(own=[where["server_name"]])
        keep_freed_memory()
        settle_threads()
        from swapper.ui.serving import serve  # Gradio looks at the proxies when it is imported

        serve(limits, where)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
