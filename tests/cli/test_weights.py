"""The ``weights`` command on this machine's files; ``tests/hub/test_files.py`` tests what downloads them."""

from pathlib import Path

import pytest

from swapper import hub
from swapper.cli.main import main
from swapper.hub import files, manifest


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A shipped folder with one file, ``net``."""
    monkeypatch.delenv("SWAPPER_WEIGHTS", raising=False)
    for module in (files, manifest):
        monkeypatch.setattr(module, "shipped_folder", lambda: tmp_path)
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"1234567" * 100_000)
    hub.add_entry("net", path, "MIT", trained_on="7 drawings")
    return tmp_path


def test_list_says_what_each_file_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "name    size  where    licence  trained on",
        "net   0.7 MB  shipped  MIT      7 drawings",
    ]
    (folder / "net.safetensors").unlink()
    assert main(["weights", "list"]) == 0
    assert "not here" in capsys.readouterr().out


def test_verify_names_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "verify"]) == 0
    assert capsys.readouterr().out.startswith("net: ok")
    (folder / "other.safetensors").touch()
    assert main(["weights", "verify"]) == 2
    said = capsys.readouterr()
    assert said.out.startswith("net: ok") and "the manifest does not list it" in said.err
    (folder / "net.safetensors").write_bytes(b"7")
    assert main(["weights", "verify"]) == 2
    assert "is corrupt" in capsys.readouterr().err


def test_unknown_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "pull", "nothing"]) == 2
    assert "Unknown weights 'nothing'. Choose one of: net." in capsys.readouterr().err
