"""Whole pictures are enlarged tile by tile, by small graphs with the inputs and outputs of the published ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from two_faces import TwoFaces, draw
from upscaler_stand_ins import REACH, upscaler_files, write_upscaler

from swapper import FaceSwapper
from swapper.batch.job import Job, JobSettings
from swapper.batch.swapping import Swapping
from swapper.cli.main import main, parser
from swapper.cli.options import saved_settings
from swapper.compose.preset import Preset
from swapper.hub import files, manifest, trust
from swapper.images import over_white, read_image
from swapper.provenance import MarkSettings, Origin
from swapper.registry.upscalers import UPSCALERS
from swapper.restore import upscale
from swapper.restore.upscale import MARGIN, TILE, Upscaler, load_upscaler, local_upscalers, spans
from swapper.runtime.timing import StepTimer
from swapper.types import UserError
from swapper.ui.languages import korean

CPU = torch.device("cpu")
X2, X4 = "real_esrgan_x2", "real_esrgan_x4"


@pytest.fixture
def graphs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's with stand-ins for all upscalers."""
    return upscaler_files(tmp_path, monkeypatch)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def loaded(name: str) -> Upscaler:
    found = load_upscaler(name, CPU, 1)
    assert found is not None
    return found


@pytest.mark.parametrize("length", [1, 7, TILE, TILE + 1, 3 * TILE - 5, 1000])
def test_tiles_cover_a_side_once_and_see_more_than_is_kept(length: int) -> None:
    tiles = spans(length)
    assert [one.first for one in tiles] == [0, *(one.end for one in tiles)][:-1] and tiles[-1].end == length
    for one in tiles:
        assert one.stop - one.begin <= TILE and one.begin in (0, one.first - MARGIN)
        assert one.stop == min(length, one.end + MARGIN)
        assert all(one.begin % info.step == 0 for info in UPSCALERS.values())


