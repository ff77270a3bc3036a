from pathlib import Path

from two_faces import draw

from swapper.provenance import Origin
from swapper.restore.default import default_restorer
from swapper.ui.example import FinishedExample


def test_the_example_is_swapped_once(swappers, tmp_path):
    source, target = (Path(draw(tmp_path / f"{seed}.png", seed=seed)) for seed in (0, 1))
    example, made = FinishedExample(source, target), []
    first, origin = example.get(swappers, lambda: made.append(1))
    second, _ = example.get(swappers, lambda: made.append(2))
    assert first is second and made == [1] and origin == Origin("warp", default_restorer()) and first.swapped == [0]
