"""What one method made of a person, given to every other one: refused in one sentence, by whatever takes it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx_stand_ins import write_converter, write_embedder, write_swapper
from published_pipelines import official_files

from swapper import FaceSwapper, hub
from swapper.methods.base import InterpolatingMethod, Method, alignment_of, load_method, swap_crops
from swapper.methods.likeness import can_interpolate
from swapper.methods.onnx_records import RECORDS
from swapper.methods.pixel_boost import at_resolution
from swapper.registry import METHODS
from swapper.types import Crop, Identity, UserError

CPU = torch.device("cpu")
PUBLISHED = ("hyperswap_1a_256", "hyperswap_1b_256", "uniface_256", "ghost_1_256")
OFFICIAL = ("simswap", "rafswap")  # of these there are no shipped weights, or others as well


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Method], dict[str, Identity]]]:
    """All methods by what they are called here, and what each made of the same person."""
    folder, portraits = tmp_path_factory.mktemp("weights"), Path(__file__).parents[2] / "examples" / "portraits"
    if not portraits.is_dir():
        pytest.skip("the example portraits are not here")
    write_embedder(folder / "w600k_r50.onnx")
    write_converter(folder / "crossface_ghost.onnx")
    for name in PUBLISHED:
        write_swapper(folder / f"{name}.onnx", RECORDS[name])
    shipped = [name for name, info in METHODS.items() if all(map(hub.find, info.weights))]
    assert len(shipped) >= 5
    methods = {name: load_method(name, CPU) for name in shipped}
    for name in OFFICIAL:
        place = folder / name
        place.mkdir()
        methods[f"official {name}"] = load_method(name, CPU, weights=official_files(name, place))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "resolve", lambda name, trust=False: folder / f"{name}.onnx")
        methods |= {name: load_method(f"onnx:{name}", CPU) for name in PUBLISHED}
        methods["boosted"] = at_resolution(methods["hyperswap_1a_256"], 512)
    photo = FaceSwapper("warp", "cpu", restore="none", threads=1).source_crop(portraits / "01.jpg")
    yield methods, {name: method.identify([photo]) for name, method in methods.items()}


def crop_for(method: Method) -> Crop:
    cut = alignment_of(method)
    points = np.random.default_rng(0).random((478, 3)).astype(np.float32) * cut.size
    return Crop(np.full((cut.size, cut.size, 3), 128, np.uint8), np.eye(2, 3, dtype=np.float32), points)


@pytest.mark.slow
def test_every_method_refuses_what_every_other_made(
    known: tuple[dict[str, Method], dict[str, Identity]],
) -> None:
    methods, people = known
    refused = 0
    for user, method in methods.items():
        crop = crop_for(method)
        faces = torch.zeros(1, 3, method.size, method.size)
        for maker, identity in people.items():
            if {user, maker} <= {"boosted", "hyperswap_1a_256"} or user == maker:
                continue
            tries = [
                lambda m=method, i=identity, f=faces: m.swap(i, f, None),
                lambda m=method, i=identity, c=crop: swap_crops(m, i, [c], CPU),
            ]
            if can_interpolate(method):
                assert isinstance(method, InterpolatingMethod)
                own = people[user]
                tries += [
                    lambda m=method, i=identity, o=own: m.interpolate(i, o, 0.5),
                    lambda m=method, i=identity, o=own: m.interpolate(o, i, 0.5),
                ]
            for attempt in tries:
                with pytest.raises(UserError) as found:
                    attempt()
                said = str(found.value)
                assert said.count(". ") == 1 and said.endswith(".") and "\n" not in said, said
                assert "Make it again with" in said and (
                    f"'{identity.method}'" in said or f"'{identity.space}'" in said
                )
                refused += 1
    assert refused > 200
