"""The Video tab."""

from pathlib import Path
from typing import Any

import gradio as gr

from swapper.runtime.limits import Limits
from swapper.ui.gpu import VIDEO_SECONDS, on_gpu
from swapper.ui.layout import ENGINE, LENGTHY, QUICK, queued
from swapper.ui.swappers import SwapperCache
from swapper.ui.video.api import add_video_endpoint
from swapper.ui.video.layout import (
    SWAP,
    build_cast,
    build_inputs,
    build_part,
    build_result,
    build_settings,
)
from swapper.ui.video.tab import VideoTab

# On a phone the result lies far below the button.
TO_RESULT = "() => { if (innerWidth < 768) document.getElementById('video-result').scrollIntoView(); }"
LOOKERS = 2  # events that only look at a video, at a time; they do not wait for swaps


def build_video_tab(swappers: SwapperCache, consent: gr.Checkbox, limits: Limits, examples: Path) -> None:
    """Lay out the tab and wire it, and add ``/swap_video``; called inside Blocks.

    Args:
        swappers: shared by all sessions.
        consent: the page's checkbox.
        limits: what is allowed on this machine.
        examples: folder with ``portraits``; missing files are not shown.
    """
    add_video_endpoint(swappers, limits)
    clip, gif = gr.State(None, time_to_live=3600), gr.State(None, time_to_live=3600)
    with gr.Row(elem_classes="workspace"):
        with gr.Column(scale=10, min_width=320):
            sources, target, choose_gif = build_inputs(examples)
            part, cast = build_part(), build_cast(sources)
            start = gr.Button(SWAP, variant="primary", elem_id="video-swap")
            problem = gr.HTML(elem_id="video-problem")
            choices = build_settings()
        with gr.Column(scale=11, min_width=320, elem_classes="card result", elem_id="video-result"):
            result = build_result()
    tab = VideoTab(swappers, limits, part, cast, result, start, problem, clip, target, gif, choices.kind)
    people, trim = cast.people, [part.start, part.end]
    looks, busy = queued("frames", LOOKERS), queued(ENGINE, limits.concurrency)
    people.wire()
    cast.who.input(tab.choose, cast.who, cast.search, **QUICK)
    choose_gif.upload(tab.take_gif, choose_gif, [gif, target, choices.kind, problem], show_progress_on=target, **looks)
    target.change(
        tab.load,
        [target, people.people, gif],
        [clip, *part.outputs, *people.shown, cast.box, cast.who, cast.search, cast.empty, problem],
        show_progress_on=target,
        **looks,
    )
    for slider in (part.time, *trim):
        slider.input(
            tab.show_frame,
            [clip, slider, *trim],
            [part.frame, part.length, problem],
            trigger_mode="always_last",
            show_progress="hidden",
            **looks,
        )
    wish = [*sources.galleries, *choices.inputs]
    preview = [consent, clip, people.found, cast.who, part.time, *wish]
    seen: list[Any] = [part.frame, problem]
    part.preview.click(on_gpu(tab.preview, seen), preview, seen, show_progress_on=part.frame, **busy)
    part.time.release(
        on_gpu(tab.preview_if_possible, seen),
        preview,
        seen,
        trigger_mode="always_last",
        show_progress_on=part.frame,
        **busy,
    )
    found: list[Any] = [*people.shown, cast.empty, problem]
    cast.find.click(
        on_gpu(tab.find, found),
        [clip, *trim, people.people],
        found,
        show_progress_on=[cast.empty, people.gallery],
        **busy,
    )
    shown = [*result.outputs, start, problem]
    begun = start.click(tab.begin, None, shown, **QUICK).then(None, js=TO_RESULT, **QUICK)
    job = begun.then(
        on_gpu(tab.swap, shown, VIDEO_SECONDS),
        [consent, target, clip, people.found, cast.who, *trim, gif, *wish],
        shown,
        show_progress_on=result.running,
        show_progress="minimal",
        **queued(LENGTHY, limits.concurrency),
    )
    result.cancel.click(tab.cancelled, None, shown, cancels=[job], **QUICK)
