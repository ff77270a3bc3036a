import numpy as np
import pytest
from random_student import offer_student

from swapper.images import read_image
from swapper.interpolation import path_shares
from swapper.methods import base
from swapper.methods.reference import TargetUnchanged
from swapper.pipeline import FaceSwapper
from swapper.studies.interpolation_study import (
    choose_interpolating_method,
    embed_folder,
    interpolate_faces,
    interpolating_methods,
)
from swapper.types import Identity, UserError


def test_an_interpolation_draws_one_picture_a_share_and_changes_one_face(student, portraits):
    target = read_image(portraits[2])
    faces = student.find_faces(target)
    people = student.identify(portraits[0]), student.identify(portraits[1])
    steps = list(interpolate_faces(student, people, target, faces, path_shares(1)))
    assert [step.share for step in steps] == [0, 0.5, 1]
    for step in steps:
        assert step.image.shape == target.shape and step.crop.image.shape == (256, 256, 3)
    alone = student.swap_faces(target, faces, {0: people[0]}).image
    np.testing.assert_allclose(steps[0].image.astype(int), alone, atol=3)
    assert np.abs(steps[0].image.astype(int) - steps[2].image).max() > 3
    assert all(np.array_equal(step.crop.matrix, steps[0].crop.matrix) for step in steps)


def test_methods_that_mix_nobody_do_not_interpolate(portraits):
    swapper = FaceSwapper(TargetUnchanged(), "cpu", restore="none")
    person = Identity("target unchanged", np.zeros(1, np.float32))
    image = read_image(portraits[0])
    with pytest.raises(UserError, match="cannot interpolate between two people"):
        next(interpolate_faces(swapper, (person, person), image, swapper.find_faces(image), [0.0]))


def test_the_method_is_the_first_here_that_interpolates_in_the_space(student_folder, monkeypatch):
    offer_student(student_folder, monkeypatch)
    assert interpolating_methods()["mobilefaceswap"] == "arcface"
    assert (
        choose_interpolating_method()
        == choose_interpolating_method(space="arcface")
        == next(iter(interpolating_methods()))
    )
    assert choose_interpolating_method("ghost") == "ghost"
    with pytest.raises(UserError, match=r"'mobilefaceswap' does not interpolate in the smooth"):
        choose_interpolating_method("mobilefaceswap", "smooth")
    with pytest.raises(
        UserError, match=r"'warp' cannot interpolate between two people\. Choose one of: ghost, mobilefaceswap"
    ):
        choose_interpolating_method("warp")


def test_without_weights_it_says_what_to_get(monkeypatch):
    monkeypatch.setattr("swapper.studies.interpolation_study.hub.find", lambda _name: None)
    assert interpolating_methods() == {}
    with pytest.raises(UserError, match="weights pull smoothswap-lite smooth-embedder-lite"):
        choose_interpolating_method(space="smooth")
    first = next(info for info in base.METHODS.values() if info.space)
    with pytest.raises(UserError, match=f"weights pull {first.weights[0]}"):
        choose_interpolating_method()


def test_a_gallery_is_whoever_has_a_face(student, portraits, evaluators, tmp_path):
    for path in portraits[:2]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "notes.txt").write_text("no picture")
    found = embed_folder(tmp_path, student, evaluators.embedders)
    assert found["arcface"].shape == (2, 512)
    with pytest.raises(UserError, match="folder not found"):
        embed_folder(tmp_path / "missing", student, evaluators.embedders)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="none of its pictures shows a face"):
        embed_folder(tmp_path / "empty", student, evaluators.embedders)
