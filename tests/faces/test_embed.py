import csv
import io
import tarfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from insightface.model_zoo.arcface_onnx import ArcFaceONNX
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from swapper import hub
from swapper.faces.align import TEMPLATES, cut_crop, template_to_template, transform_points
from swapper.faces.embed import (
    FaceEmbedder,
    ResNet50Embedder,
    SmoothFaceEmbedder,
    arcface_crop,
    local_embedders,
)
from swapper.hub import files, networks
from swapper.models.arcface import MobileFaceNet, MobileFaceNetConfig
from swapper.models.smoothswap import SmoothIdentityEmbedder, SmoothIdentityEmbedderConfig
from swapper.types import Crop

SMALL = MobileFaceNetConfig(8, (8, 8, 8), (8, 8, 8), (8, 8, 8), (1, 1, 1), features=16)


@pytest.fixture
def random_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MobileFaceNet:
    """A small untrained network where the shipped one is looked for."""
    torch.manual_seed(0)
    network = MobileFaceNet(SMALL).eval()
    path = tmp_path / "arcface-mobile.safetensors"
    hub.save(network, path, dtype=torch.float32)
    monkeypatch.setattr(networks, "resolve", {"arcface-mobile": path}.__getitem__)
    return network


def crops(count: int, size: int = 256) -> list[Crop]:
    generator = np.random.default_rng(3)
    matrix = np.eye(2, 3, dtype=np.float32)
    small = generator.integers(0, 256, (count, 9, 9, 3), dtype=np.uint8)
    return [
        Crop(np.asarray(Image.fromarray(rows).resize((size, size), Image.Resampling.BICUBIC)), matrix) for rows in small
    ]


@pytest.mark.parametrize("mirrored", [False, True])
def test_unit_vectors_that_do_not_depend_on_the_batch(random_encoder: MobileFaceNet, mirrored: bool) -> None:
    embedder, faces = FaceEmbedder(mirrored=mirrored), crops(35)
    found = embedder.embed(faces)
    assert found.shape == (35, 512) and found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(embedder.embed(faces[33:34])[0], found[33], atol=1e-5)


def test_no_faces(random_encoder: MobileFaceNet) -> None:
    assert FaceEmbedder().embed([]).shape == (0, 512)


def test_the_network_sees_the_arcface_template(random_encoder: MobileFaceNet) -> None:
    crop = crops(1)[0]
    pixels = torch.from_numpy(arcface_crop(crop)).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(random_encoder(pixels).embedding)[0]
    np.testing.assert_allclose(FaceEmbedder().embed([crop])[0], expected, atol=1e-5)


def test_the_mirrored_average_does_not_see_the_side(random_encoder: MobileFaceNet) -> None:
    crop = crops(1)[0]
    face = arcface_crop(crop)
    both = [Crop(image, np.eye(2, 3, dtype=np.float32)) for image in (face, np.ascontiguousarray(face[:, ::-1]))]
    embedder = FaceEmbedder(mirrored=True)
    one, other = (embedder.embed([_from_arcface(c)])[0] for c in both)
    assert one @ other > 0.99
    plain = FaceEmbedder()
    seen, turned = (plain.embed([_from_arcface(c)])[0] for c in both)
    assert np.linalg.norm(seen - turned) > np.linalg.norm(one - other)  # cosines so near 1 would be lost in rounding
    pixels = np.stack([arcface_crop(_from_arcface(both[0])), arcface_crop(_from_arcface(both[0]))[:, ::-1]])
    with torch.inference_mode():
        mean = random_encoder(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255).embedding.mean(0)
    np.testing.assert_allclose(one, torch.nn.functional.normalize(mean, dim=0), atol=1e-5)


def _from_arcface(crop: Crop) -> Crop:
    """The same face as a crop in the ``ffhq`` template."""
    return cut_crop(crop.image, TEMPLATES["arcface"] * 112)


