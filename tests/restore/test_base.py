import pytest
import torch

from swapper.registry import RESTORERS, named
from swapper.restore import default
from swapper.restore.base import Restorer, load_restorer, restorers
from swapper.restore.default import default_restorer
from swapper.restore.gfpgan import GFPGANRestorer
from swapper.restore.onnx_hub import OnnxRestorer
from swapper.restore.onnx_records import RECORDS
from swapper.restore.renovation import RenovationRestorer
from swapper.types import UserError

CPU = torch.device("cpu")


def test_names_start_with_none() -> None:
    assert restorers() == ["none", "renovation", "gfpgan", *RECORDS]
    assert load_restorer("none", CPU) is None


def test_photos_are_renovated_and_videos_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (default_restorer(), default_restorer(moving=True)) == ("renovation", "none")
    monkeypatch.setattr(default.files, "find", lambda _name: None)
    assert default_restorer() == "none", "nothing is downloaded that nobody asked for"


def test_table_names_the_classes() -> None:
    kinds = [named(info.cls) for info in RESTORERS.values()]
    assert kinds == [RenovationRestorer, GFPGANRestorer, *[OnnxRestorer] * len(RECORDS)]
    restorer = GFPGANRestorer(CPU, network=lambda faces: faces)
    assert isinstance(restorer, Restorer)
    assert [name for name, info in RESTORERS.items() if info.made(restorer)] == ["gfpgan"]


def test_unknown_name_is_refused() -> None:
    with pytest.raises(
        UserError,
        match=r"Unknown restoration 'sharpener'\. Choose one of: none, renovation, gfpgan, gpen_bfr_256, .*\.",
    ):
        load_restorer("sharpener", CPU)
