"""HTML of the Video tab: frames, where a job is, and what came of it."""

import html
from urllib.parse import quote

import numpy as np
from jaxtyping import UInt8

from swapper.studies.previews import data_uri, shrink
from swapper.ui.image.result import step_bars
from swapper.ui.languages import said, said_markup
from swapper.ui.video.clip import SHOWN_SIDE, Clip
from swapper.video.job import VideoProgress, VideoResult

BEFORE, AFTER = "Before", "After"
FRAME_AT = "Frame at {time}"
PART = "{length} selected, about {frames} frames."
TOO_LONG = "{length} selected; at most {longest} can be swapped at once. Move the start or the end."
CUT = "The video is longer, and at most {longest} can be swapped at once here: the end was set for that."
SIDE_BY_SIDE = "Both play together; the sound is the new video's."
FACTS = "{width} × {height} pixels, {rate} frames a second, {length}"
NOW = "{frames} of {total} frames · {fps} frames/s · {left} left"
TOGETHER = "The steps ran side by side: {work} of work in {time}."
REST = "rest"
DONE = "{time} in total · {swapped} of {frames} frames swapped with {method} · {fps} frames/s"


def clock(seconds: float) -> str:
    """Minutes, seconds and tenths, such as ``1:02.5``.

    Args:
        seconds: 0 or more.
    """
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"


def duration(seconds: float) -> str:
    """A length of time in words as short as they are exact enough.

    Args:
        seconds: 0 or more.
    """
    whole = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def frames(before: UInt8[np.ndarray, "h w 3"], time: str, after: UInt8[np.ndarray, "a b 3"] | None = None) -> str:
    """HTML of a frame, beside its swap where there is one.

    Args:
        before: RGB.
        time: of the frame.
        after: the swapped frame, RGB.
    """
    caption = FRAME_AT.format(time=time)
    if after is None:
        return said_markup(f'<div class="frames">{_figure(before, caption)}</div>')
    pictures = _figure(before, BEFORE) + _figure(after, AFTER)
    return said_markup(f'<div class="frames pair">{pictures}<p class="hint">{caption}</p></div>')


def _figure(image: UInt8[np.ndarray, "h w 3"], caption: str) -> str:
    uri = data_uri(shrink(image, SHOWN_SIDE))
    return f'<figure><img src="{uri}" alt="{caption}" decoding="sync"><figcaption>{caption}</figcaption></figure>'


def facts(clip: Clip) -> str:
    """HTML that says what a video is."""
    rate, length = f"{clip.rate:.3g}", duration(clip.seconds)
    words = FACTS.format(width=clip.width, height=clip.height, rate=rate, length=length)
    return f'<p class="hint">{said(words)}</p>'


def part(clip: Clip, start: float, end: float) -> str:
    """HTML that says how long the chosen part is.

    Args:
        clip: the video.
        start: seconds.
        end: seconds.
    """
    length = max(min(end, clip.seconds) - start, 0)
    words = TOO_LONG if length > clip.longest + 0.5 else PART
    frames = max(round(length * clip.rate), 1)
    text = words.format(length=duration(length), frames=frames, longest=duration(clip.longest))
    told = f'<p class="hint{" warn" if words is TOO_LONG else ""}">{said(text)}</p>'
    if words is PART and length > clip.longest - 0.5 and clip.seconds > clip.longest + 0.5:
        told += f'<p class="hint">{said(CUT.format(longest=duration(clip.longest)))}</p>'
    return told


def where(now: VideoProgress) -> str:
    """One line that says where a job is.

    Args:
        now: where it is.
    """
    words = NOW.format(frames=now.frames, total=now.total, fps=f"{now.fps:.1f}", left=duration(now.seconds_left))
    return said(words)


def summary(result: VideoResult, method: str) -> str:
    """HTML with what was swapped, how fast, and where the time went.

    Args:
        result: the finished video.
        method: label of the method.
    """
    told = DONE.format(
        time=duration(result.seconds),
        swapped=result.swapped,
        frames=result.frames,
        method=html.escape(method),
        fps=f"{result.fps:.1f}",
    )
    timings, work = dict(result.timings), sum(result.timings.values()) / 1000
    if work < result.seconds:  # what no step took: starting, waiting
        timings[REST] = (result.seconds - work) * 1000
    side = TOGETHER.format(work=duration(work), time=duration(result.seconds)) if work > 1.02 * result.seconds else ""
    more = f'<p class="hint">{side}</p>' if side else ""
    return said_markup(f'<div class="summary"><p>{told}</p>{step_bars(timings)}{more}</div>')


def side_by_side(before: str, after: str, start: float) -> str:
    """HTML of two videos that play together; the page's script keeps them so.

    Args:
        before: path of the target; files of the app's own, both of them.
        after: path of the result.
        start: second of the target at which the result begins.
    """
    shown = "".join(
        f'<figure><video src="{html.escape(f"gradio_api/file={quote(path)}")}" preload="metadata" playsinline '
        f'aria-label="{caption}"{options}></video><figcaption>{caption}</figcaption></figure>'
        for path, caption, options in ((before, BEFORE, " muted"), (after, AFTER, " controls"))
    )
    return said_markup(
        f'<div class="side-by-side" data-start="{start:.3f}">{shown}</div><p class="hint">{SIDE_BY_SIDE}</p>'
    )
