from dataclasses import asdict
from pathlib import Path

import pytest

from swapper.runtime.limits import Limits, usable_memory
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


@pytest.mark.parametrize(
    ("memory", "most"), [(0, 64), (2**30, 64), (4 * 2**30, 134), (16 * 2**30, 256), (512 * 2**30, 256)]
)
def test_photos_on_a_persons_own_machine(memory: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swapper.runtime.limits.usable_memory", lambda: memory)
    assert Limits.for_photos({}).max_pixels // 1_000_000 == most
    assert Limits.for_photos({"SWAPPER_HOST": "127.0.0.1"}) == Limits.for_photos({})
    assert Limits.for_photos({"SWAPPER_HOST": "localhost"}) == Limits.for_photos({})
    assert Limits.for_photos({"SWAPPER_MAX_PIXELS": "1000"}).max_pixels == 1000


@pytest.mark.parametrize(
    "environ",
    [{"SPACE_ID": "a/b"}, {"SWAPPER_HOST": "0.0.0.0"}, {"GRADIO_SERVER_NAME": "10.0.0.7"}, {"SWAPPER_HOST": "::"}],
)
def test_a_server_keeps_its_limit(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swapper.runtime.limits.usable_memory", lambda: 64 * 2**30)
    assert Limits.for_photos(environ) == Limits.from_environment(environ)
    assert Limits.for_photos(environ).max_pixels == 64_000_000


def test_this_machines_memory_is_known() -> None:
    assert 2**28 < usable_memory() < 2**50
