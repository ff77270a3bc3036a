"""The Video tab."""

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from swapper.runtime.limits import Limits
from swapper.ui.fingerprint import fingerprint
from swapper.ui.gpu import VIDEO_SECONDS
from swapper.ui.layout import ENGINE, LENGTHY, QUICK, queued
from swapper.ui.presets import Presets
from swapper.ui.swappers import SwapperCache
from swapper.ui.video.api import add_video_endpoint
from swapper.ui.video.further import build_further
from swapper.ui.video.layout import (
    FIND,
    PREVIEW,
    SWAP,
    VideoResultPanel,
    build_cast,
    build_inputs,
    build_part,
    build_result,
    build_settings,
)
from swapper.ui.video.tab import VideoTab
from swapper.ui.visits import Visits
from swapper.ui.work import Work

LOOKERS = 2  # events that only look at a video, at a time; they do not wait for swaps


def build_video_tab(
    swappers: SwapperCache,
    consent: gr.Checkbox,
    limits: Limits,
    examples: Path,
    visits: Visits,
    presets: Presets,
) -> VideoResultPanel:
    """Lay out the tab and wire it, and add ``/swap_video``; called inside Blocks; returns where the result is.

    Args:
        swappers: shared by all sessions.
        consent: the page's checkbox.
        limits: what is allowed on this machine.
        examples: folder with ``portraits``; missing files are not shown.
        visits: remembers what is on the page.
        presets: keeps settings.
    """
    add_video_endpoint(swappers, limits)
    clip, gif = gr.State(None, time_to_live=3600), gr.State(None, time_to_live=3600)
    with gr.Row(elem_classes="workspace"):
        with gr.Column(scale=10, min_width=320):
            sources, target, choose_gif = build_inputs(examples)
            cast, part = build_cast(sources), build_part()
            start = gr.Button(SWAP, variant="primary", elem_id="video-swap")
            problem = gr.HTML(elem_id="video-problem")
            further = build_further(limits)
            choices = build_settings()
        with gr.Column(scale=11, min_width=320, elem_classes="card result", elem_id="video-result"):
            result = build_result()
    previewed, again = gr.State(False), gr.Textbox(visible="hidden", show_label=False, container=False)
    tab = VideoTab(swappers, limits, part, cast, result, problem, clip, target, gif, choices.kind, previewed, further)
    people, trim = cast.people, [part.start, part.end]
    looks, queue = queued("frames", LOOKERS), (ENGINE, limits.concurrency)
    people.wire()
    choices.swap.wire(presets, choices.saved, [choices.kind])
    sources.wire(swappers, limits.concurrency, limits.max_source_photos)
    cast.who.input(tab.choose, cast.who, cast.search, **QUICK)
    choose_gif.upload(tab.take_gif, choose_gif, [gif, target, choices.kind, problem], show_progress_on=target, **looks)
    loaded = [clip, *part.outputs, *people.shown, cast.box, cast.who, cast.search, cast.empty, problem, previewed]
    target.change(tab.load, [target, people.people, gif, clip], loaded, show_progress_on=target, **looks)
    for slider in (part.time, *trim):
        slider.input(
            tab.show_frame,
            [clip, slider, *trim],
            [part.frame, part.length, problem, previewed],
            trigger_mode="always_last",
            show_progress="hidden",
            **looks,
        )
    fit = partial(further.fit, limits)
    # Not when they come back after a reload, as the parts do by themselves.
    taken = [further.files.upload, further.files.delete, further.files.clear]
    gr.on(taken, fit, further.inputs, further.shown, show_progress="hidden", **looks)
    find = Work("video people", FIND, cast.find, problem, cast.place, gr.State(""), visits)
    find.wire(tab.find, consent, [clip, *trim, people.people], [*people.shown, cast.empty], queue)
    wish = [*sources.galleries, *choices.inputs]
    _wire_preview(tab, consent, [clip, people.found, cast.who, part.time, *wish], again, queue, visits)
    work = Work("video", SWAP, start, problem, result.place, gr.State(""), visits, keeps=True)
    inputs = [target, clip, people.found, cast.who, *trim, gif, *further.inputs, *wish]
    work.wire(tab.swap, consent, inputs, result.outputs, (LENGTHY, limits.concurrency), VIDEO_SECONDS)
    also = [sources.people, sources.selected, people.casting]

    def come_back(values: dict[Any, Any]) -> dict[Any, Any]:
        return {**tab.again(values), **choices.again(values)}

    work.watch(inputs, also, come_back, [*loaded, *sources.shown, *further.shown, *result.outputs], [target, *trim])
    return result


def _wire_preview(
    tab: VideoTab,
    consent: gr.Checkbox,
    inputs: list[Any],
    again: gr.Textbox,
    queue: tuple[str, int],
    visits: Visits,
) -> None:
    """A preview is made on demand, and again whenever what it shows has changed; ``again`` counts that."""
    part, seen = tab.part, [tab.part.frame, tab.previewed]
    work = Work("video preview", PREVIEW, part.preview, tab.problem, part.place, gr.State(""), visits)
    work.wire(tab.preview, consent, inputs, seen, queue)
    work.wire(tab.refresh, consent, inputs, seen, queue, starts=[again.change], last_only=True)
    _, found, who, time, *wish = inputs
    touched = [getattr(block, "release", None) or getattr(block, "input", None) or block.change for block in wish]
    counted = {"preprocess": False, "trigger_mode": "always_last", **QUICK}

    def changed(shown: bool, *values: Any) -> Any:
        return fingerprint(values) if shown else gr.skip()

    def possible(agreed: Any, *values: Any) -> Any:
        return fingerprint(values) if agreed is True and values[-len(wish)] else gr.skip()

    shown = [found, who, time, *wish]
    gr.on([tab.cast.people.casting.change, who.input, *touched], changed, [tab.previewed, *shown], again, **counted)
    time.release(possible, [consent, *shown], again, **counted)
