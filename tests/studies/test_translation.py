import numpy as np
import pytest

from swapper.studies.translation import Translation


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    seen = unit(rng.normal(size=(120, 8)))
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    return seen, unit(seen @ turn + 0.05 * rng.normal(size=seen.shape))


def test_a_and_b_are_told_exactly_and_others_nearly(people):
    seen, wanted = people
    found = Translation(seen[2:], wanted[2:], seen[:2], wanted[:2])
    np.testing.assert_allclose(found(seen[:2]), wanted[:2], atol=1e-3)
    assert (found(seen[2:]) * wanted[2:]).sum(1).min() > 0.9
    np.testing.assert_allclose(np.linalg.norm(found(seen[5:9]), axis=1), 1, atol=1e-9)


def test_it_says_how_well_it_knows_somebody_it_has_not_seen(people):
    seen, wanted = people
    rows = slice(2, 60)
    found = Translation(seen[rows], wanted[rows], seen[:2], wanted[:2])
    left = [
        float(
            Translation(np.delete(seen[rows], i, 0), np.delete(wanted[rows], i, 0), seen[:2], wanted[:2])(
                seen[[2 + i]]
            )[0]
            @ wanted[2 + i]
        )
        for i in range(0, 58, 6)
    ]
    assert found.fidelity == pytest.approx(np.mean(left), abs=0.05)
    mixed = Translation(seen[rows], np.roll(wanted[rows], 7, 0), seen[:2], wanted[:2])
    assert mixed.fidelity < 0.3 < found.fidelity


def test_the_middle_is_not_the_middle_of_a_straight_line(people):
    seen, wanted = people
    found = Translation(seen[2:], wanted[2:], seen[:2], wanted[:2])
    told = found(unit(seen[:1] + seen[1:2]))[0]
    assert told @ unit(wanted[0] + wanted[1]) < 0.9999
