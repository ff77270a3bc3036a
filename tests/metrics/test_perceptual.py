import cv2
import numpy as np
import pytest
import torch

from swapper.metrics.perceptual import PerceptualDistance
from swapper.models.arcface import MobileFaceNet, MobileFaceNetConfig


@pytest.fixture(scope="module")
def distance() -> PerceptualDistance:
    torch.manual_seed(0)
    return PerceptualDistance(MobileFaceNet(MobileFaceNetConfig.lite()))


def test_it_is_a_metric_of_looks(distance, texture):
    plain, other = texture((200, 120, 90)), texture((90, 120, 200), seed=1)
    soft = cv2.GaussianBlur(plain, (0, 0), 3)
    steps, direct = distance.path([plain, plain, soft, other])
    assert steps[0] == 0
    assert 0 < steps[1] < 2 and 0 < direct < 2
    assert direct <= steps.sum() + 1e-6
    back, _ = distance.path([other, soft])
    assert back[0] == pytest.approx(steps[2], rel=1e-4)


def test_pictures_are_looked_at_in_one_size(distance, texture):
    picture = texture((200, 120, 90))
    assert distance.describe(picture).shape == distance.describe(np.ascontiguousarray(picture[::4, ::4])).shape
