"""The Gradio app: ``python app.py``, then open http://127.0.0.1:7860."""

import os
import sys
from collections.abc import Mapping
from threading import Event
from typing import Any

from swapper.provenance import MarkSettings
from swapper.runtime.limits import Limits
from swapper.runtime.memory import keep_freed_memory
from swapper.types import UserError
from swapper.ui.build import SWEEP_SECONDS, build_app, launch_options
from swapper.ui.content_check import load_check
from swapper.ui.files import keep_deleting
from swapper.ui.guard import refuse_addresses
from swapper.ui.languages import offer_korean


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
    try:
        limits, where = Limits.from_environment(), address(os.environ)
        MarkSettings.from_environment()  # wrong ones are refused before anybody waits for a picture
        load_check()
        keep_freed_memory()
        app = build_app(limits)
        refuse_addresses(app)
        keep_deleting(app, SWEEP_SECONDS, Event())
        app.launch(**where, i18n=offer_korean(app), **launch_options(limits))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
