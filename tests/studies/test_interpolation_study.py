from dataclasses import replace

import numpy as np
import pytest
from random_student import offer_student

from swapper.images import read_image
from swapper.methods import base
from swapper.methods.reference import TargetUnchanged
from swapper.pipeline import FaceSwapper
from swapper.studies.gallery import Gallery
from swapper.studies.interpolation_study import (
    PathChoice,
    choose_interpolating_method,
    choose_paths,
    draw_paths,
    interpolating_methods,
)
from swapper.types import UserError

STUDENT = [PathChoice("mobilefaceswap", "arcface")]


def test_an_interpolation_draws_one_picture_a_share_and_changes_one_face(student, portraits):
    target = read_image(portraits[2])
    faces, photos = student.find_faces(target), tuple(student.source_crop(path) for path in portraits[:2])
    drawn = list(draw_paths(STUDENT, lambda _: student, photos, target, faces, [0.0, 0.5, 1.0], {}, None))
    assert [(path, step.share, fidelity) for path, step, fidelity in drawn] == [
        (0, 0, None),
        (0, 0.5, None),
        (0, 1, None),
    ]
    steps = [step for _, step, _ in drawn]
    for step in steps:
        assert step.image.shape == target.shape and step.crop.image.shape == (256, 256, 3)
    alone = student.swap_faces(target, faces, {0: student.method.identify(photos[:1])}).image
    np.testing.assert_allclose(steps[0].image.astype(int), alone, atol=3)
    assert np.abs(steps[0].image.astype(int) - steps[2].image).max() > 3
    assert all(np.array_equal(step.crop.matrix, steps[0].crop.matrix) for step in steps)


def test_methods_that_mix_nobody_do_not_interpolate(portraits):
    swapper = FaceSwapper(TargetUnchanged(), "cpu", restore="none")
    image = read_image(portraits[0])
    photos = swapper.source_crop(portraits[0]), swapper.source_crop(portraits[1])
    with pytest.raises(UserError, match="cannot interpolate between two people"):
        next(draw_paths(STUDENT, lambda _: swapper, photos, image, swapper.find_faces(image), [0.0], {}, None))


def test_the_method_is_the_first_here_that_interpolates_in_the_space(student_folder, monkeypatch):
    offer_student(student_folder, monkeypatch)
    assert interpolating_methods()["mobilefaceswap"] == "arcface"
    assert choose_interpolating_method() == choose_interpolating_method(space="smooth") == "smoothswap"
    assert choose_interpolating_method(space="arcface") == "ghost"
    assert choose_interpolating_method("ghost") == "ghost"
    with pytest.raises(UserError, match=r"'mobilefaceswap' does not interpolate in the smooth"):
        choose_interpolating_method("mobilefaceswap", "smooth")
    with pytest.raises(
        UserError, match=r"'warp' cannot interpolate between two people\. Choose one of: ghost, mobilefaceswap"
    ):
        choose_interpolating_method("warp")


def test_the_second_path_is_of_the_other_embedder():
    smooth, arcface = PathChoice("smoothswap", "smooth"), PathChoice("ghost", "arcface")
    assert choose_paths() == [smooth, arcface]
    assert choose_paths("ghost") == [arcface, smooth]
    assert choose_paths(space="arcface") == [arcface, smooth]
    assert choose_paths(against="none") == [smooth]
    assert choose_paths(against="same") == [smooth, PathChoice("smoothswap", "arcface")]
    assert choose_paths("ghost", "same") == [arcface, PathChoice("ghost", "smooth")]
    assert choose_paths("ghost", "mobilefaceswap") == [arcface, PathChoice("mobilefaceswap", "arcface")]
    for method in ("mobilefaceswap", "rafswap"):
        with pytest.raises(UserError, match=f"The generator of '{method}' .* cannot be told"):
            choose_paths(method, "same")
    with pytest.raises(UserError, match="'warp' cannot interpolate"):
        choose_paths(against="warp")


def test_without_weights_it_says_what_to_get(monkeypatch):
    monkeypatch.setattr("swapper.studies.interpolation_study.hub.find", lambda _name: None)
    assert interpolating_methods() == {}
    assert choose_paths("ghost") == [PathChoice("ghost", "arcface")], "nothing to put beside it"
    with pytest.raises(UserError, match="weights pull smoothswap-lite smooth-embedder-lite"):
        choose_interpolating_method()
    first = next(info for info in base.METHODS.values() if info.space == "arcface")
    with pytest.raises(UserError, match=f"weights pull {first.weights[0]}"):
        choose_interpolating_method(space="arcface")


@pytest.mark.slow  # 6 s: the shipped GHOST and both embedders
def test_one_generator_can_be_told_both_paths(portraits, evaluators):
    ghost = FaceSwapper("ghost", "cpu", restore="none")
    target, photos = read_image(portraits[2]), (ghost.source_crop(portraits[0]), ghost.source_crop(portraits[1]))
    faces, ends = ghost.find_faces(target), {name: one.embed(photos) for name, one in evaluators.embedders.items()}
    crops = [ghost.source_crop(path) for path in portraits[3:]]
    rows = {name: one.embed(crops) for name, one in evaluators.embedders.items()}
    gallery = Gallery(rows, np.arange(len(crops)))
    given = lambda _: ghost, photos, target, faces, [0.0, 1.0], ends
    choices = choose_paths("ghost", "same")
    drawn = list(draw_paths(choices, *given, gallery))
    own, told = (drawn[:2], drawn[2:])
    assert [fidelity for *_, fidelity in own] == [None, None] and all(-1 < one[2] < 1 for one in told)
    for mine, other in zip(own, told, strict=True):  # both ends are told exactly
        np.testing.assert_allclose(mine[1].image.astype(int), other[1].image, atol=8)
    few = replace(gallery, people=np.zeros(len(crops), np.int64))
    with pytest.raises(UserError, match="too few people"):
        list(draw_paths(choices[1:], *given, few))
