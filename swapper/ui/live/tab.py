"""The Live tab: the webcam in, the swapped stream out."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from swapper.methods.base import METHODS
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.callout import callout
from swapper.ui.consent import require_consent
from swapper.ui.files import upload_path
from swapper.ui.languages import said_markup
from swapper.ui.layout import QUICK, build_photo, heading
from swapper.ui.live.export import NO_SOURCE, build_face_export
from swapper.ui.live.settings import build_live_panel, build_two_people, read
from swapper.ui.live.streams import FASTEST, LiveStreams, ShownFrame, end_streams, live_method, live_swapper
from swapper.ui.swappers import SwapperCache
from swapper.ui.visits import Visits

SOURCE = ("Source", "Whose face you want. You can change the photo while you are live.")
CAMERA = ("Webcam", "Allow the camera, then press Record. Stop ends the stream.")
RESULT = ("Live", "You, with the source's face. No frames are stored.")
ON_SERVER = "Or let the machine that runs this app do the work"
SENT = "Slower: every picture of the camera is sent to it and back."
STARTING = "Starting…"
EMPTY = "Your live picture appears here."
USES = "Uses {label}."
WAITING = "The fastest method, MobileFaceSwap, has no weights on this machine yet, so the warp is used instead."
LIMITS = "Frames are reduced to {side} px; a stream ends after {seconds} s of computing time."
NOBODY = "no face found"
ALT = "The webcam's picture with the swapped face"
STREAM_EVERY = 0.06  # seconds; frames that come while one is worked on replace each other
CAMERA_HEIGHT = 280  # px

FACE = (
    '<svg viewBox="0 0 96 72" width="120" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" '
    'aria-hidden="true"><rect x="2" y="2" width="92" height="68" rx="8"/>'
    '<path d="M48 16c8 0 13 5.5 13 13v5c0 8-6 15-13 15s-13-7-13-15v-5c0-7.5 5-13 13-13z"/>'
    '<path d="M22 70c2-11 12-16 26-16s24 5 26 16"/>'
    '<path d="M43 32v2m10-2v2m-9 6c2 2 6 2 8 0"/></svg>'
)

# The browser's clock travels with every frame and comes back with the picture made of it.
CLOCK = "setInterval(() => { props.value = String(Math.round(performance.now())); }, 30);"
STATS = """
watch('value', () => requestAnimationFrame(() => {
  const place = element.querySelector('[data-sent]'), sent = Number(place?.dataset.sent);
  if (sent > 0) place.textContent = Math.max(0, Math.round(performance.now() - sent)) + ' ms';
}));
"""


@dataclass(frozen=True)
class LiveTab:
    """What happens with every frame.

    Attributes:
        streams: of all visitors.
        limits: what is allowed on this machine.
    """

    streams: LiveStreams
    limits: Limits

    def show(
        self, frame: Any, agreed: Any, source: Any, sent: Any, request: gr.Request, *settings: Any
    ) -> tuple[dict[str, Any] | None, str, str]:
        """Swap one frame; picture, stats and problem as the components take them."""
        try:
            require_consent(agreed)
            photo = upload_path(source, NO_SOURCE)
            shown = self.streams.swap(str(request.session_hash), frame, photo, read(settings, self.limits))
        except UserError as error:
            return None, "", callout([error], error=True)
        return {"path": "", "url": shown.url}, stats(shown, sent), ""


def stats(shown: ShownFrame, sent: Any) -> str:
    """HTML that says how fast the stream is.

    Args:
        shown: the finished frame.
        sent: the browser's clock when it sent the frame, milliseconds; the page computes the latency from it.
    """
    clock = sent if isinstance(sent, str) and re.fullmatch(r"[0-9]{1,15}", sent) else ""
    faces = NOBODY if not shown.faces else f"{shown.faces} face{'s' if shown.faces > 1 else ''}"
    speed = (
        f"<b>{shown.rate:.{1 if shown.rate >= 0.1 else 2}f}</b> frames/s · latency "
        f'<b data-sent="{clock}">…</b>, of it {shown.milliseconds:.0f} ms computing ·'
    )
    begun = speed if shown.rate else f"<span>{STARTING}</span>"  # one frame has no rate
    return said_markup(f'<p class="hint" id="live-numbers">{begun} <span>{faces}</span></p>')


def build_live_tab(
    app: gr.Blocks, swappers: SwapperCache, consent: gr.Checkbox, limits: Limits, examples: Path, visits: Visits
) -> None:
    """Lay out the tab and wire it; called inside Blocks.

    Args:
        app: those Blocks.
        swappers: shared by all sessions.
        consent: the page's checkbox.
        limits: what is allowed on this machine.
        examples: folder with ``portraits``; missing files are not shown.
        visits: remembers what is on the page.
    """
    streams = LiveStreams(lambda: live_swapper(swappers), limits)
    with gr.Row(elem_classes="workspace"):
        lead = gr.Column(scale=10, min_width=320, elem_classes="card")
        with gr.Column(scale=11, min_width=320):
            source = build_photo(SOURCE, "live-source", sorted((examples / "portraits").glob("*.jpg")), webcam=False)
        with lead:
            leads = build_face_export(swappers, consent, source, limits, examples, visits)
    with (
        gr.Accordion(ON_SERVER, open=not leads, elem_classes="server", elem_id="live-server"),
        gr.Row(elem_classes="workspace"),
    ):
        with gr.Column(scale=10, min_width=320):
            camera = _camera()
            problem = gr.HTML(elem_id="live-problem")
            second, exchanged = build_two_people(examples)
        with gr.Column(scale=11, min_width=320):
            picture, numbers = _result(limits)
            panel = build_live_panel(limits, second, exchanged)
    kept = [source, *panel.inputs]
    visits.remember("live", kept)
    panel.wire(visits.keeper("live"), kept)
    source.change(visits.keeper("live"), kept, None, preprocess=False, **QUICK)
    source.change(None, None, problem, js="() => ''", **QUICK)
    _wire_camera(LiveTab(streams, limits), camera, [consent, source], panel.inputs, [picture, numbers, problem])

    async def leave(request: gr.Request) -> None:
        await end_streams(app, str(request.session_hash))
        streams.leave(str(request.session_hash))

    app.unload(leave)


def _wire_camera(
    tab: LiveTab, camera: gr.Image, before: list[Component], settings: list[Component], shown: list[Component]
) -> None:
    """Swap every frame of the camera until it is stopped."""
    stopped = gr.Button("", visible="hidden", elem_id="live-stopped")  # pressed by the page when the camera stops
    stopped.click(None, None, shown, js="() => [null, '', '']", **QUICK)
    clock = gr.HTML("0", js_on_load=CLOCK, visible="hidden")
    camera.stream(
        tab.show,
        [camera, *before, clock, *settings],
        shown,
        stream_every=STREAM_EVERY,
        time_limit=tab.limits.live_seconds,
        concurrency_id="live",
        concurrency_limit=tab.limits.live_visitors,
        api_visibility="private",
        preprocess=False,
        postprocess=False,  # pictures go out as links that hold them, so no file is written
        show_progress="hidden",
    )


def _camera() -> gr.Image:
    """Lay out the webcam; its own list offers the cameras there are."""
    size = {"video": {"width": {"ideal": 640}, "height": {"ideal": 480}}}
    with gr.Column(min_width=240, elem_classes="card"):
        heading(CAMERA)
        return gr.Image(
            label="Webcam",
            sources=["webcam"],
            streaming=True,
            height=CAMERA_HEIGHT,
            buttons=[],
            webcam_options=gr.WebcamOptions(mirror=True, constraints=size),
            elem_id="live-camera",
        )


def _result(limits: Limits) -> tuple[gr.Image, gr.HTML]:
    """Lay out the card for the swapped picture; picture and numbers."""
    with gr.Column(elem_classes="card"):
        heading(RESULT)
        gr.HTML(f'<div class="empty" id="live-empty">{FACE}<p>{EMPTY}</p></div>')
        picture = gr.Image(interactive=False, show_label=False, buttons=["fullscreen"], alt_text=ALT, elem_id="live")
        numbers = gr.HTML(js_on_load=STATS, elem_id="live-stats")
        gr.HTML(_about(limits))
    return picture, numbers


def _about(limits: Limits) -> str:
    """HTML that says which method is used, and the limits."""
    name = live_method()
    method = USES.format(label=METHODS[name].label) if name == FASTEST else WAITING
    known = LIMITS.format(side=limits.max_live_side, seconds=limits.live_seconds)
    return f'<p class="hint"><span>{SENT}</span> <span>{method}</span> <span>{known}</span></p>'
