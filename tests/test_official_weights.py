"""Official checkpoints, converted and swapped with through the public API, against each published pipeline."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from published_pipelines import PLAIN, SYSTEMS, Scene, official_files, pasted

from swapper import FaceSwapper

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_the_published_pipeline(system: str, portraits: list[Path], tmp_path: Path) -> None:
    official, weights = SYSTEMS[system], official_files(system, tmp_path)
    photos = [
        np.asarray(Image.open(path).convert("RGB").resize((official.side,) * 2, Image.Resampling.LANCZOS))
        for path in portraits[:3]
    ]
    swapper = FaceSwapper(system, "cpu", weights=weights, restore="none", blend=PLAIN, threads=1)
    result = swapper.swap_image(photos[0], photos[2])
    who, other = (swapper.find_faces(photo)[0] for photo in photos[:2])
    scene = Scene(tmp_path, photos[0], photos[2], who, result.faces[0])
    with torch.no_grad():
        wanted = pasted(scene, official.reference(scene))
        another = pasted(scene, official.reference(replace(scene, source=photos[1], who=other)))
    assert np.abs(wanted - photos[2]).mean() > 3, "the reference leaves the target as it was"
    assert np.abs(wanted - another).max() > 5, "the reference does not listen to the source"
    assert np.abs(result.image - wanted).max() <= 2
