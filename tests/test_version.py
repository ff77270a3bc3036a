"""The version is written once."""

import tomllib
from pathlib import Path

import swapper
from swapper.hub.manifest import add_entry
from swapper.provenance.origin import software_version

ROOT = Path(__file__).parents[1]


def test_everything_reads_the_one_version(tmp_path: Path) -> None:
    assert swapper.__version__ == software_version()
    (tmp_path / "net.onnx").write_bytes(b"network")
    assert add_entry("net", tmp_path / "net.onnx", "MIT").revision == f"v{swapper.__version__}"


def test_the_package_takes_it_from_there() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in settings["project"] and "version" in settings["project"]["dynamic"]
    assert settings["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "swapper.version.__version__"}


def test_it_stands_nowhere_else() -> None:
    quoted = f'"{swapper.__version__}"'
    files = [
        ROOT / "pyproject.toml",
        ROOT / "app.py",
        *(ROOT / "swapper").rglob("*.py"),
        *(ROOT / "trainers").rglob("*.py"),
    ]
    assert [path.name for path in files if quoted in path.read_text(encoding="utf-8")] == ["version.py"]
