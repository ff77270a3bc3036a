from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from clips import write_clip
from two_faces import SIDE, TwoFaces, draw

from swapper import FaceSwapper, UserError
from swapper.compose.paint import Paint
from swapper.compose.settings import BlendSettings
from swapper.face_swap import networks
from swapper.methods.reference import TargetUnchanged
from swapper.restore.renovation import RenovationRestorer
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
    return FaceSwapper(Paints(), "cpu", restore="none", detector=TwoFaces(), threads=1)


@pytest.fixture
def photos(tmp_path):
    return [draw(tmp_path / f"{seed}.png", seed=seed) for seed in (1, 2)]


def test_faces_are_looked_for_on_the_chosen_device(monkeypatch):
    opened = []
    monkeypatch.setattr(networks, "CenterFaceDetector", lambda *args, **named: opened.append((args, named)))
    swapper = FaceSwapper(Paints(), "cpu", threads=3)
    assert opened == [((3,), {"device": swapper.device})]


def test_only_the_selected_face_changes(swapper, photos):
    for select, own, other in ((0, slice(0, SIDE), slice(SIDE, None)), (1, slice(SIDE, 2 * SIDE), slice(0, SIDE))):
        result = swapper.swap_image(photos[0], photos[1], select=select)
        assert result.swapped == [select] and len(result.faces) == 2
        assert own.start <= result.faces[select].points[:, 0].min() < result.faces[select].points[:, 0].max() < own.stop
        changed = np.abs(result.image.astype(int) - _pixels(photos[1])).max(2) > 8
        assert changed[:, own].mean() > 0.02 and not changed[:, other].any()


def test_faces_without_an_identity_stay_and_so_does_the_picture_handed_in(swapper, photos):
    image = _pixels(photos[1]).astype(np.uint8)
    before, faces = image.copy(), swapper.find_faces(image)
    nobody = swapper.swap_faces(image, faces, {})
    assert nobody.swapped == [] and nobody.faces == faces and np.array_equal(nobody.image, before)
    everybody = swapper.swap_faces(image, faces, dict.fromkeys((0, 1), swapper.identify(photos[0])))
    assert everybody.swapped == [0, 1] and np.array_equal(image, before)
    assert np.abs(everybody.image.astype(int) - before).max() > 8


def test_all_faces_and_every_step_is_timed(swapper, photos):
    result = swapper.swap_image(photos, photos[1])
    assert result.swapped == [0, 1]
    assert {"decode", "detect", "landmarks", "identify", "align", "swap", "compose"} == set(result.timings)


def test_masks_that_a_method_draws_come_with_the_result(photos, monkeypatch):
    method = Paints()
    finder = FaceSwapper(method, "cpu", restore="none", detector=TwoFaces(), threads=1)
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
    swapper = FaceSwapper(TargetUnchanged(), "cpu", restore="none", detector=TwoFaces(), threads=1)
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
    made_so = FaceSwapper(swapper.method, "cpu", restore="none", blend=small, detector=swapper.detector, threads=1)
    assert np.array_equal(made_so.swap_image(identity, photos[1], "largest").image, less)


def test_photos_are_renovated_and_frames_are_not_unless_somebody_says_otherwise():
    def restorers(**how):
        made = FaceSwapper(Paints(), "cpu", detector=TwoFaces(), threads=1, **how)
        return made.restorer, made.frame_restorer

    photo, frame = restorers()
    assert isinstance(photo, RenovationRestorer) and frame is None
    assert restorers(restore="none") == (None, None)
    photo, frame = restorers(restore="renovation")
    assert photo is frame is not None


def test_videos_get_their_own_method_unless_somebody_chose_one(photos, tmp_path, monkeypatch):
    class PaintsFrames(Paints):
        name = "paints-frames"

    made = {"paints": Paints(), "paints-frames": PaintsFrames()}
    loaded = []
    monkeypatch.setattr(networks, "default_method", lambda moving=False: "paints-frames" if moving else "paints")
    monkeypatch.setattr(networks, "load_method", lambda name, *_: loaded.append(name) or made[name])
    swapper = FaceSwapper(device="cpu", restore="none", detector=TwoFaces(), threads=1)
    assert swapper.swap_image(photos[0], photos[1]).swapped == [0, 1] and loaded == ["paints"], (
        "nothing is loaded ahead"
    )
    clip = write_clip(tmp_path / "clip.mp4", np.full((3, 200, 300, 3), 90, np.uint8))
    asked = {name: Mock(wraps=method.identify) for name, method in made.items()}
    for name, method in made.items():
        monkeypatch.setattr(method, "identify", asked[name])
    assert swapper.swap_video(photos[0], clip, tmp_path / "out.mp4").frames == 3
    assert asked["paints-frames"].called and not asked["paints"].called
    assert swapper.for_frames().method is made["paints-frames"] and loaded == ["paints", "paints-frames"]
    person = swapper.identify(photos[0])
    assert person.method == "paints" and swapper.for_frames(person) is swapper
    assert swapper.swap_video(person, clip, tmp_path / "again.mp4").frames == 3, "no other method could use the person"
    chosen = FaceSwapper("paints", "cpu", restore="none", detector=TwoFaces(), threads=1)
    assert chosen.for_frames() is chosen and swapper.method is made["paints"]


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


def test_kept_regions_and_painting_count_and_what_is_replaced_is_noted(swapper, photos):
    image = _pixels(photos[1]).astype(np.uint8)
    faces, identity = swapper.find_faces(image), swapper.identify(photos[0])
    plain = BlendSettings(color=0, light=0, detail=0, occluders=False, expression=0)
    swap = {"blend": plain, "assignment": {0: identity}}
    usual = swapper.swap_faces(image, faces, **swap)
    strokes = np.zeros(image.shape[:2], np.int8)
    strokes[60:70, 40:80], strokes[100:108, 50:70] = -1, 1
    painted = swapper.swap_faces(image, faces, **swap, paint=Paint(strokes))
    eyes = swapper.swap_faces(image, faces, {0: identity}, blend=replace(plain, keep=("eyes",)))
    for result in (usual, painted, eyes):
        assert result.replaced is not None and result.replaced.shape == image.shape[:2]
        changed = np.abs(result.image.astype(int) - image).max(2) > 4
        assert not changed[result.replaced == 0].any() and changed[result.replaced > 128].mean() > 0.9
    assert usual.replaced[67, 60] > 250 and painted.replaced[67, 60] < 10
    assert painted.replaced[104, 60] > max(200, int(usual.replaced[104, 60]))
    left, right = (faces[0].points[i].round().astype(int) for i in (0, 1))
    for x, y in (left, right):
        assert eyes.replaced[y, x] < 60 < usual.replaced[y, x]
