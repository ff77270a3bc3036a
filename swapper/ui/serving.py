"""Serving the app."""

from threading import Event
from typing import Any

from swapper.runtime.limits import Limits
from swapper.ui.build import build_app, launch_options
from swapper.ui.content_check import load_check
from swapper.ui.files import keep_deleting
from swapper.ui.guard import guard
from swapper.ui.languages import offer_korean
from swapper.ui.swappers import SharedDetector, SwapperCache
from swapper.ui.tools import hand_over_pictures
from swapper.ui.trial import get_ready


def serve(limits: Limits, where: dict[str, Any]) -> None:
    """Serve the app until it is stopped.

    Args:
        limits: what is allowed.
        where: arguments of ``Blocks.launch`` that say where it listens.

    Raises:
        UserError: the content check that the environment names cannot be used, or Gradio works in another way.
    """
    load_check()
    get_ready()
    swappers = SwapperCache(SharedDetector())
    app = build_app(limits, swappers)
    guard(app)
    hand_over_pictures()
    keep_deleting(app, limits.sweep_seconds, Event(), limits.keep_seconds)
    app.launch(**where, i18n=offer_korean(app), prevent_thread_lock=True, **launch_options(limits, swappers))
    swappers.load_ahead()  # after the page can be seen: nobody waits for it there
    app.block_thread()
