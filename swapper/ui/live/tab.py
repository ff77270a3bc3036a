"""The Live tab: the webcam in, the swapped stream out."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from swapper.methods.base import METHODS
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.callout import callout
from swapper.ui.consent import require_consent
from swapper.ui.files import upload_path
from swapper.ui.languages import said_markup
from swapper.ui.layout import QUICK, build_photo, heading
from swapper.ui.live.export import NO_SOURCE, build_face_export
from swapper.ui.live.streams import FASTEST, LiveStreams, ShownFrame, end_streams, live_method, live_swapper
from swapper.ui.swappers import SwapperCache
from swapper.ui.visits import Visits

SOURCE = ("1", "Source", "Whose face you want. You can change the photo while you are live.")
CAMERA = ("2", "Webcam", "Allow the camera, then press Record. Stop ends the stream.")
RESULT = ("3", "Live", "You, with the source's face. No frames are stored.")
USES = "Uses {label}."
WAITING = "The fastest method, MobileFaceSwap, has no weights on this machine yet, so the warp is used instead."
LIMITS = "Frames are reduced to {side} px; a stream ends after {seconds} s of computing time."
NOBODY = "no face found"
ALT = "The webcam's picture with the swapped face"
STREAM_EVERY = 0.06  # seconds; frames that come while one is worked on replace each other
CAMERA_HEIGHT = 280  # px

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
    """

    streams: LiveStreams

    def show(
        self, frame: Any, agreed: Any, source: Any, sent: Any, request: gr.Request
    ) -> tuple[dict[str, Any] | None, str, str]:
        """Swap one frame; picture, stats and problem as the components take them."""
        try:
            require_consent(agreed)
            photo = upload_path(source, NO_SOURCE)
            shown = self.streams.swap(str(request.session_hash), frame, photo)
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
    return said_markup(
        f'<p class="hint" id="live-numbers"><b>{shown.rate:.1f}</b> frames/s · latency '
        f'<b data-sent="{clock}">…</b>, of it {shown.milliseconds:.0f} ms computing · <span>{faces}</span></p>'
    )


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
        with gr.Column(scale=10, min_width=320):
            source, camera = _inputs(examples)
            problem = gr.HTML(elem_id="live-problem")
        with gr.Column(scale=11, min_width=320, elem_classes="card result"):
            heading(RESULT)
            picture = gr.Image(
                interactive=False, show_label=False, buttons=["fullscreen"], alt_text=ALT, elem_id="live"
            )
            numbers = gr.HTML(js_on_load=STATS, elem_id="live-stats")
            gr.HTML(_about(limits))
            build_face_export(swappers, consent, source, problem, limits, examples, visits)
    visits.remember("live", [source])
    source.change(visits.keeper("live"), source, None, preprocess=False, **QUICK)
    source.change(None, None, problem, js="() => ''", **QUICK)
    stopped = gr.Button("", visible="hidden", elem_id="live-stopped")  # pressed by the page when the camera stops
    stopped.click(None, None, [picture, numbers, problem], js="() => [null, '', '']", **QUICK)
    clock = gr.HTML("0", js_on_load=CLOCK, visible="hidden")
    camera.stream(
        LiveTab(streams).show,
        [camera, consent, source, clock],
        [picture, numbers, problem],
        stream_every=STREAM_EVERY,
        time_limit=limits.live_seconds,
        concurrency_id="live",
        concurrency_limit=limits.live_visitors,
        api_visibility="private",
        preprocess=False,
        postprocess=False,  # pictures go out as links that hold them, so no file is written
        show_progress="hidden",
    )

    async def leave(request: gr.Request) -> None:
        await end_streams(app, str(request.session_hash))
        streams.leave(str(request.session_hash))

    app.unload(leave)


def _inputs(examples: Path) -> tuple[gr.Image, gr.Image]:
    """Lay out source and webcam."""
    size = {"video": {"width": {"ideal": 640}, "height": {"ideal": 480}}}
    with gr.Row(equal_height=True, elem_classes="inputs"):
        source = build_photo(SOURCE, "live-source", sorted((examples / "portraits").glob("*.jpg")), webcam=False)
        with gr.Column(min_width=240, elem_classes="card"):
            heading(CAMERA)
            camera = gr.Image(
                label="Webcam",
                sources=["webcam"],
                streaming=True,
                height=CAMERA_HEIGHT,
                buttons=[],
                webcam_options=gr.WebcamOptions(mirror=True, constraints=size),
                elem_id="live-camera",
            )
    return source, camera


def _about(limits: Limits) -> str:
    """HTML that says which method is used, and the limits."""
    name = live_method()
    method = USES.format(label=METHODS[name].label) if name == FASTEST else WAITING
    known = LIMITS.format(side=limits.max_live_side, seconds=limits.live_seconds)
    return f'<p class="hint"><span>{method}</span> <span>{known}</span></p>'
