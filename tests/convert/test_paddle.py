"""Paddle files read without Paddle."""

import collections
import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from swapper.convert.paddle import read_paddle
from swapper.types import UserError

ARRAYS = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "fc.weight": np.arange(6, dtype=np.float32).reshape(3, 2),
    "bn._mean": np.ones(2, dtype=np.float32),
    "bn._variance": np.full(2, 2, dtype=np.float32),
    "prelu._weight": np.array([0.25], dtype=np.float32),
}


def check(path: Path) -> None:
    state = read_paddle(path)
    assert set(state) == {"conv.weight", "fc.weight", "bn.running_mean", "bn.running_var", "prelu.weight"}
    assert state["fc.weight"].tolist() == [[0, 2, 4], [1, 3, 5]], "linear weights are (in, out) in Paddle"
    assert torch.equal(state["conv.weight"], torch.from_numpy(ARRAYS["conv.weight"]))
    assert state["bn.running_var"].tolist() == [2, 2]


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_state_dict_with_its_table_of_names(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "net.pdparams"
    content = ARRAYS | {"StructuredToParameterName@@": {name: f"param_{name}" for name in ARRAYS}}
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    check(path)


def test_names_of_older_and_newer_numpy(tmp_path: Path) -> None:
    path = tmp_path / "net.pdparams"
    written = pickle.dumps(ARRAYS, protocol=2)
    other = written.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert other != written
    path.write_bytes(other)
    check(path)


def test_parameters_with_their_internal_names(tmp_path: Path) -> None:
    class Parameter:
        def __init__(self, name: str, value: np.ndarray) -> None:
            self.name, self.value = name, value

        def __reduce__(self) -> tuple:
            return (tuple, ((self.name, self.value),))

    path = tmp_path / "net.pdparams"
    path.write_bytes(pickle.dumps(collections.OrderedDict((k, Parameter(f"p_{k}", v)) for k, v in ARRAYS.items())))
    check(path)


def test_arrays_cut_in_slices(tmp_path: Path) -> None:
    flat = ARRAYS["conv.weight"].ravel()
    content = {name: value for name, value in ARRAYS.items() if name != "conv.weight"}
    content |= {"conv.weight@@.0": flat[:20], "conv.weight@@.1": flat[20:]}
    said = {"conv.weight": {"OriginShape": (2, 3, 2, 2), "slices": ["conv.weight@@.0", "conv.weight@@.1"]}}
    path = tmp_path / "net.pdparams"
    path.write_bytes(pickle.dumps(content | {"UnpackBigParamInfor@@": said}, protocol=2))
    check(path)


class Attack:
    """What a hostile file would hold."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


@pytest.mark.parametrize(
    ("attack", "name"),
    [
        (Attack(os.mkdir, "was-run"), "posix.mkdir"),
        (Attack(eval, "open('was-run', 'w')"), "builtins.eval"),
        (Attack(getattr, np.ndarray, "dump"), "builtins.getattr"),
        (Attack(io.open, "was-run", "w"), "io.open"),
        (Attack(np.load, "was-run"), "numpy.load"),
    ],
)
def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Attack, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.pdparams"
    path.write_bytes(pickle.dumps({"conv.weight": attack}, protocol=2))
    with pytest.raises(UserError, match=r"it wants to use [\w.]+, which weights never need") as caught:
        read_paddle(path)
    assert name.rsplit(".", 1)[1] in str(caught.value)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable Paddle file"),
        (b"PK\x03\x04 not a pickle", "not a readable Paddle file"),
        (pickle.dumps(ARRAYS)[:-40], "not a readable Paddle file"),
        (pickle.dumps([1, 2]), "contains a list, not parameters"),
        (pickle.dumps({"epoch": 3}), "epoch is not an array"),
        (pickle.dumps({"names": np.array(["a"], dtype=object)}), "names is not an array"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "net.pdparams"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_paddle(path)
