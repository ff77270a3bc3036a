from dataclasses import replace

import numpy as np
import pytest
import torch
from two_faces import SIDE, TwoFaces, draw

from swapper import FaceSwapper, UserError
from swapper.compose.settings import BlendSettings
from swapper.face_swap import networks
from swapper.methods.reference import TargetUnchanged
from swapper.types import Identity, Swapped


class Paints:
    """Paints every crop in one colour, and remembers the crops' sides."""

    name, size, template = "paints", 128, "tight"

    def identify(self, crops):
        return Identity(self.name, np.eye(1, 4, dtype=np.float32)[0], state=len(crops))

    def swap(self, identity, faces, landmarks=None):
        return Swapped(torch.zeros_like(faces), torch.ones_like(faces[:, :1]))


@pytest.fixture
def swapper():
    return FaceSwapper(Paints(), "cpu", detector=TwoFaces(), threads=1)


@pytest.fixture
def photos(tmp_path):
    return [draw(tmp_path / f"{seed}.png", seed=seed) for seed in (1, 2)]


def test_faces_are_looked_for_on_the_chosen_device(monkeypatch):
    opened = []
    monkeypatch.setattr(networks, "CenterFaceDetector", lambda *args, **named: opened.append((args, named)))
    swapper = FaceSwapper(Paints(), "cpu", threads=3)
    assert opened == [((3,), {"device": swapper.device})]


def test_only_the_selected_face_changes(swapper, photos):
    result = swapper.swap_image(photos[0], photos[1], select=0)
    assert result.swapped == [0] and len(result.faces) == 2
    before = swapper.swap_faces(result.image, result.faces, {}).image
    assert np.array_equal(before, result.image)
    changed = np.abs(result.image.astype(int) - _pixels(photos[1])).max(2) > 0
    left, right = changed[:, :SIDE].any(), changed[:, SIDE : 2 * SIDE].any()
    assert left != right


def test_all_faces_and_every_step_is_timed(swapper, photos):
    result = swapper.swap_image(photos, photos[1])
    assert result.swapped == [0, 1]
    assert {"decode", "detect", "landmarks", "identify", "align", "swap", "compose"} == set(result.timings)


def test_masks_that_a_method_draws_come_with_the_result(photos, monkeypatch):
    method = Paints()
    finder = FaceSwapper(method, "cpu", detector=TwoFaces(), threads=1)
    assert not finder.swap_image(photos[0], photos[1]).masks, "of a method that redraws all there is nothing to show"
    drawn = torch.zeros(1, method.size, method.size)
    drawn[:, : method.size // 2] = 1
    plain = method.swap
    monkeypatch.setattr(method, "swap", lambda *a: replace(plain(*a), mask=drawn.expand(len(a[1]), 1, -1, -1)))
    masks = finder.swap_image(photos[0], photos[1], select=1).masks
    assert list(masks) == [1] and np.array_equal(masks[1], drawn[0].numpy())


def test_several_photos_make_one_identity(swapper, photos):
    assert swapper.identify(photos).state == 2


def test_an_identity_can_be_used_again(swapper, photos):
    identity = swapper.identify(photos[0])
    first, second = (swapper.swap_image(identity, photos[1]).image for _ in range(2))
    assert np.array_equal(first, second)


def test_the_unchanged_target_comes_back_nearly_unchanged(photos):
    swapper = FaceSwapper(TargetUnchanged(), "cpu", detector=TwoFaces(), threads=1)
    result = swapper.swap_image(photos[0], photos[1])
    assert np.abs(result.image.astype(int) - _pixels(photos[1])).max() <= 6


def test_small_crops_grow_before_they_are_restored(swapper, photos):
    seen = []

    class Remembers:
        def restore(self, faces, template):
            seen.append((tuple(faces.shape), template))
            return faces

    swapper.restorer = Remembers()
    swapper.swap_image(photos[0], photos[1], select="largest")
    assert seen == [((1, 3, 256, 256), "tight")]


def test_one_call_can_blend_otherwise_and_the_next_does_not(swapper, photos):
    identity, small = swapper.identify(photos[0]), BlendSettings(grow=-0.15, forehead=0)
    usual = swapper.swap_image(identity, photos[1], "largest").image
    less = swapper.swap_image(identity, photos[1], "largest", blend=small).image
    target = _pixels(photos[1])
    share = [np.mean(np.abs(image - target).max(2) > 8) for image in (less, usual)]
    assert 0 < share[0] < 0.7 * share[1]
    again = swapper.swap_image(identity, photos[1], "largest").image
    assert np.array_equal(again, usual) and swapper.blend == BlendSettings()
    made_so = FaceSwapper(swapper.method, "cpu", blend=small, detector=swapper.detector, threads=1)
    assert np.array_equal(made_so.swap_image(identity, photos[1], "largest").image, less)


@pytest.mark.parametrize(
    ("source", "target", "select", "sentence"),
    [
        ("photo", "tiny", "all", "no face was found"),
        ("tiny", "photo", "all", "no face was found"),
        ("photo", "photo", 7, "face 7"),
        ("photo", "missing", "all", "missing"),
    ],
)
def test_bad_input_is_one_sentence(swapper, photos, tmp_path, source, target, select, sentence):
    paths = {"photo": photos[0], "tiny": draw(tmp_path / "tiny.png", 40, 40), "missing": tmp_path / "missing.png"}
    with pytest.raises(UserError) as caught:
        swapper.swap_image(paths[source], paths[target], select)
    assert sentence.lower() in str(caught.value).lower() and "\n" not in str(caught.value)


def _pixels(path):
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB")).astype(int)
