"""What happens on a ZeroGPU Space, played by a module that sends everything through pickle."""

import pickle
import sys
from types import ModuleType
from typing import Any

import gradio as gr
import pytest

from swapper.ui import gpu
from swapper.ui.gpu import on_gpu


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


def test_endpoints_answer_plainly(lent):
    assert on_gpu(lambda value: {"faces": value})(2) == {"faces": 2}
