"""The memory that a process keeps is the program's choice."""

import ctypes
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from two_faces import TwoFaces

from swapper import FaceSwapper
from swapper.cli.main import main
from swapper.runtime.memory import keep_freed_memory


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """What is asked of the C library's allocator."""
    asked: list[tuple[int, int]] = []
    library = SimpleNamespace(mallopt=lambda what, value: asked.append((what, value)))
    load = ctypes.CDLL
    monkeypatch.setattr(
        ctypes, "CDLL", lambda name, *rest, **how: library if name is None else load(name, *rest, **how)
    )
    yield asked


def test_freed_memory_is_kept(calls):
    keep_freed_memory(1 << 20)
    assert dict(calls) == {-3: 1 << 17, -1: 1 << 20, -8: 1}


def test_a_swapper_leaves_the_allocator_alone(calls):
    FaceSwapper("warp", "cpu", detector=TwoFaces(), threads=1)
    assert not calls


def test_the_command_line_asks_for_it(calls, capsys):
    assert main(["weights", "list"]) == 0
    assert calls
