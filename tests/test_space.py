"""The repository as a Space."""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import constants

from swapper.hub.manifest import entries
from swapper.methods.base import default_method
from swapper.registry import recommended_weights
from swapper.ui.swappers import offered_methods

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def front() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "README.md").read_text(encoding="utf-8").split("---")[1])


def test_the_front_matter_names_what_is_there(front):
    assert front["sdk"] == "gradio" and (ROOT / front["app_file"]).is_file()
    assert (ROOT / "requirements.txt").is_file() and (ROOT / "packages.txt").is_file()
    assert len(front["short_description"]) <= 60
    assert front["license"] == "other" and front["license_name"] == "mit-code-research-only-weights"
    said = (ROOT / front["license_link"]).read_text(encoding="utf-8")
    assert said.startswith("MIT License") and "weights" in said and "research" in said
    wanted = re.search(r"gradio\[mcp\]>=([\d.]+)", (ROOT / "requirements.txt").read_text())
    assert wanted and tuple(map(int, front["sdk_version"].split(".")[:2])) >= tuple(map(int, wanted[1].split(".")))
    assert version("gradio").split(".")[0] == front["sdk_version"].split(".")[0]


def test_what_is_preloaded_is_what_photos_are_swapped_with_then(front: dict[str, Any]) -> None:
    rows = {row.name: row for row in entries()}
    used = [rows[name] for name in recommended_weights()]
    assert used and not any(row.doubt for row in used)
    assert front["preload_from_hub"] == [f"{row.repo_id} {row.file} {row.revision}" for row in used]


def test_what_is_preloaded_leads_and_the_shipped_ones_stay(
    front: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in front["preload_from_hub"]:
        repo, file, revision = line.split()
        folder = tmp_path / f"models--{repo.replace('/', '--')}" / "snapshots" / revision
        (folder / file).parent.mkdir(parents=True)
        (folder / file).touch()
    shipped = list(offered_methods())
    assert shipped[0] == default_method() == "ghost"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert default_method() == "onnx:hyperswap_1a_256" and default_method(moving=True) == "mobilefaceswap"
    assert list(offered_methods()) == ["onnx:hyperswap_1a_256", *shipped]
    assert next(iter(offered_methods(moving=True))) == "mobilefaceswap"