@pytest.mark.parametrize("name", list(UPSCALERS))
def test_no_seam_is_seen_and_the_whole_picture_is_there(
    graphs: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upscaler, image = loaded(name), picture(173, 201)
    scale = upscaler.info.scale
    whole = upscaler.enlarge(image)
    assert whole.shape == (173 * scale, 201 * scale, 3) and whole.dtype == np.uint8
    monkeypatch.setattr(upscale, "TILE", 64)
    monkeypatch.setattr(upscale, "MARGIN", 8)
    monkeypatch.setattr(upscale, "FADE", 8 - REACH)
    timer, seen = StepTimer(), []
    monkeypatch.setattr(upscaler, "_tile", lambda tile, draw=upscaler._tile: seen.append(tile.shape) or draw(tile))
    tiled = upscaler.enlarge(image, timer)
    assert len(seen) == 4 * 5 and max(max(shape) for shape in seen) <= 64 and timer.milliseconds["upscale"] > 0
    # The last row and column of an odd picture are repeated before the network sees them, the same in both.
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_where_two_tiles_differ_one_fades_into_the_other(graphs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upscaler, image = loaded(X2), np.zeros((600, 500, 3), np.uint8)
    levels = iter(range(0, 250, 20))
    monkeypatch.setattr(upscaler, "_tile", lambda tile: np.full((*(2 * np.array(tile.shape[:2])), 3), next(levels)))
    drawn = upscaler.enlarge(image).astype(int)
    assert drawn.max() - drawn.min() == 20 * (len(spans(600)) * len(spans(500)) - 1) > 100
    # A step of 20 between neighbours, or 60 between rows, is spread over 2 * FADE pixels of the picture.
    assert np.abs(np.diff(drawn, axis=1)).max() <= 2 and np.abs(np.diff(drawn, axis=0)).max() <= 3
    assert len(np.unique(drawn[:300, 0])) == 1


def test_every_pixel_is_in_its_place_and_a_tiny_picture_is_no_trouble(graphs: Path) -> None:
    write_upscaler(graphs / "real_esrgan_x2.onnx", 2, reach=0)
    upscaler = loaded(X2)
    image = picture(5, 3)
    assert np.array_equal(upscaler.enlarge(image), image.repeat(2, 0).repeat(2, 1))
    assert upscaler.enlarge(picture(1, 1)).shape == (2, 2, 3)


@pytest.mark.parametrize("sides", [(96, 96), (128, 96)])
def test_a_file_for_tiles_of_one_size_gets_tiles_of_that_size(graphs: Path, sides: tuple[int, int]) -> None:
    write_upscaler(graphs / "real_esrgan_x2.onnx", 2, reach=0, sides=sides)
    upscaler = loaded(X2)
    for image in (picture(5, 3), picture(97, 180)):
        assert np.array_equal(upscaler.enlarge(image), image.repeat(2, 0).repeat(2, 1))


def test_a_file_for_tiny_tiles_is_another_network(graphs: Path) -> None:
    write_upscaler(graphs / "real_esrgan_x2.onnx", 2, sides=(16, 16))
    with pytest.raises(UserError, match=r"real_esrgan_x2\.onnx: its input 'input' is of \(1, 3, 16, 16\), not of"):
        loaded(X2)


def test_too_large_a_result_is_refused_before_anything_is_drawn(graphs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAPPER_MAX_UPSCALED_PIXELS", "1_000_000")
    assert loaded(X2).enlarge(picture(500, 500)).shape == (1000, 1000, 3)
    with pytest.raises(UserError) as refused:
        loaded(X4).enlarge(picture(500, 500))
    assert str(refused.value) == (
        "Upscaler 'real_esrgan_x4': the result would have 4 megapixels, more than the limit of 1 megapixels. "
        "Use a smaller picture, or set SWAPPER_MAX_UPSCALED_PIXELS."
    )
    with pytest.raises(UserError, match=r"would be 40000 x 8 pixels, and no side .* 32768\. .* set SWAPPER_MAX_SIDE\."):
        loaded(X2).check(4, 20_000)
    assert korean(str(refused.value)) != str(refused.value)


def test_another_network_is_refused(graphs: Path) -> None:
    write_upscaler(graphs / "real_esrgan_x4.onnx", 2)
    with pytest.raises(UserError, match=r"real_esrgan_x4\.onnx: it makes \(1, 3, 16, 16\) of \(1, 3, 8, 8\), and"):
        loaded(X4).enlarge(picture(8, 8))


def test_one_that_is_not_there_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(files, "find_cached", lambda row: None)
    monkeypatch.setattr(files, "download", lambda row: (_ for _ in ()).throw(OSError("there is no network")))
    assert local_upscalers() == ["none"] and load_upscaler("none", CPU) is None
    with pytest.raises(UserError, match=r"Weights 'real_esrgan_x2': real_esrgan_x2\.onnx is not on this machine"):
        load_upscaler(X2, CPU)
    with pytest.raises(UserError, match=r"Unknown upscaler 'lanczos'\. Choose one of: none, real_esrgan_x2, "):
        load_upscaler("lanczos", CPU)


def test_an_unverified_one_is_used_by_those_alone_who_trust_it(
    graphs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row for row in manifest.entries() if row.name != X2]
    doubtful = manifest.WeightEntry(X2, "real_esrgan_x2.onnx", None, None, "somebody/files", "main", "BSD-3-Clause")
    for place in (files, manifest, trust):
        monkeypatch.setattr(place, "entries", lambda: [*rows, doubtful])
    source, target, out = draw(tmp_path / "a.png", seed=1), draw(tmp_path / "b.png"), tmp_path / "out.png"
    command = ["image", source, target, "-o", str(out), "--method", "warp", "--restore", "none", "--upscale", X2]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "real_esrgan_x2.onnx is unverified, since no SHA-256 of it is on record" in said
    assert said.endswith("If you trust somebody/files, add --trust.\n") and not out.exists()


def test_every_record_has_a_verified_file(graphs: Path) -> None:
    rows = {row.name: row for row in manifest.entries()}
    for name, info in UPSCALERS.items():
        row = rows[info.weights]
        assert row.sha256 and not row.doubt and row.licence and str(info.scale) in info.label, name
        assert MARGIN % info.step == 0 and (TILE - 2 * MARGIN) % info.step == 0
    assert local_upscalers() == ["none", *UPSCALERS]


@pytest.fixture(scope="module")
def swapper() -> FaceSwapper:
    return FaceSwapper("warp", "cpu", restore="none", detector=TwoFaces(), threads=1)


def test_a_swap_is_enlarged_with_all_that_belongs_to_it(swapper: FaceSwapper, graphs: Path, tmp_path: Path) -> None:
    write_upscaler(graphs / "real_esrgan_x2.onnx", 2, reach=0)
    source, target = read_image(draw(tmp_path / "a.png", seed=1)), read_image(draw(tmp_path / "b.png"))
    plain = swapper.swap_image(source, target)
    large = swapper.swap_image(source, target, upscale=X2)
    assert np.array_equal(large.image, plain.image.repeat(2, 0).repeat(2, 1)) and large.layers is None
    assert large.replaced is not None and large.replaced.shape == large.image.shape[:2]
    assert "upscale" in large.timings and "upscale" not in plain.timings and large.swapped == plain.swapped


def test_transparency_is_kept(swapper: FaceSwapper, graphs: Path, tmp_path: Path) -> None:
    write_upscaler(graphs / "real_esrgan_x4.onnx", 4, reach=0)
    source, target = read_image(draw(tmp_path / "a.png", seed=1)), read_image(draw(tmp_path / "b.png"))
    alpha = np.full(target.shape[:2], 255, np.uint8)
    alpha[-20:], alpha[-40:-20] = 0, 128
    result = swapper.swap_image(source, np.dstack([target, alpha]), upscale=X4)
    assert result.layers is not None and result.picture.shape == (target.shape[0] * 4, target.shape[1] * 4, 4)
    opacity = result.layers[..., 3]
    assert (opacity[: -4 * 41] == 255).all() and (opacity[-4 * 18 :] == 0).all()
    assert (opacity[-4 * 38 : -4 * 22] == 128).all()
    assert np.array_equal(result.image, over_white(result.layers[..., :3], opacity))


def test_a_photo_that_lies_on_its_side_stands_upright(swapper: FaceSwapper, graphs: Path, tmp_path: Path) -> None:
    source, target = draw(tmp_path / "a.png", seed=1), Image.open(draw(tmp_path / "b.png")).convert("RGB")
    exif = target.getexif()
    exif[0x0112] = 6
    target.rotate(90, expand=True).save(tmp_path / "turned.png", exif=exif)
    result = swapper.swap_image(source, tmp_path / "turned.png", upscale=X2)
    assert result.image.shape == (target.height * 2, target.width * 2, 3)


def test_the_command_writes_a_larger_picture_that_says_what_enlarged_it(
    graphs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("swapper.face_swap.networks.CenterFaceDetector", TwoFaces)
    source, target, out = draw(tmp_path / "a.png", seed=1), draw(tmp_path / "b.png"), tmp_path / "out.png"
    look = ["--settings", str(Preset("warp", "none", upscale=X2).write(tmp_path / "look.json"))]
    assert main(["image", source, target, "-o", str(out), *look, "--device", "cpu"]) == 0
    assert "upscale" in capsys.readouterr().out
    assert read_image(out).shape == tuple(np.multiply(read_image(target).shape, (2, 2, 1)))
    assert "upscale" not in saved_settings(parser().parse_args(["video", source, target, "-o", "a.mp4", *look]))
    assert main(["provenance", str(out)]) == 0
    assert "restoration none; upscaler real_esrgan_x2; compositeWithTrained" in capsys.readouterr().out
    origin = Origin("warp", upscale=X2)
    assert origin.learned and [row["name"] for row in origin.weights()][-1] == X2 and not Origin("warp").learned


def test_photos_of_a_batch_are_enlarged(graphs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swapper.face_swap.networks.CenterFaceDetector", TwoFaces)
    source, target, out = (tmp_path / f"{name}.png" for name in ("a", "b", "out"))
    draw(source, seed=1)
    draw(target)
    job = Job("b", (source,), target, out, settings=JobSettings(method="warp", restore="none", upscale=X2))
    Swapping(tmp_path, "cpu", MarkSettings(mark=False))(job, lambda share: None)
    assert read_image(out).shape == tuple(np.multiply(read_image(target).shape, (2, 2, 1)))
    with pytest.raises(UserError, match=r"Upscale.*lanczos"):
        JobSettings(upscale="lanczos")
