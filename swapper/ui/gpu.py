"""ZeroGPU Spaces lend a GPU for the length of a call, in another process; everywhere else this does nothing."""

import os
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from inspect import isgeneratorfunction
from typing import Any

import gradio as gr
from gradio.blocks import Block

SECONDS = 120  # longest call
VIDEO_SECONDS = 300  # longest call for a video


def is_lent() -> bool:
    """Whether the GPU is there only inside ``on_gpu``; what runs outside has to choose the CPU."""
    return bool(os.environ.get("SPACES_ZERO_GPU")) and find_spec("spaces") is not None


def on_gpu(
    handler: Callable[..., Any], outputs: Sequence[Block] | None = None, seconds: int = SECONDS
) -> Callable[..., Any]:
    """The handler itself; on a ZeroGPU Space one that runs where the GPU is.

    Arguments and results cross to another process there, and components do not: a handler that answers with a
    dictionary by component is made to answer with a list in the order of ``outputs``. A generator runs there as a
    whole; when it is closed here, it is closed there after its next answer. Live frames are not sent there: asking
    for the GPU takes longer than a frame.

    Args:
        handler: of an event or an endpoint, a function or a generator.
        outputs: of the event; None for an endpoint, whose answers are plain values.
        seconds: after which the GPU is taken away again.
    """
    if not is_lent():
        return handler
    lend = import_module("spaces").GPU(duration=seconds)
    return lend(handler if outputs is None else _plain(handler, outputs))


def _plain(handler: Callable[..., Any], outputs: Sequence[Block]) -> Callable[..., Any]:
    if isgeneratorfunction(handler):

        @wraps(handler)
        def stream(*args: Any, **kwargs: Any) -> Any:
            for answer in handler(*args, **kwargs):
                yield _in_order(answer, outputs)

        return stream

    @wraps(handler)
    def once(*args: Any, **kwargs: Any) -> Any:
        return _in_order(handler(*args, **kwargs), outputs)

    return once


def _in_order(answer: dict[Block, Any], outputs: Sequence[Block]) -> list[Any]:
    return [_value(answer[output]) if output in answer else gr.skip() for output in outputs]


def _value(value: Any) -> Any:
    """An update as plain data."""
    return {**value.constructor_args, "__type__": "update"} if isinstance(value, Block) else value
