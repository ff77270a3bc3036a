"""The packed format turned into shards."""

import json
import re
import shutil
import tarfile
from pathlib import Path

import numpy as np
import torch

from trainers.__main__ import main
from trainers.data.faces import load_faces


def add_padded(packed: Path, other: Path) -> None:
    """Padded photos of nobody we know, from another split, whose keys go on where those of the first end."""
    with tarfile.open(other / "faces256-val.tar") as val, tarfile.open(packed / "faces256-train-utk.tar", "w") as tar:
        for member in val:
            data = val.extractfile(member)
            member.name = f"1{member.name[1:]}"
            tar.addfile(member, data)
    with np.load(other / "geometry-val.npz") as geometry:
        keys = np.array([f"1{key[1:]}" for key in geometry["keys"]])
        np.savez(packed / "geometry-train-utk.npz", **{**geometry, "keys": keys})
    table = (other / "meta-val.csv").read_text()
    (packed / "meta-train-utk.csv").write_text(re.sub(r",\d+,", ",-1,", table))


def test_the_packed_format_becomes_shards(tiny_faces, tmp_path, capsys):
    packed, sharded = tmp_path / "packed", tmp_path / "sharded"
    shutil.copytree(tiny_faces, packed)
    add_padded(packed, tiny_faces)
    command = ["shard", str(packed), "--out", str(sharded), "--shard", "5"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out) == {
        "pictures": 16,
        "shards": 3,
        "kept": 16,
        "people": 4,
        "dropped": {},
    }
    one, other = (load_faces(folder, "train", 64, tmp_path / f"cache {folder.name}") for folder in (packed, sharded))
    for name, value in vars(one).items():
        assert torch.equal(value, getattr(other, name)), name
    assert other.padded.tolist() == [False] * 8 + [True] * 8
    assert len(load_faces(sharded, "train", 64, tmp_path / "cache sharded", padded=False)) == 8
    before = [path.stat().st_mtime_ns for path in sorted(sharded.glob("*.tar"))]
    assert main(command) == 0 and not capsys.readouterr().err
    assert [path.stat().st_mtime_ns for path in sorted(sharded.glob("*.tar"))] == before
    assert main(["shard", str(tmp_path), "--out", str(sharded)]) == 2
    assert "geometry-train.npz is missing" in capsys.readouterr().err
