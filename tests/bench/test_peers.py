"""The table of well-known swapping networks."""

import math
from pathlib import Path

import numpy as np
import pytest

from swapper.bench import peers
from swapper.hub import entries
from swapper.runtime.onnx_session import open_session


@pytest.mark.parametrize(("size", "name"), [(128, "inswapper_128"), (256, "hyperswap_1a_256")])
def test_stand_ins_are_as_large_as_the_published_files(size: int, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def weight(self: peers._AdaINSwapper, *shape: int) -> str:
        counted.append(math.prod(shape))
        return "weight"

    monkeypatch.setattr(peers._AdaINSwapper, "_weight", weight)
    title = f"{name.split('_')[0]}'s size, {size}"
    widths, blocks = peers._PEERS[title].args[1:]
    peers._AdaINSwapper(size, widths, blocks)
    published = next(row.bytes for row in entries() if row.name == name)
    assert 4 * sum(counted) == pytest.approx(published, rel=0.03)


@pytest.mark.parametrize("size", [128, 256])
def test_a_stand_in_draws_a_picture(tmp_path: Path, size: int) -> None:
    made = peers._AdaINSwapper(size, (2, 2, 4, 4), 1)
    made.save(tmp_path / "swapper.onnx")
    drawn = np.asarray(open_session(tmp_path / "swapper.onnx", threads=1).run(None, made.feed())[0])
    assert drawn.shape == (1, 3, size, size) and 0 <= drawn.min() < drawn.max() <= 1


def test_every_peer_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "_PEERS", {"ours": peers._PEERS["MobileFaceSwap 128, this project"]})
    monkeypatch.setattr(peers, "_rest_of_a_frame", lambda repeats: 100.0)
    said: list[str] = []
    (row,) = peers.peers_report(seconds=0.0, tell=lambda done, count, name: said.append(name))["rows"]
    assert row["params M"] == 0.5 and row["ms/720p"] == pytest.approx(100 + row["ms/face"], abs=0.11)
    assert row["share_of_gemm"] > 0 and said == ["matrix product", "ours"]


def test_what_ships_is_timed_with_all_that_it_does_for_a_face(tmp_path: Path) -> None:
    run, params, macs = peers._PEERS["mobilefaceswap, as it ships"](tmp_path)
    assert run().face.shape == (1, 3, 192, 192) and 0.4e6 < params < 0.6e6 and 0.1e9 < macs < 0.3e9
