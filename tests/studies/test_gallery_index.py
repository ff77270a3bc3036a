import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from swapper.faces.embed import WEIGHTS
from swapper.studies.gallery import SIDE, Gallery
from swapper.studies.gallery_index import SHIPPED, read_index, write_index
from swapper.types import Crop, UserError


def unit_rows(count: int) -> np.ndarray:
    rows = np.random.default_rng(0).normal(size=(count, 512))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def gallery(count: int, faces: np.ndarray | None = None) -> Gallery:
    return Gallery({"arcface": unit_rows(count)}, np.arange(count) // 2, faces)


class Counting:
    """Embeds whatever it sees as the mean of its colours, and counts the faces."""

    seen = 0

    def embed(self, crops: list[Crop]) -> np.ndarray:
        self.seen += len(crops)
        return np.stack([crop.image.reshape(-1, 3).mean(0) for crop in crops]).astype(np.float32)


def test_what_was_seen_comes_back_at_unit_length(tmp_path):
    path = tmp_path / "gallery.safetensors"
    write_index(gallery(7), path)
    found = read_index(path, {"arcface": Counting()})
    rows = found.embeddings["arcface"]
    assert rows.dtype == np.float32 and path.stat().st_size < 9000
    np.testing.assert_allclose(rows, unit_rows(7), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert found.people.tolist() == [0, 0, 1, 1, 2, 2, 3] and found.persons == 4 and found.faces is None


def test_faces_come_back_and_serve_other_networks(tmp_path):
    faces = np.stack([np.full((SIDE, SIDE, 3), 20 * i + 30, np.uint8) for i in range(7)])
    path, eyes = tmp_path / "gallery.safetensors", Counting()
    write_index(gallery(7, faces), path)
    found = read_index(path, {"arcface": Counting(), "smooth": eyes})
    assert found.faces is not None and np.abs(found.faces.astype(int) - faces).max() < 4
    assert eyes.seen == 7 and found.embeddings["smooth"][3].round() == pytest.approx([90] * 3, abs=3)


def test_a_stale_one_is_noticed(tmp_path):
    path = tmp_path / "gallery.safetensors"
    write_index(gallery(3), path)
    with pytest.raises(UserError, match="made with a different smooth-embedder-lite"):
        read_index(path, {"smooth": Counting()})
    with safe_open(path, framework="np") as file:
        said = {**file.metadata(), "arcface": "0" * 64}
    save_file(load_file(path), path, said)
    with pytest.raises(UserError, match=r"made with a different arcface-mobile\. Make it again with"):
        read_index(path, {"arcface": Counting()})


def test_files_of_before_are_read(tmp_path):
    path = tmp_path / "gallery.safetensors"
    write_index(gallery(3), path)
    with safe_open(path, framework="np") as file:
        said = {**file.metadata(), "format": "swapper gallery 1"}
    save_file({"arcface": load_file(path)["arcface"]}, path, said)
    assert read_index(path, {"arcface": Counting()}).people.tolist() == [0, 1, 2]


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"nothing")
    eyes = {"arcface": Counting()}
    with pytest.raises(UserError, match="it cannot be read"):
        read_index(tmp_path / "a.safetensors", eyes)
    with pytest.raises(UserError, match="it cannot be read"):
        read_index(tmp_path / "missing.safetensors", eyes)
    with pytest.raises(UserError, match="it cannot be written"):
        write_index(gallery(1), tmp_path / "missing" / "gallery.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]
    save_file({"arcface": unit_rows(2)}, tmp_path / "b.safetensors", {"format": "other"})
    with pytest.raises(UserError, match="this is not a gallery file"):
        read_index(tmp_path / "b.safetensors", eyes)
    write_index(gallery(2, np.zeros((2, SIDE, SIDE, 3), np.uint8)), tmp_path / "b.safetensors")
    with safe_open(tmp_path / "b.safetensors", framework="np") as file:
        said = file.metadata()
    held = {**load_file(tmp_path / "b.safetensors"), "sheet": np.zeros(40, np.uint8)}
    save_file(held, tmp_path / "b.safetensors", said)
    with pytest.raises(UserError, match="its faces are damaged"):
        read_index(tmp_path / "b.safetensors", eyes)


def test_the_shipped_one_holds_many_made_up_people(evaluators):
    """If this fails, run: PYTHONPATH=. python examples/make_gallery.py DATA"""
    found = read_index(SHIPPED, {name: Counting() for name in WEIGHTS})
    assert found.persons == len(found) >= 200 and SHIPPED.stat().st_size < 2e6
    assert found.faces is not None and set(found.embeddings) == set(WEIGHTS)
    likeness = found.embeddings["arcface"] @ found.embeddings["arcface"].T
    assert np.sort(likeness, axis=1)[:, -2].max() < 0.5, "everybody is somebody else"
    some = [Crop(face, np.eye(2, 3, dtype=np.float32)) for face in found.faces[:4]]
    for name, embedder in evaluators.embedders.items():
        assert (embedder.embed(some) * found.embeddings[name][:4]).sum(1).min() > 0.95


def test_nobody_on_the_photographs_is_in_the_shipped_one(shared_data, evaluators):
    found = read_index(SHIPPED, evaluators.embedders)
    for split in ("train", "train-utk", "val", "val-utk"):
        known = np.load(shared_data / f"geometry-{split}.npz")["arcface"].astype(np.float32)
        assert (found.embeddings["arcface"] @ known.T).max() < 0.5
