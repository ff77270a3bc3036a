"""The repository as a Space."""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from swapper.hub.manifest import entries

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


def test_what_is_preloaded_is_what_the_manifest_pins(front):
    known = {(row.repo_id, row.file, row.revision) for row in entries() if row.sha256}
    for line in front["preload_from_hub"]:
        repo, file, revision = (*line.split(), "main")[:3]
        assert (repo, file, revision) in known, line
    assert len(front["preload_from_hub"]) == 2
