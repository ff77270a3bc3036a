"""Networks that were saved whole: their tensors are collected, and nothing in the file runs."""

import io
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from official_keys import narrowed, official_shapes, random_arrays, write_checkpoint
from torch import Tensor, nn

from swapper.convert import read_official
from swapper.convert.paddle import read_paddle
from swapper.types import UserError


def nested(state: dict[str, Tensor], kinds: ModuleType) -> nn.Module:
    """A network of foreign classes with these tensors, as SimSwap's code has one."""
    root = kinds.ResNet()
    for name, value in state.items():
        module = root
        for part in name.split(".")[:-1]:
            if part not in module._modules:
                module.add_module(part, kinds.IRBlock())
            module = module._modules[part]
        if name.endswith(("running_mean", "running_var", "num_batches_tracked")):
            module.register_buffer(name.rpartition(".")[2], value)
        else:
            module.register_parameter(name.rpartition(".")[2], nn.Parameter(value))
    return root


@pytest.fixture
def state(tmp_path: Path) -> dict[str, Tensor]:
    """Tensors of a narrow identity network, which also lies in MobileFaceSwap's own format in the test's folder."""
    arrays = random_arrays(narrowed(official_shapes("arcface-se"), 4))
    return read_paddle(write_checkpoint("arcface-se", arrays, tmp_path))


def check_it_holds_the_same_network(path: Path) -> None:
    """As the file in MobileFaceSwap's format beside it."""
    found = read_official("arcface-se", path).state_dict()
    plain = read_official("arcface-se", path.with_name("arcface-se.pdparams")).state_dict()
    assert found.keys() == plain.keys()
    assert all(torch.equal(found[name], plain[name]) for name in plain)


@pytest.fixture
def foreign() -> ModuleType:
    """A module that exists while the file is written, and not while it is read."""
    module = ModuleType("foreign_arcface_models")
    for name in ("ResNet", "IRBlock"):
        setattr(module, name, type(name, (nn.Module,), {"__module__": module.__name__}))
    return module


@pytest.mark.parametrize("zipped", [True, False])
def test_simswaps_identity_network_is_read_from_its_pickle(
    zipped: bool, state: dict[str, Tensor], foreign: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "arcface_checkpoint.tar"
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, foreign.__name__, foreign)
        wrapped = nn.DataParallel(nested(state, foreign))
        torch.save({"epoch": 3, "model": wrapped}, path, _use_new_zipfile_serialization=zipped)
    check_it_holds_the_same_network(path)


def test_a_network_of_known_layers_is_read_too(tmp_path: Path) -> None:
    from swapper.convert.pickled import read_pickled_network

    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    torch.save(network, tmp_path / "net.pth")
    found = read_pickled_network(tmp_path / "net.pth")
    assert list(found) == list(network.state_dict())
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())


class Runs:
    """An object that runs something when it is unpickled in the usual way."""

    def __init__(self, call: Callable[..., object], *args: object) -> None:
        self.call, self.args = call, args

    def __reduce__(self) -> tuple[object, ...]:
        return self.call, self.args


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", ["os.system", "builtins.exec", "builtins.eval", "builtins.getattr", "torch.load"])
def test_no_code_in_a_file_runs(name: str, zipped: bool, tmp_path: Path) -> None:
    """Each call would write a file if it were made, as the usual unpickler shows for the first three."""
    proof = tmp_path / "ran"
    module, _, function = name.rpartition(".")
    call = getattr(__import__(module), function)
    args = {
        "os.system": (f"touch {proof}",),
        "builtins.exec": (f"open({str(proof)!r}, 'w').close()",),
        "builtins.eval": (f"open({str(proof)!r}, 'w')",),
        "builtins.getattr": (nn.Conv2d(1, 1, 1), "weight"),
        "torch.load": (str(proof),),
    }[name]
    path = tmp_path / "hostile.tar"
    torch.save({"model": Runs(call, *args)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UserError, match=rf"it wants to use [\w.]+\.{function}, which weights never need\. Do not use"):
        read_official("arcface-se", path)
    assert not proof.exists()
    if name in ("os.system", "builtins.exec", "builtins.eval"):
        torch.load(path, weights_only=False)
        assert proof.exists(), "the file is harmless, so this test shows nothing"


def test_an_unknown_function_is_not_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of a package that is not installed, or is, stands for an empty shell: it is never imported."""
    proof = tmp_path / "imported"
    (tmp_path / "evil_package.py").write_text(f"open({str(proof)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(tmp_path)
    data = b"\x80\x02cevil_package\nattack\nX\x01\x00\x00\x00a\x85R."
    path = tmp_path / "hostile.pth"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part, content in (("data.pkl", data), ("version", b"3"), ("byteorder", b"little")):
            archive.writestr(f"hostile/{part}", content)
    path.write_bytes(buffer.getvalue())
    with pytest.raises(UserError, match="it holds neither a state dict nor one network"):
        read_official("arcface-se", path)
    assert not proof.exists()
    with pytest.raises(AttributeError):
        pickle.loads(data)
    assert proof.exists(), "the file is harmless, so this test shows nothing"


def test_programs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "program.pt"
    torch.jit.script(nn.Conv2d(1, 1, 1)).save(path)
    with pytest.raises(UserError, match=r"program\.pt: it is a TorchScript program\. Give the checkpoint"):
        read_official("arcface-se", path)


def test_the_average_over_training_is_taken_from_score_sde(tmp_path: Path) -> None:
    arrays = random_arrays(narrowed(official_shapes("smoothswap"), 8))
    weights = {f"module.{name}": torch.from_numpy(value) for name, value in arrays.items()}
    trained = [name for name in weights if not name.endswith((".sigmas", "all_modules.0.W"))]
    average = {name: weights[name] + 1 for name in trained}
    path = tmp_path / "checkpoint_48.pth"
    kept = {"decay": 0.9999, "num_updates": 9, "shadow_params": list(average.values())}
    torch.save({"optimizer": {}, "model": weights, "ema": kept, "step": 9}, path)
    found = read_official("smoothswap", path).state_dict()
    last = {name.removeprefix("module."): value for name, value in {**weights, **average}.items()}
    torch.save(last, tmp_path / "plain.pth")
    wanted = read_official("smoothswap", tmp_path / "plain.pth").state_dict()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    torch.save({"model": weights, "ema": {"shadow_params": kept["shadow_params"][1:]}}, path)
    with pytest.raises(UserError, match="averages over training are not those of its"):
        read_official("smoothswap", path)


def test_what_training_on_graphics_cards_left_in_the_file_is_passed_over(
    state: dict[str, Tensor], foreign: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SimSwap's file is a checkpoint of its training: two networks, the optimiser, where it ran, and its score."""
    path = tmp_path / "arcface_checkpoint.tar"
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, foreign.__name__, foreign)
        wrapped = nn.DataParallel(nested(state, foreign))
        wrapped.src_device_obj = torch.device("cuda:0")  # pyright: ignore[reportAttributeAccessIssue]
        margin = nn.DataParallel(nn.Linear(4, 2))
        optimizer = torch.optim.SGD(margin.parameters(), lr=0.1, momentum=0.9)
        margin(torch.ones(1, 4)).sum().backward()
        optimizer.step()
        rest = {"acc": np.float64(0.99), "metric_fc": margin, "optimizer": optimizer, "dtype": torch.float16}
        torch.save({"epoch": 3, **rest, "model": wrapped}, path)
    check_it_holds_the_same_network(path)
    torch.save({"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)}, path)
    with pytest.raises(UserError, match="it holds neither a state dict nor one network"):
        read_official("arcface-se", path)
