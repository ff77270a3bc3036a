"""What happens on a ZeroGPU Space, played by a module that sends everything through pickle."""

import pickle
import sys
from types import ModuleType
from typing import Any

import gradio as gr
import numpy as np
import pytest

from swapper.ui import gpu
from swapper.ui.gpu import on_gpu
from swapper.ui.video.clip import Clip
from swapper.ui.video.plan import Cast
from swapper.video.people import SeenPerson


@pytest.fixture
def lent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seconds that were asked for."""
    asked: list[int] = []

    def lend(duration: int) -> Any:
        asked.append(duration)

        def wrapped(handler: Any) -> Any:
            def call(*args: Any) -> Any:
                answer = handler(*pickle.loads(pickle.dumps(args)))
                if hasattr(answer, "__next__"):
                    return (pickle.loads(pickle.dumps(part)) for part in answer)
                return pickle.loads(pickle.dumps(answer))

            return call

        return wrapped

    spaces = ModuleType("spaces")
    spaces.GPU = lend  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spaces", spaces)
    monkeypatch.setattr(gpu, "find_spec", lambda name: name == "spaces")
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    return asked


def test_elsewhere_a_handler_stays_what_it_is(monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert on_gpu(print) is print and on_gpu(print, []) is print


def test_answers_by_component_cross_as_a_list(lent):
    with gr.Blocks():
        first, second = gr.HTML(), gr.Slider()

    def handler(value: int) -> dict[Any, Any]:
        return {second: gr.Slider(maximum=value)}

    def stream(value: int) -> Any:
        yield {first: str(value)}
        yield handler(value)

    skipped, update = on_gpu(handler, [first, second])(7)
    assert skipped == gr.skip() and (update["maximum"], update["__type__"]) == (7, "update")
    parts = list(on_gpu(stream, [first, second])(7))
    assert parts == [["7", gr.skip()], [skipped, update]] and set(lent) == {gpu.SECONDS}


def test_a_video_gets_longer_and_is_closed_from_here(lent):
    ended: list[bool] = []
    with gr.Blocks():
        state = gr.State()

    def job() -> Any:
        try:
            while True:
                yield {state: len(ended)}
        finally:
            ended.append(True)

    answers = on_gpu(job, [state], gpu.VIDEO_SECONDS)()
    assert next(answers) == [0] and lent == [gpu.VIDEO_SECONDS]
    answers.close()
    assert ended == [True]


def test_all_that_a_video_tab_remembers_can_cross(lent):
    person = SeenPerson(np.ones(512, np.float32), 3, np.zeros((8, 8, 3), np.uint8))
    cast = Cast(path="a.mp4", seen=[person], thumbnails=["a.jpg"], people=[0])
    clip = Clip("a.mp4", 2.0, 25.0, 64, 48, 2.0)
    back_clip, back_cast = on_gpu(lambda *values: list(values))(clip, cast)
    assert back_clip == clip and back_cast.path == "a.mp4" and back_cast.seen[0].sightings == 3


def test_endpoints_answer_plainly(lent):
    assert on_gpu(lambda value: {"faces": value})(2) == {"faces": 2}
