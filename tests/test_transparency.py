"""What lies under the transparent parts of a picture, through reading, swapping and writing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sample_pictures import encoded, picture

from swapper.images import holds_transparency, read_image, read_still, write_image


def translucent() -> np.ndarray:
    """RGBA: clear at the left, opaque at the right, half in between, with other colours hidden under the clear part."""
    rgba = np.dstack([picture(), np.full((30, 40), 255, np.uint8)])
    rgba[:, :10] = (0, 255, 0, 0)
    rgba[:, 10:20, 3] = 128
    return rgba


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_what_lies_under_transparent_parts_is_kept_on_demand(kind: str) -> None:
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    still = read_still(encoded(Image.fromarray(translucent()), kind, **options))
    assert still.layers is not None and (still.layers == translucent()).all()
    assert (still.image == read_image(encoded(Image.fromarray(translucent()), "PNG"))).all()
    assert (still.image[:, :10] == 255).all() and (still.image[:, 20:] == picture()[:, 20:]).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "CMYK", "RGBA", "LA"])
def test_opaque_pictures_have_no_layers(mode: str) -> None:
    image = Image.fromarray(picture()).convert(mode)
    assert read_still(encoded(image, "TIFF")).layers is None
    assert read_still(image).layers is None


def test_transparent_gif_and_palettes() -> None:
    rgba = translucent()
    rgba[:, 10:20, 3] = 255
    for kind in ("GIF", "PNG"):
        image = Image.fromarray(rgba)
        still = read_still(encoded(image if kind == "GIF" else image.quantize(64), kind))
        assert still.layers is not None and (still.layers[..., 3] == rgba[..., 3]).all(), kind
        assert (still.image[:, :10] == 255).all()


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_layers_are_turned_with_the_picture(orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swapper.images._AT_A_TIME", 333)
    exif = Image.Exif()
    exif[0x0112] = orientation
    still = read_still(encoded(Image.fromarray(translucent()), "PNG", exif=exif))
    plain = read_still(translucent())
    turn = {1: 0, 3: 2, 6: -1, 7: 0}[orientation]
    assert still.layers is not None and plain.layers is not None
    wanted = plain.layers[::-1, ::-1].swapaxes(0, 1) if orientation == 7 else np.rot90(plain.layers, turn)
    assert (still.layers == wanted).all()


def test_a_change_of_what_is_seen_becomes_one_of_what_is_under() -> None:
    still = read_still(translucent())
    after = still.image.copy()
    after[5:10] = (100, 90, 80)
    changed = still.changed(after)
    assert changed is not None and still.layers is not None
    assert (changed[..., 3] == still.layers[..., 3]).all()
    outside = np.ones(30, bool)
    outside[5:10] = False
    assert (changed[outside] == still.layers[outside]).all() and (changed[:, :10] == still.layers[:, :10]).all()
    assert (changed[5:10, 20:, :3] == (100, 90, 80)).all()
    again = read_image(changed)
    assert np.abs(again[5:10, 20:].astype(int) - (100, 90, 80)).max() <= 1
    soft = still.image.copy()
    soft[12:, 10:20] -= 20  # where there is enough light to lose
    below = still.changed(soft)
    assert below is not None and np.abs(read_image(below)[:, 10:20].astype(int) - soft[:, 10:20]).max() <= 1
    assert read_still(picture()).changed(picture()) is None


@pytest.mark.parametrize(("suffix", "kept"), [(".png", True), (".webp", True), (".jpg", False)])
def test_transparency_is_written_where_the_format_holds_it(suffix: str, kept: bool, tmp_path: Path) -> None:
    written = Image.open(write_image(translucent(), tmp_path / f"out{suffix}"))
    assert (written.mode == "RGBA") is kept is holds_transparency(tmp_path / f"out{suffix}")
    seen = read_image(tmp_path / f"out{suffix}")
    assert (seen[:, :8] > 245).all(), "clear parts lie over white"
    if kept:
        assert (np.asarray(written)[..., 3] == translucent()[..., 3]).all()
