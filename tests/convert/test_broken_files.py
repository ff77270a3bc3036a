"""Official files that are cut short, renamed or something else: read by what they hold, or refused in one sentence."""

import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch
from official_keys import small_checkpoint
from torch import nn

from swapper.convert import read_official
from swapper.types import UserError


@pytest.mark.parametrize("name", ["net.bin", "net.PTH", "net.pdparams", "net.tar", "net.safetensors"])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_torch_file_may_have_any_name(name: str, zipped: bool, tmp_path: Path) -> None:
    official, _ = small_checkpoint("ghost-discriminator", tmp_path)
    torch.save(torch.load(official), tmp_path / name, _use_new_zipfile_serialization=zipped)
    assert read_official("ghost-discriminator", tmp_path / name).state_dict().keys()


@pytest.mark.parametrize("name", ["net.PDPARAMS", "net.pth", "net.tar"])
def test_a_paddle_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    official, _ = small_checkpoint("arcface-se", tmp_path)
    shutil.copy(official, tmp_path / name)
    found, plain = (read_official("arcface-se", path).state_dict() for path in (tmp_path / name, official))
    assert all(torch.equal(found[key], plain[key]) for key in plain)


@pytest.mark.parametrize("kept", [0, 1, 20, 30, 100, 0.5, -10])
@pytest.mark.parametrize("kind", ["zip", "old", "paddle"])
def test_a_file_that_is_cut_short_is_one_sentence(kind: str, kept: float, tmp_path: Path) -> None:
    system = "arcface-se" if kind == "paddle" else "ghost-discriminator"
    path, _ = small_checkpoint(system, tmp_path)
    if kind == "old":
        torch.save(torch.load(path), path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if 0 < kept < 1 else int(kept)])
    with pytest.raises(UserError, match=r"not a readable (torch|Paddle) file \([^\n]+\)\. [^\n]+\.$"):
        read_official(system, path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "it is a Git LFS pointer"),
        (b"\n<!DOCTYPE html><html><title>Virus scan warning", "it is a web page"),
    ],
)
def test_what_is_downloaded_by_mistake_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    for path in (tmp_path / "net.pth", tmp_path / "net.zip"):
        path.write_bytes(content)
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("people/latest_net_G.pth", content)
            message = "it is an archive of several files. Unpack it"
        with pytest.raises(UserError, match=re.escape(f"{path.name}: {message}")):
            read_official("simswap", path)


def test_a_storage_without_a_kind_is_one_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.pth", "w") as archive:
        archive.writestr("net/version", "3\n")
        archive.writestr("net/data.pkl", b"\x80\x02X\x07\x00\x00\x00storageQ.")
    with pytest.raises(UserError, match=r"not a readable torch file \(saved_id must be a tuple, got str\)"):
        read_official("simswap", tmp_path / "net.pth")


def test_what_is_no_state_dict_is_one_sentence(tmp_path: Path) -> None:
    path, arrays = small_checkpoint("ghost-discriminator", tmp_path)
    endless: dict[str, object] = {}
    endless["a"] = endless
    loop = nn.Sequential()
    loop._modules["0"] = loop
    cases: list[tuple[object, str]] = [
        ({name: torch.tensor(1.0) for name in arrays}, "shapes that no network of 'ghost-discriminator' has"),
        ({1: torch.zeros(2)}, "its entries 1 are not weights"),
        ({}, "it holds no weights at all"),
        (endless, "its entries a are not weights"),
        (loop, "not a readable torch file"),
        ({"model": loop, "more": endless}, "not a readable torch file"),
    ]
    for content, words in cases:
        torch.save(content, path)
        with pytest.raises(UserError, match=words):
            read_official("ghost-discriminator", path)
    with tarfile.open(path, "w") as archive:
        archive.add(__file__, "net.pth")
    with pytest.raises(UserError, match="it is an archive of several files"):
        read_official("ghost-discriminator", path)


def test_a_missing_onnx_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"file not found\. Check the path\."):
        read_official("arcface", tmp_path / "none.onnx")
