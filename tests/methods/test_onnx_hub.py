"""Published ONNX swappers, stood in for by small graphs with the same inputs and outputs."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from interpolation_checks import check_interpolation
from onnx import TensorProto, helper
from onnx_stand_ins import ARCFACE, COLOUR, CONVERTER, EMAP, write_converter, write_embedder, write_graph, write_swapper

from swapper import hub
from swapper.faces.align import TEMPLATES, template_to_template, warp_frame
from swapper.hub import manifest
from swapper.methods.base import InterpolatingMethod, Method, load_method
from swapper.methods.likeness import can_interpolate, extrapolate_identity, likeness_warnings
from swapper.methods.onnx_records import RECORDS, OnnxSwapper
from swapper.runtime.onnx_session import open_session
from swapper.types import Crop, UserError

CPU = torch.device("cpu")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_embedder(tmp_path / "w600k_r50.onnx")
    for converter in {record.converter for record in RECORDS.values() if record.converter}:
        write_converter(tmp_path / f"{converter}.onnx")
    monkeypatch.setattr(hub, "resolve", lambda name: tmp_path / f"{name}.onnx")
    return tmp_path


def source_crops(count: int = 2) -> list[Crop]:
    generator = np.random.default_rng(1)
    eye = np.eye(2, 3, dtype=np.float32)
    images = [generator.integers(0, 256, (8, 8, 3), dtype=np.uint8) for _ in range(count)]
    return [Crop(np.kron(image, np.ones((32, 32, 1), dtype=np.uint8)), eye) for image in images]


def expected_embedding(crops: list[Crop]) -> np.ndarray:
    map_to_arcface = template_to_template("ffhq", 256, "arcface", 112)
    faces = [warp_frame(crop.image, map_to_arcface, 112).astype(np.float32) for crop in crops]
    return np.mean([((face - 127.5) / 127.5).mean((0, 1)) @ ARCFACE for face in faces], axis=0)


def expected_identity(record: OnnxSwapper, crops: list[Crop]) -> np.ndarray:
    """The fact sheet's rule for each kind, once more and plainly."""
    if record.identity == "crop":
        cut = template_to_template("ffhq", 256, record.source_template, record.source_size)
        return warp_frame(crops[0].image, cut, record.source_size).transpose(2, 0, 1)[None].astype(np.float32) / 255
    embedding = expected_embedding(crops)
    if record.converter:
        embedding = embedding @ CONVERTER
    if record.identity == "raw":
        return embedding[None]
    if record.identity == "emap":
        return (embedding @ EMAP / np.linalg.norm(embedding @ EMAP))[None]
    return (embedding / np.linalg.norm(embedding))[None]


@pytest.mark.parametrize(
    "name",
    [
        "blendswap_256",
        "ghost_2_256",
        "hififace_unofficial_256",
        "hyperswap_1a_256",
        "inswapper_128",
        "reswapper_128",
        "simswap_256",
        "simswap_unofficial_512",
        "uniface_256",
    ],
)
def test_swapper_gets_and_returns_what_its_record_says(files: Path, name: str) -> None:
    record = RECORDS[name]
    write_swapper(files / f"{name}.onnx", record)
    method = load_method(f"onnx:{name}", CPU)
    assert isinstance(method, Method)
    assert (method.name, method.size, method.template) == (f"onnx:{name}", record.size, record.template)
    crops = source_crops()
    identity = method.identify(crops)
    assert identity.method == method.name
    assert np.linalg.norm(identity.embedding) == pytest.approx(1, abs=1e-5)
    source = expected_identity(record, crops)
    np.testing.assert_allclose(identity.state, source, rtol=1e-4, atol=1e-5)

    faces = torch.rand(3, 3, record.size, record.size, generator=torch.Generator().manual_seed(2))
    swapped = method.swap(identity, faces)
    colour = source.mean((2, 3)) if record.identity == "crop" else source @ COLOUR
    shift = torch.from_numpy(colour.astype(np.float32))[..., None, None]
    if record.normalised_output:
        wanted = faces + shift * torch.tensor(record.std)[:, None, None]
    else:
        mean, std = (torch.tensor(v)[:, None, None] for v in (record.mean, record.std))
        wanted = (faces - mean) / std + shift
    assert shift.abs().max() > 0.01
    torch.testing.assert_close(swapped.face, wanted.clamp(0, 1), rtol=1e-4, atol=1e-4)
    assert torch.equal(swapped.mask, torch.ones(3, 1, record.size, record.size))


@pytest.mark.parametrize("name", ["hififace_unofficial_256", "hyperswap_1a_256"])
def test_mask_of_a_swapper_that_has_one(files: Path, name: str) -> None:
    write_swapper(files / f"{name}.onnx", RECORDS[name], mask=True)
    method = load_method(f"onnx:{name}", CPU)
    swapped = method.swap(method.identify(source_crops(1)), torch.rand(2, 3, 256, 256))
    assert swapped.mask.shape == (2, 1, 256, 256)
    assert swapped.mask.eq(0.5).all()


def test_half_precision_file(files: Path) -> None:
    write_swapper(files / "inswapper_128_fp16.onnx", RECORDS["inswapper_128_fp16"], TensorProto.FLOAT16)
    write_swapper(files / "inswapper_128.onnx", RECORDS["inswapper_128"])
    faces = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(3))
    half, full = (
        (method := load_method(f"onnx:{name}", CPU)).swap(method.identify(source_crops(1)), faces).face
        for name in ("inswapper_128_fp16", "inswapper_128")
    )
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, full, rtol=0, atol=5e-3)