@pytest.mark.parametrize("size", [128, 256, 512])
def test_marks_land_on_the_template_whatever_the_crops_size(size: int) -> None:
    image = np.zeros((size, size, 3), np.uint8)
    points = TEMPLATES["ffhq"] * size
    radius = size // 32
    for x, y in np.round(points).astype(int):
        image[y - radius : y + radius + 1, x - radius : x + radius + 1] = 255
    face = arcface_crop(Crop(image, np.eye(2, 3, dtype=np.float32)))
    for x, y in transform_points(points.astype(np.float32), template_to_template("ffhq", size, "arcface", 112)):
        assert face[round(float(y)), round(float(x))].min() > 200


def test_the_published_network_gets_rgb_between_minus_one_and_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w600k_r50.onnx"
    weights = np.zeros((512, 3), np.float32)
    weights[:3, :3] = np.eye(3)  # the first three numbers are the mean colour
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("Gemm", ["flat", "w"], ["y"], transB=1),
        ],
        "colour",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 112, 112])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 512])],
        [numpy_helper.from_array(weights, "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    monkeypatch.setattr(hub, "resolve", {"w600k_r50": path}.__getitem__)
    crop = Crop(np.full((256, 256, 3), (255, 0, 51), np.uint8), np.eye(2, 3, dtype=np.float32))
    found = ResNet50Embedder(threads=1).embed([crop, crop])
    expected = np.array([1, -1, 51 / 127.5 - 1])
    np.testing.assert_allclose(found[1, :3], expected / np.linalg.norm(expected), atol=1e-5)
    np.testing.assert_allclose(found[:, 3:], 0)
    (theirs,) = ArcFaceONNX(str(path)).get_feat(arcface_crop(crop)[..., ::-1])
    np.testing.assert_allclose(found[0], theirs / np.linalg.norm(theirs), atol=1e-6)


def test_the_shipped_encoder_tells_people_apart(shared_data: Path) -> None:
    embedder = FaceEmbedder()
    with (shared_data / "meta-val.csv").open() as file:
        people = [(row["key"], int(row["identity"])) for row in csv.DictReader(file)]
    chosen = [(key, who) for who in range(6) for key in [k for k, w in people if w == who][:4]]
    with tarfile.open(shared_data / "faces256-val.tar") as tar:
        images = [np.asarray(Image.open(io.BytesIO(_member(tar, f"{key}.webp"))).convert("RGB")) for key, _ in chosen]
    found = embedder.embed([Crop(image, np.eye(2, 3, dtype=np.float32)) for image in images])
    who = np.array([person for _, person in chosen])
    cosine, same = found @ found.T, who[:, None] == who
    other = np.triu(np.ones_like(same), 1)
    assert cosine[same & (other > 0)].mean() > 0.5
    assert abs(cosine[~same].mean()) < 0.1


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    assert stream is not None
    return stream.read()


def test_the_smooth_embedder_is_offered_where_its_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [row for row in hub.entries() if row.name != "smooth-embedder-lite"]
    monkeypatch.setattr(files, "entries", lambda: listed)
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    assert list(local_embedders()) == ["arcface"]
    torch.manual_seed(0)
    sizes = SmoothIdentityEmbedderConfig(trunk="mobile", size=48, hidden=32, embedding=24)
    network = SmoothIdentityEmbedder(sizes).eval()
    hub.save(network, tmp_path / "smooth-embedder-lite.safetensors", dtype=torch.float32)
    smooth = local_embedders()["smooth"]
    assert isinstance(smooth, SmoothFaceEmbedder)
    small, large = crops(1, 48), crops(2, 256)
    found = smooth.embed([*small, *large])
    assert found.shape == (3, 24) and found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    face = torch.tensor(small[0].image).permute(2, 0, 1)[None] / 255
    np.testing.assert_allclose(found[:1], network(face).detach().numpy(), atol=1e-5)
    assert smooth.embed([]).shape == (0, 24)
