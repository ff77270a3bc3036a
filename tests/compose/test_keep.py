import numpy as np
import pytest
from drawn_face import drawn_landmarks

from swapper.compose.keep import kept_share
from swapper.compose.settings import KEPT_REGIONS, BlendSettings, check_blend_setting
from swapper.faces import mesh
from swapper.faces.regions import region_mask
from swapper.types import UserError

FEATURES = KEPT_REGIONS[:-1]
POINTS = drawn_landmarks(256)
INSIDE = {"eyes": "eyes", "brows": "brows", "nose": "nose", "mouth": "lips"}


def inner(name: str, size: int = 256) -> np.ndarray:
    """Pixels well inside one region."""
    return region_mask(drawn_landmarks(size), INSIDE[name], size) > 0.99


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("size", [128, 256, 512])
def test_a_kept_region_is_the_targets_and_others_are_not(name: str, size: int):
    kept = kept_share(drawn_landmarks(size), size, [name])
    assert kept.shape == (size, size) and kept.dtype == np.float32 and kept.min() >= 0 and kept.max() <= 1
    assert kept[inner(name, size)].mean() > 0.85
    far = [other for other in FEATURES if other != name]
    assert all(kept[inner(other, size)].mean() < 0.15 for other in far)


@pytest.mark.parametrize("name", FEATURES)
def test_keeping_the_skin_leaves_only_the_rest_to_be_swapped(name: str):
    others = [other for other in KEPT_REGIONS if other != name]
    kept = kept_share(POINTS, 256, others)
    assert kept[inner(name)].mean() < 0.15
    chin = POINTS[mesh.CHIN, :2].round().astype(int)
    assert kept[chin[1], chin[0]] > 0.99 and kept[0, 0] > 0.999


def test_regions_are_checked_and_put_in_order():
    assert BlendSettings(keep=["skin", "eyes"]).keep == ("eyes", "skin")
    assert BlendSettings(keep=["eyes"]) == BlendSettings(keep=("eyes",))
    for wrong, sentence in (
        ("eyes", "is not a list of regions. Choose from: eyes, brows"),
        (["ears"], "'ears' is not available. Choose one of: eyes"),
        ([1], "1 is not available"),
        (list(KEPT_REGIONS), "every region is kept, so nothing would change. Leave one out"),
    ):
        with pytest.raises(UserError, match=sentence):
            check_blend_setting("keep", wrong)
