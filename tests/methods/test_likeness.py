import re

import numpy as np
import pytest
import torch

from swapper import hub
from swapper.methods.likeness import extrapolate_identity, likeness_warnings
from swapper.methods.redrawing import RedrawingMethod
from swapper.methods.smoothswap import SmoothSwapMethod
from swapper.types import Crop, Identity
from swapper.ui.languages import korean

HANGUL = re.compile("[가-힣]")
SOURCE, TARGET = np.eye(4, dtype=np.float32)[:2]
CROP = Crop(np.zeros((256, 256, 3), np.uint8), np.eye(2, 3, dtype=np.float32), np.zeros((478, 3), np.float32))


class Vectors(RedrawingMethod):
    """Every photo shows the same person."""

    overshoot: float
    name, size, template, device = "vectors", 8, "ffhq", torch.device("cpu")

    def identify(self, crops):
        return Identity(self.name, TARGET)

    def draw(self, targets, vectors):
        return targets


def test_more_than_the_source_moves_away_from_the_target():
    method = Vectors()
    source = Identity("vectors", SOURCE)
    angles = {}
    for likeness in (0.0, 0.5, 1.0, 1.25):
        aimed = extrapolate_identity(method, source, CROP, likeness).embedding
        assert np.linalg.norm(aimed) == pytest.approx(1)
        angles[likeness] = np.degrees(np.arctan2(aimed @ SOURCE, aimed @ TARGET))
    assert angles == pytest.approx({0.0: 0, 0.5: 45, 1.0: 90, 1.25: 112.5}, abs=1e-3)


def test_a_method_that_cannot_mix_people_takes_the_source_as_it_is():
    class Fixed:
        name, size, template = "fixed", 8, "ffhq"

        def identify(self, crops):
            raise AssertionError("the target is not looked at")

        def swap(self, identity, faces, landmarks=None):
            raise AssertionError

    source = Identity("fixed", SOURCE)
    assert extrapolate_identity(Fixed(), source, CROP, 1.3) is source
    (said,) = likeness_warnings(Fixed(), 1.3)
    assert said.startswith("Likeness 1.3: 'fixed' cannot interpolate between people, so it is ignored.")
    assert HANGUL.search(korean(said)), "the app says it in Korean too"
    assert likeness_warnings(Fixed(), 1.0) == likeness_warnings(Vectors(), 1.3) == []


def test_a_method_that_overshoots_is_told_to_go_farther():
    method, source = Vectors(), Identity("vectors", SOURCE)
    plain = extrapolate_identity(method, source, CROP, 1.25).embedding
    method.overshoot = 1.25
    np.testing.assert_allclose(extrapolate_identity(method, source, CROP, 1.0).embedding, plain, atol=1e-6)
    np.testing.assert_allclose(extrapolate_identity(method, source, CROP, 0.0).embedding, TARGET, atol=1e-6)


def test_weights_of_the_users_are_told_what_they_are_asked_for():
    cpu = torch.device("cpu")
    assert SmoothSwapMethod(cpu).overshoot > 1
    assert SmoothSwapMethod(cpu, weights=hub.resolve("smoothswap-lite")).overshoot == 1
