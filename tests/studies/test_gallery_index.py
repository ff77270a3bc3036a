import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from swapper.faces.embed import WEIGHTS
from swapper.images import read_image
from swapper.studies.gallery_index import SHIPPED, read_index, write_index
from swapper.types import UserError


def unit_rows(count: int) -> np.ndarray:
    rows = np.random.default_rng(0).normal(size=(count, 512))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_what_was_seen_comes_back_at_unit_length(tmp_path):
    rows, path = unit_rows(7), tmp_path / "gallery.safetensors"
    write_index({"arcface": rows}, path)
    found = read_index(path, ["arcface"])["arcface"]
    assert found.dtype == np.float32 and path.stat().st_size < 9000
    np.testing.assert_allclose(found, rows, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_a_stale_one_is_noticed(tmp_path):
    path = tmp_path / "gallery.safetensors"
    write_index({"arcface": unit_rows(3)}, path)
    with pytest.raises(UserError, match="made with a different smooth-embedder-lite"):
        read_index(path, ["smooth"])
    with safe_open(path, framework="np") as file:
        said = {**file.metadata(), "arcface": "0" * 64}
    save_file(load_file(path), path, said)
    with pytest.raises(UserError, match=r"made with a different arcface-mobile\. Make it again with"):
        read_index(path, ["arcface"])


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"nothing")
    with pytest.raises(UserError, match="it cannot be read"):
        read_index(tmp_path / "a.safetensors", ["arcface"])
    with pytest.raises(UserError, match="it cannot be read"):
        read_index(tmp_path / "missing.safetensors", ["arcface"])
    with pytest.raises(UserError, match="it cannot be written"):
        write_index({"arcface": unit_rows(1)}, tmp_path / "missing" / "gallery.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_the_shipped_one_shows_the_examples(student, portraits, evaluators):
    """If this fails, run: python -m swapper gallery examples/portraits -o swapper/studies/gallery.safetensors"""
    found = read_index(SHIPPED, WEIGHTS)["arcface"]
    assert len(found) == len(portraits)
    seen = evaluators.embedders["arcface"].embed([student.source_crop(read_image(portraits[2]))])
    assert found[2] @ seen[0] > 0.99
