from pathlib import Path

import pytest

from swapper.hub import files
from swapper.methods.base import METHODS, default_method, local_methods, methods
from swapper.registry import named


def test_default_is_the_first_method_whose_weights_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(files, "entries", list)
    assert default_method() == "warp"
    first = METHODS[methods()[0]]
    assert first.weights
    for name in first.weights[:-1]:
        (tmp_path / f"{name}.safetensors").touch()
    assert default_method() == "warp"
    (tmp_path / f"{first.weights[-1]}.safetensors").touch()
    assert default_method() == methods()[0]


def test_videos_get_a_quick_method_before_a_better_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(files, "entries", list)
    for name in {*METHODS["ghost"].weights, *METHODS["mobilefaceswap"].weights}:
        (tmp_path / f"{name}.safetensors").touch()
    assert local_methods() == ["ghost", "mobilefaceswap", "warp"]
    assert local_methods(moving=True) == ["mobilefaceswap", "ghost", "warp"]
    assert (default_method(), default_method(moving=True)) == ("ghost", "mobilefaceswap")


def test_every_row_is_complete() -> None:
    assert METHODS
    for name, info in METHODS.items():
        assert info.cls.startswith("swapper.methods.") and info.cls.endswith("Method")
        assert info.label and info.sentence.endswith(".")
        assert info.weights or name == "warp"
        method = named(info.cls)
        assert method.name == name
        assert (info.space != "") == hasattr(method, "interpolate")
