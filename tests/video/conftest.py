"""One engine for all video tests, with the method that needs no weights, and crops no larger than the clips' faces."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from clips import PORTRAITS, small_warp

from swapper.pipeline import FaceSwapper
from swapper.types import Identity
from swapper.video.job import VideoResult


@pytest.fixture(scope="session")
def engine() -> FaceSwapper:
    return small_warp()


@pytest.fixture(scope="session")
def nobody() -> Identity:
    """An identity for clips without faces."""
    return Identity("warp", np.zeros(4, np.float32))


@pytest.fixture
def swap(engine: FaceSwapper, nobody: Identity) -> Callable[..., VideoResult]:
    """Run a clip that shows no face through the whole job."""

    def run(target: Path, output: Path, **options) -> VideoResult:
        return engine.swap_video(nobody, target, output, **options)

    return run


@pytest.fixture(scope="session")
def someone(engine: FaceSwapper) -> Identity:
    if len(list(PORTRAITS.glob("*.jpg"))) < 3:
        pytest.skip("the example portraits are not here")
    return engine.identify(sorted(PORTRAITS.glob("*.jpg"))[1])
