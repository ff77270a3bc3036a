"""People who are named by photos, in a photo; tests of ``/swap_video`` name those of a video."""

from typing import Any

import numpy as np
import pytest
from PIL import Image
from two_faces import SIDE, draw

from swapper.images import read_image
from swapper.ui import people
from swapper.ui.people import faces_of_people

RED, BLUE, GREEN = (200, 40, 40), (40, 40, 200), (40, 200, 40)


class Colors:
    """Knows people by their colour."""

    def __init__(self, _device: Any):
        pass

    def embed(self, crops: Any) -> np.ndarray:
        rows = np.zeros((len(crops), 512), np.float32)
        rows[:, :3] = [crop.image.reshape(-1, 3).mean(0) - 110 for crop in crops]
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def colors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "FaceEmbedder", Colors)


def two(path: Any, left: tuple[int, ...], right: tuple[int, ...]) -> str:
    picture = Image.new("RGB", (300, 200), left)
    picture.paste(right, (SIDE, 0, 300, 200))
    picture.save(path)
    return str(path)


def test_each_face_becomes_who_was_paired_with_it(engine, tmp_path):
    target = read_image(two(tmp_path / "target.png", RED, BLUE))
    faces, photos = engine.find_faces(target), [draw(tmp_path / f"{seed}.png", seed=seed) for seed in (1, 2)]
    red, blue, green = (two(tmp_path / f"{c[0]}-{c[1]}.png", c, c) for c in (RED, BLUE, GREEN))
    assert faces_of_people(engine, target, faces, []) == {}
    assert set(faces_of_people(engine, target, faces, [(photos[0], blue)])) == {1}
    both = faces_of_people(engine, target, faces, [(photos[0], blue), (photos[1], red), (photos[0], green)])
    assert set(both) == {0, 1} and both[0] is not both[1]
    assert np.array_equal(both[1].embedding, engine.identify([photos[0]]).embedding)
    assert faces_of_people(engine, target, faces, [(photos[0], green)]) == {}


def test_somebody_who_is_in_a_collage_twice_is_swapped_twice(engine, tmp_path):
    target = read_image(two(tmp_path / "target.png", RED, RED))
    found = faces_of_people(
        engine, target, engine.find_faces(target), [(draw(tmp_path / "a.png"), two(tmp_path / "b.png", RED, RED))]
    )
    assert set(found) == {0, 1}
