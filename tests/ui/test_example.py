import dataclasses
from pathlib import Path

from two_faces import draw

from swapper.compose.settings import BlendSettings
from swapper.provenance import Origin
from swapper.restore.default import default_restorer
from swapper.ui.example import FinishedExample
from swapper.ui.swappers import offered_methods


def test_the_example_is_swapped_once_with_the_usual_settings(swappers, tmp_path):
    source, target = (Path(draw(tmp_path / f"{seed}.png", seed=seed)) for seed in (0, 1))
    example, made = FinishedExample(source, target), []
    usual = next(iter(offered_methods())), default_restorer(), BlendSettings()
    first, origin = example.get(swappers, lambda: made.append(1), *usual)
    second, _ = example.get(swappers, lambda: made.append(2), *usual)
    assert first is second and made == [1] and origin == Origin("warp", default_restorer()) and first.swapped == [0]
    other = "warp", "none", dataclasses.replace(BlendSettings(), feather=2.0)
    third, origin = example.get(swappers, lambda: made.append(3), *other)
    assert third is not first and made == [1, 3] and origin.restore == "none"
