"""The Gradio app: ``python app.py``, then open http://127.0.0.1:7860."""

import os
import sys

from swapper.settings import Settings
from swapper.types import UserError
from swapper.ui.build import build_app, launch_options


def main() -> int:
    """Serve the app until it is stopped; returns the exit code.

    ``SWAPPER_HOST`` and ``SWAPPER_PORT`` say where; without them Gradio's own variables count. It listens on this
    machine only unless told otherwise, except on a Space, which forwards requests to it.
    """
    try:
        settings = Settings.from_environment()
        app = build_app(settings)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    on_space = "0.0.0.0" if os.environ.get("SPACE_ID") else None
    port = os.environ.get("SWAPPER_PORT")
    app.launch(
        server_name=os.environ.get("SWAPPER_HOST") or os.environ.get("GRADIO_SERVER_NAME") or on_space,
        server_port=int(port) if port else None,
        **launch_options(settings),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
