"""The manifest of weights files."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from swapper import hub
from swapper.hub import manifest
from swapper.types import UserError


def test_add_entry_replaces_a_row_of_the_same_name(tmp_path: Path) -> None:
    other = {"name": "net", "file": "net.onnx", "sha256": None, "bytes": None, "repo_id": "a/b", "revision": "main"}
    (tmp_path / "manifest.json").write_text(json.dumps({"files": [other | {"licence": "MIT"}]}))
    for content in (b"one", b"two"):
        (tmp_path / "own.onnx").write_bytes(content)
        manifest.add_entry("own", tmp_path / "own.onnx", "Apache-2.0")
    rows = manifest.entries(tmp_path)
    assert [row.name for row in rows] == ["own", "net"], "the project's own files come first"
    assert rows[0].sha256 == hashlib.sha256(b"two").hexdigest()
    assert rows[0].repo_id == manifest.DEFAULT_REPO


def test_broken_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(UserError, match=r"manifest\.json cannot be read"):
        manifest.entries(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(UserError, match=r"manifest\.json is missing"):
        manifest.entries(tmp_path)


def test_shipped_manifest_is_sound() -> None:
    rows = manifest.entries()
    assert rows, "the manifest lists no file"
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert row.licence and row.file_name and "/" in row.repo_id, row.name
        assert row.sha256 is None or (len(row.sha256) == 64 and (row.bytes or row.unverified)), row.name
        assert row.unverified or row.sha256, f"{row.name}: without a SHA-256, and not marked"
        if row.repo_id != manifest.project_repo():
            commit = re.fullmatch("[0-9a-f]{40}", row.revision)
            assert commit or row.unverified, f"{row.name}: at a branch, and not marked"
        else:
            assert row.sha256, f"{row.name}: an own file without a checksum"
            hub.verify(row, manifest.shipped_folder() / row.file_name)
