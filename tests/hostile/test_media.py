"""Every hostile file within limits on seconds and memory, measured in a child: refused in words, or read."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hostile import pictures, videos
from hostile.measuring import measure

from swapper.runtime.limits import Limits

pytestmark = pytest.mark.slow

LIMITS = Limits()
SECONDS, MEGABYTES = 3, 150  # for what is refused by its head, and for small files
# The maker, what is said (empty where it is read, ``|`` between alternatives), and other seconds and megabytes.
Case = tuple[Callable[[], bytes], str] | tuple[Callable[[], bytes], str, float, float]

PICTURES: dict[str, Case] = {
    "wide.png": (partial(pictures.thin_png, 64_000_000, 1), "SWAPPER_MAX_SIDE"),
    "high.png": (partial(pictures.thin_png, 1, 64_000_000), "SWAPPER_MAX_SIDE"),
    "thin.png": (partial(pictures.thin_png, 30_000, 200), "SWAPPER_MAX_ASPECT"),
    "bomb.png": (partial(pictures.thin_png, 30_000, 30_000), "SWAPPER_MAX_PIXELS"),
    "head.png": (pictures.huge_head_png, "SWAPPER_MAX_PIXELS"),
    "largest.png": (partial(pictures.thin_png, 8000, 8000), "", 10, 600),
    "deep.png": (partial(pictures.deep_png, 4000), "", 20, 900),
    "rows.png": (partial(pictures.endless_rows_png, 64, 30_000_000), ""),
    "text.png": (partial(pictures.text_png, 40_000_000), "damaged or cut off"),
    "profile.png": (partial(pictures.profile_png, 40_000_000), "damaged or cut off"),
    "texts.png": (partial(pictures.many_chunks_png, 2000), ""),
    "frames.png": (partial(pictures.animated_png, 200, 150), ""),
    "words.png": (partial(pictures.png_of_text, "<img src=x onerror=alert(1)> $(reboot)"), ""),
    "scans.jpg": (partial(pictures.progressive_jpeg, 640, 480, 1500), "made of 1510 scans"),
    "large scans.jpg": (partial(pictures.progressive_jpeg, 6000, 6000, 150), "made of 160 scans", 3, 150),
    "many scans.jpg": (partial(pictures.progressive_jpeg, 1000, 1000, 480), "", 20, 150),
    "promised.jpg": (partial(pictures.jpeg_of_another_size, 65_000, 65_000), "SWAPPER_MAX_PIXELS"),
    "cut.jpg": (partial(pictures.jpeg_of_another_size, 7000, 7000), "", 10, 600),
    "heads.jpg": (partial(pictures.jpeg_of_many_heads, 12_000), ""),
    "notes.jpg": (partial(pictures.exif_of, 60_000), ""),
    "screen.gif": (partial(pictures.gif_of_large_screen, 60_000, 60_000), "SWAPPER_MAX_PIXELS"),
    "frames.gif": (partial(pictures.gif_of_many_frames, 16, 1500), ""),
    "promised.bmp": (partial(pictures.bmp_of, 2**31 - 1, 2**31 - 1), "SWAPPER_MAX_PIXELS"),
    "cut.bmp": (partial(pictures.bmp_of, 7000, 7000), "damaged or cut off", 3, 400),
    "runs.bmp": (partial(pictures.run_length_bmp, 5000), "damaged or cut off", 3, 150),
    "promised.tiff": (partial(pictures.flat_tiff, 2**31, 2**31 - 1), "SWAPPER_MAX_PIXELS"),
    "cut.tiff": (partial(pictures.flat_tiff, 7000, 7000), "damaged or cut off", 3, 400),
    "endless.tiff": (partial(pictures.flat_tiff, 64, 64, True), ""),
    "strips.tiff": (partial(pictures.many_strips_tiff, 64), "damaged or cut off"),
    "packed.tiff": (partial(pictures.deflated_tiff, 3000), "", 5, 300),
    "promised.webp": (partial(pictures.webp_of, 16_384, 16_384), "SWAPPER_MAX_PIXELS"),
    "cut.webp": (partial(pictures.webp_of, 7000, 7000), "damaged or cut off", 3, 700),
    "canvas.webp": (partial(pictures.webp_of_large_canvas, 30_000, 30_000), "damaged or cut off"),
    "promised.avif": (partial(pictures.avif_of, 60_000, 60_000), "SWAPPER_MAX_PIXELS|damaged or cut off"),
    "boxes.heic": (partial(pictures.deep_boxes, 3000), "damaged or cut off|not a readable picture"),
}

FILMS: dict[str, tuple[Callable[[Path], Path], str] | tuple[Callable[[Path], Path], str, float, float]] = {
    "pointing.mp4": (videos.pointing, "are in another file"),
    "growing.mov": (partial(videos.growing, sides=[64, 64, 64, 9000]), "more megapixels than the limit", 3, 150),
    "large.mov": (partial(videos.growing, sides=[9000]), "than the limit|not a readable video", 3, 150),
    "samples.mp4": (videos.many_samples, "."),
    "times.mp4": (videos.many_times, ""),
    "frame.mp4": (videos.large_frame, ""),
    "length.mp4": (videos.endless_length, ""),
    "nested.mp4": (videos.nested, "not a readable video"),
    "tracks.mp4": (videos.many_tracks, "not enough memory", 20, 400),
    "cut.mp4": (videos.cut, "."),
    "zeros.mkv": (videos.zeros, "not a readable video"),
    **{
        f"{name}.mp4": (partial(videos.of_text, text=text), "not a readable video")
        for name, text in videos.TEXTS.items()
    },
}


def check(path: Path, said: str, seconds: float = SECONDS, megabytes: float = MEGABYTES) -> None:
    found = measure(path, LIMITS)
    print(f"{path.name}: {found}")
    assert found.seconds < seconds and found.megabytes < megabytes, found
    assert found.said == "" or said, found.said
    if said:
        assert found.said.startswith(("Picture", "Video")) and found.said.endswith(".")
        assert any(part in found.said for part in said.split("|")), found.said


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(tmp_path, name):
    make, *expected = PICTURES[name]
    path = tmp_path / name
    path.write_bytes(make())
    check(path, *expected)


@pytest.mark.parametrize("name", FILMS)
def test_films(tmp_path, name):
    make, *expected = FILMS[name]
    check(make(tmp_path / name), *expected)
