from dataclasses import asdict
from pathlib import Path

import pytest

from swapper.runtime.limits import Limits
from swapper.types import UserError


def test_defaults_hold_without_environment() -> None:
    assert Limits.from_environment({}) == Limits()
    assert Limits().max_upload_bytes == 64 * 2**20
    assert Limits().max_pixels == 64_000_000


def test_environment_overrides() -> None:
    found = Limits.from_environment({"SWAPPER_MAX_PIXELS": "2_000_000", "SWAPPER_CONCURRENCY": "3", "OTHER": "x"})
    assert found == Limits(max_pixels=2_000_000, concurrency=3)
    assert Limits.from_environment({"SWAPPER_QUEUE_SIZE": ""}) == Limits()


@pytest.mark.parametrize("text", ["many", "-1", "0", "1.5"])
def test_unusable_values_are_named(text: str) -> None:
    with pytest.raises(UserError, match=f"SWAPPER_MAX_VIDEO_FPS: '{text}' must be a positive integer"):
        Limits.from_environment({"SWAPPER_MAX_VIDEO_FPS": text})


def test_every_limit_is_documented_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    limits = asdict(Limits())
    assert len(limits) > 10
    for name, default in limits.items():
        assert f"| `SWAPPER_{name.upper()}` | {default} |" in page, name
