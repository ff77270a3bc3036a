import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from swapper.faces.align import TEMPLATES
from trainers.data import augment


def maps(angle=0.0, scale=1.0, shift=(0.0, 0.0), mirror=False):
    return augment.similarity_grid(
        torch.tensor([angle]), torch.tensor([scale]), torch.tensor([shift]), torch.tensor([mirror])
    )


def spot(x, y, size=64):
    image = torch.zeros(1, 3, size, size)
    image[:, :, y, x] = 1
    return image


@settings(deadline=None, max_examples=30)
@given(
    angle=st.floats(-0.5, 0.5),
    scale=st.floats(0.9, 1.3),
    dx=st.floats(-0.1, 0.1),
    dy=st.floats(-0.1, 0.1),
    mirror=st.booleans(),
)
def test_pixels_and_landmarks_move_together(angle, scale, dx, dy, mirror):
    size, x, y = 64, 36, 28
    affine = maps(angle, scale, (dx, dy), mirror)
    landmarks = torch.tensor([[[x / size, y / size, 0.0]]])
    moved = augment.transform_landmarks(landmarks, affine)[0, 0, :2] * size
    image = augment.gaussian_blur(spot(x, y, size), torch.tensor([1.5]))
    weight = augment.warp_images(image, affine, size)[0, 0]
    steps = torch.arange(size, dtype=torch.float32)
    centre = torch.stack([(weight.sum(0) * steps).sum(), (weight.sum(1) * steps).sum()]) / weight.sum()
    assert torch.dist(moved, centre) < 0.3


def test_the_identity_map_changes_nothing():
    image = torch.rand(2, 3, 32, 32)
    same = augment.warp_images(image, torch.eye(2, 3).expand(2, 2, 3), 32)
    torch.testing.assert_close(same, image, atol=1e-5, rtol=0)


def test_alignment_maps_carry_the_template_onto_itself():
    points = torch.from_numpy(TEMPLATES["arcface"])[None]
    torch.testing.assert_close(augment.alignment_maps(points, "arcface"), torch.eye(2, 3)[None], atol=1e-5, rtol=0)


def test_maps_compose_in_the_order_said():
    first, second = maps(angle=0.3, shift=(0.1, 0.0)), maps(scale=1.2, shift=(0.0, 0.05))
    points = torch.rand(1, 5, 3)
    once = augment.transform_landmarks(points, augment.compose_maps(second, first))
    twice = augment.transform_landmarks(augment.transform_landmarks(points, first), second)
    torch.testing.assert_close(once, twice)


def test_a_plan_is_replayed_exactly_and_stays_in_range():
    images = torch.rand(4, 3, 32, 32)

    def once():
        generator = Generator().manual_seed(5)
        color, loss = augment.draw_color(generator, 4), augment.draw_degradation(generator, 4)
        hidden = augment.draw_occlusion(generator, 4, 1.0)
        return augment.degrade(augment.occlude(augment.adjust_color(images, color), hidden), loss)

    assert torch.equal(once(), once())
    assert once().min() >= 0 and once().max() <= 1


def test_jpeg_loses_more_at_low_quality_and_nothing_at_100():
    image = augment.gaussian_blur(torch.rand(1, 3, 64, 64, generator=Generator().manual_seed(0)), torch.tensor([1.0]))
    losses = [(augment.jpeg(image, torch.tensor([q])) - image).abs().mean() for q in (10.0, 50.0, 90.0, 100.0)]
    assert losses[0] > losses[1] > losses[2] > losses[3] == 0


def test_blur_keeps_the_mean_and_spreads_by_sigma():
    blurred = augment.gaussian_blur(spot(32, 32), torch.tensor([2.0]))[0, 0]
    offsets = torch.arange(64) - 32
    variance = (blurred.sum(0) * offsets**2).sum() / blurred.sum()
    assert math.isclose(float(variance) ** 0.5, 2.0, rel_tol=0.05)
