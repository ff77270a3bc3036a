import torch
from torch import Generator

from trainers.data import augment
from trainers.data.damage import damage, draw_damage, halve


def photos(count=4, size=64):
    images = torch.rand(count, 3, size, size, generator=Generator().manual_seed(0))
    return augment.gaussian_blur(images, torch.full((count,), 1.0))


def plan(**changes):
    untouched = {"sigma": 0.0, "shrink": 1.0, "noise": 0.0, "quality": 100.0}
    rows = {name: torch.full((4,), changes.get(name, value)) for name, value in untouched.items()}
    return rows | {"noise_seed": torch.arange(4)}


def test_no_damage_changes_nothing():
    torch.testing.assert_close(damage(photos(), plan()), photos())
    torch.testing.assert_close(damage(photos(), draw_damage(Generator(), 4, strength=0.0)), photos())


def test_every_kind_of_damage_hurts():
    for kind, value in (("sigma", 2.0), ("shrink", 3.0), ("noise", 0.05), ("quality", 30.0)):
        assert (damage(photos(), plan(**{kind: value})) - photos()).abs().mean() > 0.005, kind


def test_shrinking_takes_fine_detail_away():
    fine = photos() - augment.gaussian_blur(photos(), torch.full((4,), 2.0))
    shrunk = damage(photos(), plan(shrink=4.0))
    left = shrunk - augment.gaussian_blur(shrunk, torch.full((4,), 2.0))
    assert left.abs().mean() < 0.5 * fine.abs().mean()


def test_a_plan_is_replayed_exactly_row_by_row_and_stays_in_range():
    drawn = draw_damage(Generator().manual_seed(3), 4)
    once = damage(photos(), drawn)
    assert torch.equal(once, damage(photos(), drawn))
    assert once.min() >= 0 and once.max() <= 1
    part = damage(photos()[2:], {name: rows[2:] for name, rows in drawn.items()})
    torch.testing.assert_close(part, once[2:], atol=1e-4, rtol=0)  # as two processes would see it


def test_halving_keeps_size_and_mean():
    half = halve(photos())
    assert half.shape == photos().shape
    torch.testing.assert_close(half.mean(), photos().mean(), atol=1e-2, rtol=0)
