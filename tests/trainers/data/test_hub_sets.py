"""Data sets of the Hub: read as a stream from a folder or a local server, made into shards, gone on with."""

import argparse
import io
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fake_data_set import COMMIT, served_data_set
from PIL import Image

from swapper.types import UserError
from trainers.data.examine import ExaminedFace
from trainers.data.joining import write_index
from trainers.data.shard_index import ShardIndex

datasets = pytest.importorskip("datasets", reason="datasets is not installed (swapper[hub])")
from trainers.data import hub_sets  # noqa: E402

ROOT = Path(__file__).parents[3]


def parquet(rows: list[tuple[bytes, str]]) -> bytes:
    """A file of a set with columns ``photo`` and ``who``."""
    table = {"photo": [{"bytes": data, "path": None} for data, _ in rows], "who": [who for _, who in rows]}
    features = datasets.Features(photo=datasets.Image(), who=datasets.ClassLabel(names=["ann", "bob", "cid"]))
    buffer = io.BytesIO()
    datasets.Dataset.from_dict(table, features=features).to_parquet(buffer)
    return buffer.getvalue()


def png(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), shade, np.uint8)).save(buffer, "png")
    return buffer.getvalue()


def given(place: Path | str, **changes) -> argparse.Namespace:
    return argparse.Namespace(**{"photos": f"hub:{place}", "split": "train", "columns": "photo,who", **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set of two files, of 5 and 2 pictures whose shade is their number; one cannot be read."""
    place = tmp_path / "set" / "data"
    place.mkdir(parents=True)
    rows = [(b"broken" if number == 3 else png(number), "ann" if number % 2 else "bob") for number in range(7)]
    (place / "train-00000-of-00002.parquet").write_bytes(parquet(rows[:5]))
    (place / "train-00001-of-00002.parquet").write_bytes(parquet(rows[5:]))
    return tmp_path / "set"


@pytest.fixture
def looked_at(monkeypatch) -> list[int]:
    """Pictures are not looked at with networks; their shades are noted down."""
    seen: list[int] = []

    def look(read, labelled):
        try:
            shade = int(read()[0, 0, 0])
        except UserError:
            return Counter({"unreadable": 1}), []
        seen.append(shade)
        vector = np.random.default_rng(shade).normal(size=512).astype(np.float32)
        facts = {"interocular_px": 40.0, "valid_quad": [[0, 0], [1, 0], [1, 1], [0, 1]]}
        image, mesh = np.full((64, 64, 3), shade * 30, np.uint8), np.full((478, 3), shade / 16, np.float32)
        return Counter(), [ExaminedFace(image, mesh, mesh[:5, :2], vector / np.linalg.norm(vector), facts)]

    monkeypatch.setattr(hub_sets, "examine_picture", look)
    return seen


def test_files_become_shards_and_a_stopped_run_goes_on(folder, looked_at, tmp_path):
    files = hub_sets.files_of(given(folder))
    assert [(file.number, file.files, file.image, file.person) for file in files] == [
        (0, 2, "photo", "who"),
        (1, 2, "photo", "who"),
    ]
    work, silent = hub_sets.Fetching(tmp_path, "train", pictures=2), lambda _share: None
    written = [work(file, silent) for file in files]
    assert [one.numbers for one in written] == [(0, 1, 2), (1000,)] and [one.pictures for one in written] == [5, 2]
    assert looked_at == [0, 1, 2, 4, 5, 6]
    (tmp_path / "shards-train-00001.tar").unlink()
    assert [work(file, silent) for file in files] == written and looked_at[6:] == [2]
    report = write_index(tmp_path, "train", [0, 1, 2, 1000])
    assert report == {"shards": 4, "kept": 6, "people": 2, "dropped": {"unreadable": 1}}
    index = ShardIndex(tmp_path, "train")
    assert index.rows["identity"].tolist() == [0, 0, 0, 0, 1, 1] and index.people == 2
    assert [round(float(index.arrays(row)["landmarks"][0, 0]) * 16) for row in range(6)] == [0, 2, 4, 6, 1, 5]


def test_what_is_not_plain_is_asked_for(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert hub_sets.files_of(given(folder, columns=None))[0].image == "photo"
    assert hub_sets.files_of(given(folder, columns=None))[0].person == ""
    for changes, said in (
        ({"split": "val"}, "it has no split 'val'. Choose --split from: train"),
        ({"photos": f"hub:{tmp_path / 'empty'}"}, "the set cannot be read"),
    ):
        with pytest.raises(UserError, match=said):
            hub_sets.files_of(given(folder, **changes))
    file = hub_sets.files_of(given(folder, columns="photo,name"))[0]
    with pytest.raises(UserError, match=r"it has no column 'name'. Give --columns, of: photo, who"):
        next(hub_sets.rows_of(file, 0))


@pytest.mark.slow  # networks, in a process of their own that knows the server
def test_a_set_of_a_server_is_prepared(portraits, tmp_path):
    rows = [(path.read_bytes(), ("ann", "bob", "bob")[number]) for number, path in enumerate(portraits[:3])]
    files = {f"data/train-0000{n}-of-00002.parquet": parquet(part) for n, part in enumerate((rows[:2], rows[2:]))}
    with served_data_set(files) as server:
        home = {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_TELEMETRY": "1"}
        command = [sys.executable, "-m", "trainers", "prepare", "hub:someone/faces", "--out", str(tmp_path / "out")]
        command += ["--shard", "10", "--workers", "1", "--columns", "photo,who"]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | home, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report == {"pictures": 3, "shards": 2, "kept": 3, "people": 2, "dropped": {}}
    assert ShardIndex(tmp_path / "out", "train").rows["identity"].tolist() == [0, 1, 1]
    assert any(f"/resolve/{COMMIT}/data/train-00001" in asked for asked in server.asked)
