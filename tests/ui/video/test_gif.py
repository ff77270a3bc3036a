"""GIFs as targets of the Video tab."""

from pathlib import Path

import numpy as np
import pytest
from clips import background, pictures, times
from PIL import Image

from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.video.gif import stand_in


def gif(path: Path, width: int, height: int, milliseconds: list[int]) -> str:
    first, *others = (Image.fromarray(background(height, width, seed)) for seed in range(len(milliseconds)))
    first.save(path, save_all=True, append_images=others, duration=milliseconds)
    return str(path)


def test_the_stand_in_shows_the_same_at_the_same_times(uploads):
    path = gif(uploads / "odd.gif", 161, 121, [100, 300, 50, 200])
    found = stand_in(path, Limits())
    assert found.path == path and Path(found.stand_in).is_relative_to(uploads)
    assert times(Path(found.stand_in)) == pytest.approx([0, 0.1, 0.4, 0.45], abs=0.011)
    shown = pictures(Path(found.stand_in))
    assert shown[0].shape == (120, 160, 3)
    with Image.open(path) as image:
        own = np.asarray(image.convert("RGB").resize((160, 120)))
    assert np.abs(own.astype(int) - shown[0]).mean() < 4
    assert found.stands_for(f"/elsewhere/{Path(found.stand_in).name}") and not found.stands_for(path)


def test_large_ones_are_reduced(uploads):
    found = stand_in(gif(uploads / "large.gif", 1000, 500, [100, 100]), Limits())
    assert pictures(Path(found.stand_in))[0].shape == (240, 480, 3)


def test_what_is_no_animation_is_refused(uploads):
    (uploads / "notes.gif").write_text("no picture")
    with pytest.raises(UserError, match="not a readable video"):
        stand_in(str(uploads / "notes.gif"), Limits())
