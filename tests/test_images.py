"""Pictures of every format read as the same pixels, and written whole or not at all."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from sample_pictures import encoded, picture

from swapper.images import check_output, read_image, read_still, write_image
from swapper.runtime.limits import Limits
from swapper.types import UserError


@pytest.mark.parametrize(
    ("kind", "tolerance"), [("PNG", 0), ("BMP", 0), ("TIFF", 0), ("JPEG", 12), ("WEBP", 25), ("AVIF", 12), ("GIF", 40)]
)
def test_reads_every_format_from_path_bytes_and_pil(kind: str, tolerance: int, tmp_path: Path) -> None:
    data = encoded(Image.fromarray(picture()), kind)
    path = tmp_path / "photo.dat"  # the content decides, not the suffix
    path.write_bytes(data)
    for source in (path, str(path), data, Image.open(path)):
        found = read_image(source)
        assert found.shape == (30, 40, 3) and found.dtype == np.uint8 and found.flags.writeable
        assert np.abs(found.astype(int) - picture()).max() <= tolerance


def test_arrays() -> None:
    rgb = picture()
    assert read_image(rgb) is rgb
    assert (read_image(rgb[..., 0]) == rgb[..., :1]).all()
    assert (read_image(rgb[..., :1]) == rgb[..., :1]).all()
    assert (read_image(rgb.astype(np.uint16) * 257) == rgb).all()
    clear = np.dstack([rgb, np.zeros((30, 40), np.uint8)])
    assert (read_image(clear) == 255).all()


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((3, 4, 2), np.uint8), "is not a picture"),
        (np.zeros((0, 4, 3), np.uint8), "is not a picture"),
        (np.zeros(5, np.uint8), "is not a picture"),
        (np.zeros((3, 4, 3), np.float32), "Convert it to uint8"),
    ],
)
def test_arrays_that_are_no_pictures(array: np.ndarray, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_image(array)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_camera_orientation_is_undone(orientation: int) -> None:
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]  # Transpose members that turn it back
    stored = Image.fromarray(picture())
    if undo is not None:
        stored = stored.transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert (read_image(encoded(stored, "PNG", exif=exif)) == picture()).all()


def test_damaged_exif_is_ignored() -> None:
    data = encoded(Image.fromarray(picture()), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert read_image(data).shape == (30, 40, 3)


def test_transparency_is_laid_over_white() -> None:
    rgba = Image.fromarray(picture()).convert("RGBA")
    rgba.putalpha(Image.fromarray(np.repeat([[0, 255]], 30, 0).repeat(20, 1).astype(np.uint8)))
    palette = rgba.quantize(64)
    grey = rgba.convert("LA")
    for image in (rgba, palette, grey):
        found = read_image(encoded(image, "PNG"))
        assert (found[:, :20] == 255).all()
        assert (found[:, 20:] < 255).any(axis=2).all()


def test_grey_palette_bilevel_and_cmyk() -> None:
    image = Image.fromarray(picture())
    assert (read_image(encoded(image.convert("L"), "PNG")) == np.asarray(image.convert("L"))[..., None]).all()
    assert set(np.unique(read_image(encoded(image.convert("1"), "PNG")))) == {0, 255}
    assert np.abs(read_image(encoded(image.quantize(256), "PNG")).astype(int) - picture()).mean() < 6
    assert np.abs(read_image(encoded(image.convert("CMYK"), "JPEG")).astype(int) - picture()).mean() < 6
    assert np.abs(read_image(encoded(image.convert("CMYK"), "TIFF")).astype(int) - picture()).mean() < 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_grey(kind: str) -> None:
    deep = picture()[..., 0].astype(np.uint16) * 257
    assert (read_image(encoded(Image.fromarray(deep), kind)) == picture()[..., :1]).all()


def test_float_and_integer_grey() -> None:
    grey = picture()[..., 0]
    assert np.abs(read_image(Image.fromarray(grey.astype(np.float32) / 255)) - grey[..., None].astype(int)).max() <= 1
    assert (read_image(Image.fromarray(grey.astype(np.int32))) == grey[..., None]).all()
    stretched = read_image(Image.fromarray(grey.astype(np.int32) * 100_000))
    assert stretched.min() == 0 and stretched.max() == 255


def test_sixteen_bits_colour_png() -> None:
    cv2 = pytest.importorskip("cv2")
    deep = picture()[..., ::-1].astype(np.uint16) * 257
    data = cv2.imencode(".png", deep)[1].tobytes()
    assert (read_image(data) == picture()).all()


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        first = read_image(data)[5, 10]
        assert first[0] > 200 and first[1] < 60 and first[2] < 60, kind


def test_colour_profile_is_converted() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    image = Image.new("RGB", (8, 8), (200, 100, 50))
    in_lab = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    assert in_lab is not None
    assert np.abs(read_image(encoded(in_lab, "TIFF")).astype(int) - (200, 100, 50)).max() <= 3
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert (read_image(encoded(image, "PNG", icc_profile=srgb)) == (200, 100, 50)).all()
    swapped_primaries = _exchange_red_and_green(srgb)
    found = read_image(encoded(image, "PNG", icc_profile=swapped_primaries))[0, 0]
    assert found[1] > found[0], "the profile says that the first channel is green"
    assert (read_image(encoded(image, "PNG", icc_profile=b"nonsense")) == (200, 100, 50)).all()


def _exchange_red_and_green(profile: bytes) -> bytes:
    """A valid profile whose red and green primaries changed places; its description no longer says sRGB."""
    marker = b"\0".join(bytes([c]) for c in b"sRGB")
    data = profile.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")
    return data.replace(marker, marker.replace(b"s", b"x")).replace(b"sRGB built", b"xRGB built")


def test_pixel_limit_is_checked_before_decoding() -> None:
    limits = Limits(max_pixels=1000)
    header = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    bomb = header + _chunk(b"IDAT", b"") + _chunk(b"IEND", b"")
    for source in (bomb, picture(), Image.fromarray(picture())):
        with pytest.raises(UserError, match=r"more than the limit of 0\.001 megapixels"):
            read_image(source, limits)
    with pytest.raises(
        UserError, match=r"it has 2500 megapixels, more than the limit of \d+ megap.* SWAPPER_MAX_PIXELS"
    ):
        read_image(bomb)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_upload_limit() -> None:
    with pytest.raises(UserError, match="more than the limit of 0 MB"):
        read_image(encoded(Image.fromarray(picture()), "PNG"), Limits(max_upload_bytes=100))


@pytest.mark.slow
def test_forty_megapixels_within_the_limits_and_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (7300, 5500), (10, 200, 30)).save(path, quality=80, exif=exif)
    script = (
        "import resource, sys; from swapper.images import read_image\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak(); image = read_image(sys.argv[1]); print(*image.shape, peak() - before)"
    )
    root = Path(__file__).parents[1]
    run = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(run, cwd=root, capture_output=True, text=True, check=True)
    height, width, channels, grown = map(int, done.stdout.split())
    assert (height, width, channels) == (7300, 5500, 3)
    if sys.platform == "linux":  # kibibytes there
        assert grown < 380_000, "the decoder's copy (4 bytes a pixel) and the result (3), and little more"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "CMYK"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_pictures_read_in_strips_have_no_seams(mode: str, orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    image = Image.fromarray(picture(101, 40)).convert("RGB")
    image = image.quantize(64) if mode == "P" else image.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image, "TIFF", exif=exif)
    whole = read_image(data)
    monkeypatch.setattr("swapper.images._AT_A_TIME", 333)
    assert (read_image(data) == whole).all()


@pytest.mark.parametrize(("suffix", "tolerance"), [(".png", 0), (".JPG", 10), (".jpeg", 10), (".webp", 10)])
def test_write_then_read(suffix: str, tolerance: int, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_bytes(b"old")
    assert write_image(picture(), path) == path
    assert np.abs(read_image(path).astype(int) - picture()).max() <= tolerance
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("out.tiff", r"suffix '.tiff' is not a supported format.*\.png, \.jpg, \.jpeg, \.webp"),
        ("out", "no suffix"),
        ("nowhere/out.png", "folder '.*nowhere' does not exist. Create it first"),
        ("taken.png", "this is a folder"),
    ],
)
def test_unusable_outputs(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "taken.png").mkdir()
    for attempt in (lambda: check_output(tmp_path / name), lambda: write_image(picture(), tmp_path / name)):
        with pytest.raises(UserError, match=said):
            attempt()
    assert [p.name for p in tmp_path.iterdir()] == ["taken.png"]


def test_a_picture_too_long_for_the_format(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"WEBP holds at most 16383 pixels.*Write a \.png"):
        write_image(np.zeros((1, 16_384, 3), np.uint8), tmp_path / "long.webp")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Image.Image, path: Path, *args: object, **options: object) -> None:
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(UserError, match="No space left"):
        write_image(picture(), tmp_path / "out.png")
    assert not list(tmp_path.iterdir())


def test_animations_say_that_their_first_frame_is_used() -> None:
    frames = [Image.new("RGB", (20, 10), color) for color in ("red", "lime", "blue")]
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        (note,) = read_still(data).notes
        assert "Its first one is used; swap it as a video" in note
        assert not read_still(encoded(frames[0], kind)).notes
    several = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert not read_still(several).notes, "pages are no animation"
