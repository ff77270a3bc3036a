"""Writing marked pictures, settings, the visible label, and what the watermark says."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from textures import texture

from swapper.methods.base import METHODS
from swapper.provenance import MarkSettings, Origin, write_marked_image
from swapper.provenance.credentials import read_credentials
from swapper.provenance.detection import find_mark
from swapper.provenance.label import draw_label
from swapper.provenance.origin import method_codes, read_message
from swapper.types import UserError


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_written_pictures_carry_both_marks(tmp_path, suffix):
    picture = texture(11, 256)
    written = write_marked_image(picture, tmp_path / f"a{suffix}", Origin("simswap"))
    assert written.warnings == []
    with Image.open(written.path) as image:
        assert (image.mode, image.size) == ("RGB", (256, 256))
        mark = find_mark(np.array(image))
    assert mark is not None and read_message(mark.message) == "by Swapper, method simswap"
    found = read_credentials(written.path)
    assert found is not None and found.valid and found.ours


def test_switched_off_nothing_is_added(tmp_path):
    picture = texture(12, 128)
    written = write_marked_image(picture, tmp_path / "a.png", Origin("ghost"), settings=MarkSettings(mark=False))
    assert np.array_equal(np.array(Image.open(written.path)), picture)
    assert read_credentials(written.path) is None


def test_unwritable_outputs_are_errors_as_ever(tmp_path):
    with pytest.raises(UserError, match="is not a supported format"):
        write_marked_image(texture(1, 64), tmp_path / "a.tif", Origin("warp"))
    assert list(tmp_path.iterdir()) == []


def test_every_method_has_a_number_of_its_own():
    codes = method_codes()
    assert set(METHODS) | {"onnx"} == set(codes)
    assert len(set(codes.values())) == len(codes)
    given = {"warp": 1, "mobilefaceswap": 2, "ghost": 3, "smoothswap": 4, "simswap": 5, "rafswap": 6, "onnx": 7}
    assert given.items() <= codes.items(), "files that were written long ago keep their meaning"
    for name in METHODS:
        assert read_message(Origin(name).message) == f"by Swapper, method {name}"
    assert read_message(Origin("onnx:inswapper_128").message) == "by Swapper, method onnx"
    assert "unknown here (number 200)" in read_message(0x1C8)
    assert "another version" in read_message(0x201)


def test_weights_of_published_swappers_are_named():
    assert Origin("onnx:inswapper_128").weights()[0]["name"] == "inswapper_128"
    assert Origin("warp").weights() == []


@pytest.mark.parametrize("shape", [(300, 400), (40, 60), (5, 5), (1, 300), (300, 1)])
def test_label_is_drawn_at_the_bottom_left_and_nowhere_else(shape):
    picture = np.full((*shape, 3), 90, np.uint8)
    labelled = draw_label(picture, "AI face swap")
    assert labelled.shape == picture.shape and (picture == 90).all()
    assert np.array_equal(labelled[: shape[0] // 2 - 10], picture[: shape[0] // 2 - 10])
    if shape[0] > 200 and shape[1] > 200:
        assert labelled.max() > 200 and labelled[-20:, :60].min() < 60
        assert np.array_equal(labelled[:, 200:], picture[:, 200:])


def test_label_is_written(tmp_path):
    picture = texture(13, 256)
    settings = MarkSettings(mark=False, label="made up")
    labelled = np.array(Image.open(write_marked_image(picture, tmp_path / "a.png", Origin("warp"), 95, settings).path))
    assert not np.array_equal(labelled[-40:], picture[-40:])
    assert np.array_equal(labelled[:200], picture[:200])


def test_settings_from_the_environment(tmp_path):
    pair = {name: str(tmp_path / name) for name in ("c.pem", "k.pem")}
    for path in pair.values():
        Path(path).touch()
    read = MarkSettings.from_environment
    assert read({}).mark and read({}).label == "" and read({}).folder.name == "signing"
    assert not read({"SWAPPER_MARK": "Off"}).mark
    assert read({"SWAPPER_LABEL": "made up"}).label == "made up"
    assert read({"XDG_CONFIG_HOME": "/x"}).folder == Path("/x/swapper/signing")
    both = read({"SWAPPER_CERTIFICATE": pair["c.pem"], "SWAPPER_CERTIFICATE_KEY": pair["k.pem"]})
    assert both.certificate == tmp_path / "c.pem" and both.key == tmp_path / "k.pem"
    with pytest.raises(UserError, match="only one of them is set"):
        read({"SWAPPER_CERTIFICATE": pair["c.pem"]})
    with pytest.raises(UserError, match="not found"):
        read({"SWAPPER_CERTIFICATE": "/nowhere", "SWAPPER_CERTIFICATE_KEY": pair["k.pem"]})
    with pytest.raises(UserError, match="'maybe' must be on or off"):
        read({"SWAPPER_MARK": "maybe"})