def test_graph_with_other_inputs_is_refused(files: Path) -> None:
    write_converter(files / "inswapper_128.onnx")
    method = load_method("onnx:inswapper_128", CPU)
    with pytest.raises(UserError, match="expects input instead of source and target"):
        method.swap(method.identify(source_crops(1)), torch.rand(1, 3, 128, 128))


def test_graph_without_its_identity_matrix_is_refused(files: Path) -> None:
    write_embedder(files / "inswapper_128.onnx")
    with pytest.raises(UserError, match=r"inswapper_128\.onnx: its last initializer is not the 512x512 matrix"):
        load_method("onnx:inswapper_128", CPU)


def test_damaged_file_is_named(files: Path) -> None:
    (files / "uniface_256.onnx").write_bytes(b"\x00 not a model")
    with pytest.raises(UserError, match=r"uniface_256\.onnx: onnxruntime cannot run it"):
        load_method("onnx:uniface_256", CPU)


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(UserError, match=r"Unknown ONNX swapper 'nobody'. Choose one of: inswapper_128, "):
        load_method("onnx:nobody", CPU)


def test_really_used_provider_is_told(files: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_swapper(files / "uniface_256.onnx", RECORDS["uniface_256"])
    with caplog.at_level(logging.WARNING, logger="swapper"):
        session = open_session(files / "uniface_256.onnx", torch.device("mps"))
    assert session.get_providers() == ["CPUExecutionProvider"]
    assert "uniface_256.onnx runs on CPUExecutionProvider" in caplog.text
    assert load_method("onnx:uniface_256", CPU).provider == "CPUExecutionProvider"  # type: ignore[attr-defined]


def test_every_record_has_its_files_in_the_manifest() -> None:
    known = {row.name: row for row in manifest.entries()}
    assert RECORDS
    for record in RECORDS.values():
        assert record.template in TEMPLATES and record.source_template in TEMPLATES, record.name
        assert known[record.name].file_name.endswith(".onnx") and known[record.name].licence, record.name
        assert record.converter is None or record.converter in known, record.name
    assert "w600k_r50" in known


@pytest.mark.parametrize("name", ["ghost_2_256", "inswapper_128", "simswap_unofficial_512"])
def test_interpolates_between_two_people(files: Path, name: str) -> None:
    record = RECORDS[name]
    write_swapper(files / f"{name}.onnx", record)
    first, second = source_crops()[:2]
    faces = torch.rand(1, 3, record.size, record.size, generator=torch.Generator().manual_seed(2))
    check_interpolation(load_method(f"onnx:{name}", CPU), (first, second), faces)


def test_nobody_is_between_two_pictures(files: Path) -> None:
    write_swapper(files / "uniface_256.onnx", RECORDS["uniface_256"])
    method = load_method("onnx:uniface_256", CPU)
    assert isinstance(method, InterpolatingMethod)
    identity = method.identify(source_crops(1))
    with pytest.raises(UserError, match="so it cannot interpolate"):
        method.interpolate(identity, identity, 0.5)
    assert not can_interpolate(method)


@pytest.mark.parametrize("name", list(RECORDS))
def test_every_published_swapper_takes_any_likeness(files: Path, name: str) -> None:
    record = RECORDS[name]
    write_swapper(files / f"{name}.onnx", record)
    method, crop = load_method(f"onnx:{name}", CPU), source_crops(1)[0]
    source = method.identify([crop])
    able = record.identity != "crop"
    assert can_interpolate(method) is able
    for likeness in (0.0, 0.5, 1.3):
        found = extrapolate_identity(method, source, crop, likeness)
        assert found.method == method.name and (able or found is source)
        said = likeness_warnings(method, likeness)
        assert [f"Likeness {likeness:g}: '{method.name}' cannot interpolate" in text for text in said] == [True][able:]
    assert likeness_warnings(method, 1.0) == []


@pytest.mark.parametrize(
    ("made_like", "words"),
    [
        (RECORDS["ghost_2_256"], r"its input 'target' is of \(1, 3, 256, 256\), not of \(1, 3, 128, 128\)"),
        (
            replace(RECORDS["blendswap_256"], size=128),
            r"its input 'source' is of \(1, 3, 112, 112\), not of \(1, 512\)",
        ),
        (None, r"its output is of \(1, 3, 1, 1\), not of \(1, 3, 128, 128\) as that of reswapper_128"),
    ],
)
def test_a_file_of_another_size_is_refused_when_it_is_opened(
    files: Path, made_like: OnnxSwapper | None, words: str
) -> None:
    path = files / "reswapper_128.onnx"
    if made_like is None:
        mean = helper.make_node("GlobalAveragePool", ["target"], ["output"])
        inputs = {"target": (1, 3, 128, 128), "source": (1, 512)}
        write_graph(path, [mean], inputs, {"output": (1, 3, 1, 1)}, {})
    else:
        write_swapper(path, made_like)
    with pytest.raises(UserError, match=rf"{words}.*\. Replace it with the file named in the manifest\.$"):
        load_method("onnx:reswapper_128", CPU)
