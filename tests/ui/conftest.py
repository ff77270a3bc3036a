"""The engine and the folder of uploads that the tests of the app share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_calls import Caller
from recorders import behind, kept_in, recording_proxy
from served_app import serve
from two_faces import NothingInFront, TwoFaces, draw

from swapper.pipeline import FaceSwapper
from swapper.ui.swappers import SwapperCache


@pytest.fixture(scope="session")
def engine() -> FaceSwapper:
    """The warp method on whatever ``TwoFaces`` finds; nothing is in front of it."""
    engine = FaceSwapper("warp", "cpu", restore="none", detector=TwoFaces(), threads=1)
    engine.occlusion = NothingInFront()
    return engine


@pytest.fixture(scope="session")
def swappers(engine: FaceSwapper) -> SwapperCache:
    """Gives out that engine, whatever is asked for."""
    return SwapperCache(lambda _method, _restore: engine)


@pytest.fixture
def loading() -> SwapperCache:
    """Loads whatever is asked for."""
    return SwapperCache(lambda method, _restore: FaceSwapper(method, "cpu", restore="none", threads=1))


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app's folder for uploads and results."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def photo(uploads: Path) -> str:
    """An uploaded picture with two faces."""
    return draw(uploads / "my photo.png")


@pytest.fixture(scope="session")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """Somebody who calls by hand the app as users start it; it must ask no other machine, and keep nothing."""
    folder = tmp_path_factory.mktemp("app")
    with recording_proxy() as (proxy, asked):
        with serve(folder, **behind(proxy, folder / "home")) as address:
            yield Caller(address)
        assert asked == [] and kept_in(folder / "home") == []
