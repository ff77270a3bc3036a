"""Animated pictures keep their delays and how often they are played, whichever of the formats they come from."""

from pathlib import Path

import av
import numpy as np
import pytest
from clips import background, clicks, write_clip
from PIL import Image, ImageSequence

from swapper.types import UserError
from swapper.video import encode
from swapper.video.io import VideoReader

pytestmark = pytest.mark.slow

DELAYS = [100, 200, 50, 900]  # milliseconds
KINDS = [".gif", ".webp", ".apng", ".avif"]


def frames(height: int = 48, width: int = 80) -> list[Image.Image]:
    return [Image.fromarray(background(height, width, seed=i)) for i in range(len(DELAYS))]


def animation(path: Path, plays: int = 0, times: int = 1, **size: int) -> Path:
    """``plays`` of 0 is for ever; ``times`` the same pictures."""
    kind = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG", ".avif": "AVIF"}[path.suffix]
    first, *others = frames(**size) * times
    said = {"loop": plays} if kind in ("WEBP", "PNG") else {}
    if kind == "GIF" and plays != 1:
        said = {"loop": max(plays - 1, 0)}
    first.save(path, kind, save_all=True, append_images=others, duration=DELAYS * times, **said)
    return path


def shown(path: Path) -> tuple[list[int], list[np.ndarray]]:
    """Delays in milliseconds, and pictures, as Pillow sees them."""
    delays, images = [], []
    with Image.open(path) as image:
        for frame in ImageSequence.Iterator(image):
            frame.load()
            delays.append(round(frame.info["duration"]))
            images.append(np.asarray(frame.convert("RGB")).copy())
    return delays, images


def said_plays(path: Path) -> int:
    with Image.open(path) as image:
        said = image.info.get("loop")
        return said if image.format != "GIF" else 1 if said is None else said + 1 if said else 0


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_delays_and_pictures_survive(tmp_path, swap, kind, to):
    source = animation(tmp_path / f"in{kind}")
    result = swap(source, tmp_path / f"out{to}")
    assert result.frames == 4
    delays, images = shown(tmp_path / f"out{to}")
    assert delays == DELAYS
    for before, after in zip(frames(), images, strict=True):
        apart = np.abs(np.asarray(before).astype(int) - after)
        assert apart.mean() < 6 and after.shape == (48, 80, 3)
    assert {path.name for path in tmp_path.iterdir()} == {source.name, f"out{to}"}


@pytest.mark.parametrize("plays", [0, 1, 3])
@pytest.mark.parametrize(("kind", "to"), [(".gif", ".gif"), (".webp", ".gif"), (".apng", ".webp"), (".gif", ".apng")])
def test_how_often_it_is_played_survives(tmp_path, swap, kind, to, plays):
    source = animation(tmp_path / f"in{kind}", plays)
    assert VideoReader(source).info.plays == plays
    swap(source, tmp_path / f"out{to}")
    assert said_plays(tmp_path / f"out{to}") == plays


@pytest.mark.parametrize("to", KINDS)
def test_a_video_becomes_an_animation_that_is_played_for_ever(tmp_path, swap, to):
    source = write_clip(tmp_path / "in.mp4", [background(64, 96, seed=i) for i in range(5)], sound=clicks([0.1], 0.2))
    swap(source, tmp_path / f"out{to}")
    assert shown(tmp_path / f"out{to}")[0] == [40] * 5
    assert to == ".avif" or said_plays(tmp_path / f"out{to}") == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_animation_becomes_a_video(tmp_path, swap, kind):
    result = swap(animation(tmp_path / f"in{kind}"), tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as file:
        stays = [round(float(frame.duration * frame.time_base) * 1000) for frame in file.decode(video=0)]
    assert stays == DELAYS and result.frames == 4


@pytest.mark.parametrize("to", KINDS)
def test_odd_sizes_are_kept(tmp_path, swap, to):
    swap(animation(tmp_path / "in.webp", height=49, width=81), tmp_path / f"out{to}")
    assert all(image.shape == (49, 81, 3) for image in shown(tmp_path / f"out{to}")[1])


def test_what_is_transparent_lies_over_white(tmp_path, swap):
    clear = [Image.fromarray(np.full((48, 80, 4), (10 * i, 0, 0, 0), np.uint8)) for i in range(3)]
    clear[0].save(tmp_path / "in.webp", save_all=True, append_images=clear[1:], duration=50, lossless=True, exact=True)
    swap(tmp_path / "in.webp", tmp_path / "out.webp")
    assert min(image.min() for image in shown(tmp_path / "out.webp")[1]) > 250


def test_a_stopped_animation_goes_on(tmp_path, swap, monkeypatch):
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", 2)
    source = animation(tmp_path / "in.webp", times=4)

    def stop(now):
        if now.frames == 5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        swap(source, tmp_path / "out.webp", progress=stop)
    counted = []
    swap(source, tmp_path / "out.webp", progress=lambda now: counted.append(now.frames))
    assert counted[0] in (5, 7, 9) and shown(tmp_path / "out.webp")[0] == DELAYS * 4


@pytest.mark.parametrize("name", ["in.webp", "in.png", "in.avif"])
def test_still_pictures_are_no_videos(tmp_path, swap, name):
    frames()[0].save(tmp_path / name)
    with pytest.raises(UserError, match=r"this is a still picture\. Swap it as an image"):
        swap(tmp_path / name, tmp_path / "out.mp4")


def test_a_webp_that_is_too_large_is_refused_before_it_is_read(tmp_path, swap, monkeypatch):
    source = animation(tmp_path / "in.webp")
    monkeypatch.setattr("swapper.video.animation_reading._MOST_PIXELS", 4 * 48 * 80 - 1)
    with pytest.raises(UserError, match="4 frames of 80 x 48 pixels"):
        swap(source, tmp_path / "out.webp")
    monkeypatch.setenv("SWAPPER_MAX_PIXELS", "3000")
    with pytest.raises(UserError, match="megapixels, more than the limit"):
        swap(source, tmp_path / "out.webp")


def test_a_webp_that_is_cut_off_is_refused(tmp_path, swap):
    source = animation(tmp_path / "in.webp")
    source.write_bytes(source.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"in\.webp"):
        swap(source, tmp_path / "out.webp")
    assert {path.name for path in tmp_path.iterdir()} == {"in.webp"}
