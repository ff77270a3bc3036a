"""Putting the app together: page head, consent, tabs, endpoints."""

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from swapper.runtime.limits import Limits
from swapper.ui.api import add_endpoints
from swapper.ui.check.tab import build_check_tab
from swapper.ui.compare.tab import build_compare_tab
from swapper.ui.gate import Gate
from swapper.ui.image.image import build_image_tab
from swapper.ui.interpolation.tab import build_interpolation_tab
from swapper.ui.languages import korean
from swapper.ui.layout import QUICK, example_name, say_filled
from swapper.ui.live.export import export_face
from swapper.ui.live.page import page_routes
from swapper.ui.live.streams import FASTEST, live_method
from swapper.ui.live.tab import build_live_tab
from swapper.ui.presets import Presets
from swapper.ui.shared_evaluators import SharedEvaluators
from swapper.ui.swappers import SharedDetector, SwapperCache
from swapper.ui.theme import LOGO, theme
from swapper.ui.video.video import build_video_tab
from swapper.ui.viewable import Viewable
from swapper.ui.visits import VISIT_SECONDS, Visits

TITLE = "Swapper"
VIDEO_TAB, LIVE_TAB = "Video swap", "Live"
INTRO = "Swap faces in photos, in videos and live from your webcam."
IMAGE_TAB, INTERPOLATION_TAB, COMPARE_TAB = "Image swap", "Interpolation", "Compare"
CHECK_TAB = "Check a file"
CONSENT = "Everyone whose face I use has agreed to it, and I will not deceive anybody with the results."
CONSENT_INFO = (
    "Asked once per visit. Photos and videos stay on the machine that runs this app and are deleted within {time}."
)
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def _kept(limits: Limits) -> str:
    """In words, how long after its writing a file is gone for certain."""
    minutes = math.ceil((limits.keep_seconds + limits.sweep_seconds) / 60)
    return f"{math.ceil(minutes / 60)} hours" if minutes > 60 else f"{minutes} minutes"


def build_app(limits: Limits | None = None, swappers: SwapperCache | None = None) -> gr.Blocks:
    """The whole app, queued and ready to launch with ``launch_options``.

    Args:
        limits: what is allowed on this machine; those of the environment when None.
        swappers: what does the work; made here when None.
    """
    limits = limits or Limits.from_environment()
    swappers = swappers or SwapperCache(SharedDetector())
    evaluators = SharedEvaluators()
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, delete_cache=(limits.sweep_seconds, limits.keep_seconds), fill_width=True
    ) as app:
        gr.HTML(f'<header class="masthead">{LOGO}<div><h1>{TITLE}</h1><p>{INTRO}</p></div></header>')
        consent = gr.Checkbox(
            label=CONSENT, info=CONSENT_INFO.format(time=_kept(limits)), elem_id="consent", container=True
        )
        visits, presets = Visits(min(VISIT_SECONDS, limits.keep_seconds)), Presets()
        visits.remember("page", [consent])
        consent.change(visits.keeper("page"), consent, None, **QUICK)
        with gr.Tabs() as tabs:
            with gr.Tab(IMAGE_TAB):
                result = build_image_tab(swappers, consent, limits, EXAMPLES, visits, presets)
            with gr.Tab(VIDEO_TAB):
                video = build_video_tab(swappers, consent, limits, EXAMPLES, visits, presets)
            with gr.Tab(LIVE_TAB):
                build_live_tab(app, swappers, consent, limits, EXAMPLES, visits)
            with gr.Tab(INTERPOLATION_TAB):
                build_interpolation_tab(swappers, evaluators, consent, limits, EXAMPLES, visits)
            with gr.Tab(COMPARE_TAB, id="compare"):
                compared = build_compare_tab(swappers, evaluators, consent, limits, EXAMPLES, visits)
            with gr.Tab(CHECK_TAB, id="check"):
                checked = build_check_tab(limits, visits)
        taken = result.measure.click(
            lambda carried: {tabs: gr.Tabs(selected="compare"), **compared.fill(carried)},
            result.carried,
            [tabs, *compared.filled],
            **QUICK,
        )
        say_filled(taken, [compared.sources, compared.targets])
        for marks in (result.marks, video.marks):
            marks.wire(lambda path: {tabs: gr.Tabs(selected="check"), **checked.fill(path)}, [tabs, *checked.filled])
        add_endpoints(swappers, limits)
        visits.wire(app)
        presets.load(app)
    app.queue(max_size=limits.queue_size)
    return app


def launch_options(limits: Limits, swappers: SwapperCache | None = None) -> dict[str, Any]:
    """Arguments for ``Blocks.launch`` that belong to the app, wherever it is served.

    Args:
        limits: what is allowed on this machine.
        swappers: make virtual people for the page that swaps in the browser; there are none without.
    """
    write = partial(export_face, swappers) if swappers and live_method() == FASTEST else None
    return {
        "theme": theme(),
        "js": _script(),
        "css_paths": Path(__file__).with_name("style.css"),
        "max_file_size": max(limits.max_upload_bytes, limits.max_video_bytes),  # pictures are looked at again
        "allowed_paths": [str(EXAMPLES)],
        "app_kwargs": {
            "routes": page_routes(EXAMPLES, write),
            "middleware": [Middleware(Gate), Middleware(Viewable)],
        },
        "enable_monitoring": False,
        "run_history": False,  # would keep people's photos in the browser
        "footer_links": ["api", "settings"],
        "show_error": False,
    }


def _script() -> str:
    """What the page does by itself, with names in Korean that Gradio does not translate."""
    names = [example_name(path) for path in sorted((EXAMPLES / "portraits").glob("*.jpg"))]
    names += ["Show the new face", "Keep the target"]
    script = Path(__file__).with_name("page.js").read_text(encoding="utf-8")
    words = json.dumps({name: korean(name) for name in names}, ensure_ascii=False)
    return script.replace("const inKorean = {};", f"const inKorean = {words};")
