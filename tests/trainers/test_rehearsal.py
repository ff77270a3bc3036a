"""The rehearsal of sets that are larger than any here."""

import json

import pytest

from trainers.__main__ import main
from trainers.data.shard_index import ShardIndex


@pytest.mark.slow  # starts processes that load torch, three a set
def test_copies_are_prepared_and_loaded_and_memory_is_told(tiny_faces, tmp_path, capsys):
    command = ["rehearse", str(tiny_faces), "--out", str(tmp_path), "--faces", "96", "64", "--decoders", "1"]
    assert main([*command, "--shard", "40", "--pool", "32", "--pools", "2"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [row["faces"] for row in rows] == [64, 96]
    for row in rows:
        assert all(value > 0 for name, value in row.items() if not name.startswith("prepare "))
        assert min(row["prepare MB"], row["worker MB"], row["loader MB, 1 threads"]) > 50
    index = ShardIndex(tmp_path / "shards", "train")
    assert len(index) == 96 and len(index.paths) == 3
    kept = {path.stat().st_ino for path in (tmp_path / "photos").rglob("*.jpg")}
    assert len(kept) < 96, "copies are links"


def test_sets_smaller_than_what_is_loaded_together_are_refused(tmp_path, capsys):
    assert main(["rehearse", str(tmp_path), "--out", str(tmp_path / "out"), "--faces", "100"]) == 2
    assert "--faces must be 2048 or more, not 100" in capsys.readouterr().err
