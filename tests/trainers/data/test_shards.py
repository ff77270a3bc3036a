"""Shards of faces: what is written and read back, by whom, in what order, and with how much memory."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shard_faces import face

from swapper.batch.engine import Engine
from swapper.types import UserError
from trainers.__main__ import main
from trainers.data.examine import ExaminedFace
from trainers.data.faces import load_faces
from trainers.data.joining import find_repeated, write_index
from trainers.data.pack import same_pixels, thumbnail
from trainers.data.pictures import Item
from trainers.data.prepare_shards import list_path, write_list
from trainers.data.shard_index import ShardIndex, people_of
from trainers.data.shards import is_written, shard_path, write_shard
from trainers.data.stream import FaceStream, Share, StreamConfig

ROOT = Path(__file__).parents[3]


def write(out: Path, shards: list[list[tuple[str, int]]], least_likeness: float | None = None) -> dict:
    """Shards of faces given as person and number."""
    for number, faces in enumerate(shards):
        write_shard(out, "train", number, ((who, face(which)) for who, which in faces), f"digest {number}")
    return write_index(out, "train", range(len(shards)), least_likeness=least_likeness)


@pytest.fixture
def split(tmp_path: Path) -> ShardIndex:
    """Three shards with 7 people of 5 to 11 photos each."""
    people = [[(f"p{who}", 20 * who + photo) for photo in range(5 + who)] for who in range(7)]
    write(tmp_path, [people[0] + people[1] + people[2], people[3] + people[4], people[5] + people[6]])
    return ShardIndex(tmp_path, "train")


def numbers(batch) -> list[int]:
    return [round(float(value) * 1024) for value in batch.landmarks[:, 0, 2]]


def test_shards_are_what_webdataset_reads(split, tmp_path):
    paths = [shard_path(tmp_path, "train", number) for number in range(3)]
    with tarfile.open(paths[0]) as tar:
        assert [member.name for member in tar][:3] == ["00000-000000.json", "00000-000000.npz", "00000-000000.webp"]
    webdataset = pytest.importorskip("webdataset")
    samples = list(webdataset.WebDataset([str(path) for path in paths], shardshuffle=False))
    assert len(samples) == len(split) == 56
    for row, sample in enumerate(samples):
        assert sample["webp"] == split.image(row)
        facts, arrays = json.loads(sample["json"]), dict(np.load(io.BytesIO(sample["npz"])))
        assert facts["interocular_px"] == split.rows[row]["interocular"] and facts["person"].startswith("p")
        assert (arrays["arcface"] == split.arrays(row)["arcface"]).all()
        assert Image.open(io.BytesIO(sample["webp"])).size == (64, 64)


def test_the_index_knows_the_people(split):
    first, counts = people_of(split)
    assert counts.tolist() == [5, 6, 7, 8, 9, 10, 11] and first.tolist() == [0, 5, 11, 18, 26, 35, 45]
    assert split.people == 7 and split.rows["identity"].tolist() == np.repeat(range(7), counts).tolist()


def test_every_process_sees_faces_of_its_own_each_once(split):
    config = StreamConfig(batch=4, size=64, run=2, window=3, seed=5)
    seen: list[int] = []
    for rank in range(3):
        stream = FaceStream(split, config, Share(rank, 3))
        assert stream.batches == 4
        seen += [which for batch in islice(stream.shuffled(), stream.batches) for which in numbers(batch)]
    assert len(seen) == len(set(seen)) == 48
    assert seen != sorted(seen)


def test_a_run_goes_on_exactly_where_it_was(split):
    config = StreamConfig(batch=5, size=64, run=2, window=4)
    whole = [numbers(batch) for batch in islice(FaceStream(split, config).shuffled(), 25)]
    stream = FaceStream(split, config)
    assert stream.batches == 11 and whole[:11] != whole[11:22], "epochs differ"
    for begin in (1, 10, 11, 17):
        epoch, at = divmod(begin, stream.batches)
        assert [numbers(batch) for batch in islice(stream.shuffled(epoch, at), 25 - begin)] == whole[begin:]
    balanced = [numbers(batch) for batch in islice(stream.balanced(3, 2), 6)]
    assert [numbers(batch) for batch in islice(stream.balanced(3, 2, begin=4), 2)] == balanced[4:]


def test_balanced_batches_hold_so_many_photos_of_so_many_people(split):
    stream = FaceStream(split, StreamConfig(batch=1, size=64))
    people = set()
    for batch in islice(stream.balanced(4, 3), 20):
        assert len(batch) == 12 and len(set(numbers(batch))) == 12
        identities, counts = np.unique(batch.identity.numpy(), return_counts=True)
        assert len(identities) == 4 and (counts == 3).all()
        assert [number // 20 for number in numbers(batch)] == batch.identity.tolist()
        people |= set(identities.tolist())
    assert people == set(range(7))
    crowded = next(stream.balanced(1, 30))
    assert len(crowded) == 30 and len(set(crowded.identity.tolist())) == 1


def test_a_batch_is_what_the_packed_format_holds(split):
    batch = next(FaceStream(split, StreamConfig(batch=8, size=32)).shuffled())
    for row, which in enumerate(numbers(batch)):
        made = face(which)
        assert same_pixels(thumbnail(batch.images[row].numpy())[None], thumbnail(made.image))[0]
        np.testing.assert_allclose(batch.arcface[row], made.arcface, atol=1e-3)
        moved = made.landmarks[0, 0] + 0.5 / 256 - 0.5 / 32
        assert float(batch.landmarks[row, 0, 0]) == pytest.approx(moved, abs=1e-3)
        assert bool(batch.sharp[row]) == (made.facts["interocular_px"] >= 63)
    assert batch.images.shape == (8, 32, 32, 3) and not batch.padded.any()


def test_a_small_set_of_shards_is_loaded_whole_as_the_packed_format_is(split, tmp_path):
    faces = load_faces(tmp_path, "train", 32, tmp_path / "cache")
    assert len(faces) == 56 and faces.size == 32 and faces.identity.tolist() == split.rows["identity"].tolist()
    assert numbers(faces)[:7] == [0, 1, 2, 3, 4, 20, 21]
    for row in (0, 30, 55):
        shown = thumbnail(faces.images[row].numpy())
        assert same_pixels(thumbnail(face(numbers(faces)[row]).image)[None], shown)[0]


@pytest.mark.slow
def test_prepare_writes_shards_with_the_faces_of_the_packed_format(portraits, tmp_path, capsys):
    for number, path in enumerate(portraits[:8]):
        (tmp_path / "photos" / f"p{number // 2}").mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "photos" / f"p{number // 2}" / path.name)
    shutil.copy(portraits[0], tmp_path / "photos" / "p0" / "again.jpg")
    packed, sharded = tmp_path / "packed", tmp_path / "sharded"
    common = ["prepare", str(tmp_path / "photos"), "--split", "train", "--workers", "1", "--out"]
    assert main([*common, str(packed)]) == 0
    before = json.loads(capsys.readouterr().out)
    assert main([*common, str(sharded), "--shard", "3"]) == 0
    after = json.loads(capsys.readouterr().out)
    assert after.pop("shards") == 3 and after == before and after["dropped"] == {"near duplicate": 1}
    one, other = (load_faces(folder, "train", 64, tmp_path / f"cache {folder.name}") for folder in (packed, sharded))
    assert one.identity.tolist() == other.identity.tolist() and (one.images == other.images).all()
    assert (one.landmarks == other.landmarks).all() and (one.arcface - other.arcface).abs().max() < 1e-3
    times = {path.name: path.stat().st_mtime_ns for path in sharded.glob("*.tar")}
    shard_path(sharded, "train", 1).with_suffix(".npz").unlink()
    assert main([*common, str(sharded), "--shard", "3"]) == 0
    said = capsys.readouterr()
    assert said.err == "1 of 1: shard 1: 4 pictures\n"
    changed = [path.name for path in sharded.glob("*.tar") if path.stat().st_mtime_ns != times[path.name]]
    assert changed == ["shards-train-00001.tar"]
    shutil.rmtree(tmp_path / "photos" / "p3")
    assert main([*common, str(sharded), "--shard", "3"]) == 0
    assert len(list(sharded.glob("*.tar"))) == 2 and json.loads(capsys.readouterr().out)["people"] == 3


def test_faces_are_compared_across_shards(tmp_path):
    """Strangers with strangers, people with themselves: somebody else's picture may be the same."""
    shards = [
        [("", 1), ("", 2), ("ann", 3), ("ann", 6)],
        [("", 4), ("", 2), ("bob", 3)],
        [("", 1), ("ann", 3), ("", 5)],
    ]
    report = write(tmp_path, shards)
    assert report == {"shards": 3, "kept": 7, "people": 2, "dropped": {"near duplicate": 3}}
    index = ShardIndex(tmp_path, "train")
    shown = [round(float(index.arrays(row)["landmarks"][0, 0]) * 1024) for row in range(7)]
    assert shown == [1, 2, 3, 6, 4, 3, 5] and index.rows["identity"].tolist() == [-1, -1, 0, 0, -1, 1, -1]


def test_a_person_in_several_shards_lies_together_in_the_index(tmp_path):
    write(tmp_path, [[("ann", 1), ("bob", 2)], [("ann", 3), ("cid", 4), ("", 5)], [("bob", 6), ("ann", 7)]])
    index = ShardIndex(tmp_path, "train")
    first, counts = people_of(index)
    assert counts.tolist() == [3, 2, 1] and first.tolist() == [1, 4, 6]
    shown = [round(float(index.arrays(row)["landmarks"][0, 0]) * 1024) for row in range(len(index))]
    assert shown == [5, 1, 3, 7, 2, 6, 4]


@pytest.mark.slow  # starts workers
def test_workers_find_the_same_duplicates(tmp_path):
    shards = [[("", shard * 2), ("", shard * 2 + 1 if shard else 0), ("", 90)] for shard in range(8)]
    alone = write(tmp_path, shards)
    assert find_repeated(tmp_path, "train", range(8), Engine(workers=2)) == find_repeated(tmp_path, "train", range(8))
    assert alone["dropped"] == {"near duplicate": 7}


def test_who_is_not_the_person_is_left_out_and_people_who_are_alike_are_named(tmp_path):
    near = np.random.default_rng(9)
    ann, bob = (face(number).arcface for number in (1, 2))

    def like(number: int, vector: np.ndarray) -> ExaminedFace:
        mixed = vector + near.normal(size=512).astype(np.float32) * 0.02
        return face(number)._replace(arcface=mixed / np.linalg.norm(mixed))

    people = [("ann", like(n, ann)) for n in range(4)] + [("ann", like(4, bob)), ("dan", like(20, ann))]
    others = [("bob", like(n, bob)) for n in range(10, 13)] + [("cid", like(13, ann)), ("cid", like(14, bob))]
    for number, faces in enumerate((people, others)):
        write_shard(tmp_path, "train", number, faces, "d")
    report = write_index(tmp_path, "train", [0, 1], least_likeness=0.4)
    assert report["dropped"] == {"not the person": 1} and report["kept"] == 10, "of two photos nobody knows which"
    assert {pair[:2] for pair in report["alike"]} >= {("ann", "dan"), ("ann", "cid")}
    assert ("ann", "bob") not in {pair[:2] for pair in report["alike"]}


def test_a_shard_that_was_not_finished_is_not_taken_for_one(tmp_path):
    def faces(stop: bool):
        yield "ann", face(1)
        yield "ann", {"blurred": 2}
        if stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shard(tmp_path, "train", 0, faces(True), "d")
    assert not list(tmp_path.iterdir()) and not is_written(tmp_path, "train", 0, "d")
    assert write_shard(tmp_path, "train", 0, faces(False), "d") == {"kept": 1, "blurred": 2}
    assert is_written(tmp_path, "train", 0, "d") and not is_written(tmp_path, "train", 0, "other pictures")
    shard_path(tmp_path, "train", 0).unlink()
    assert not is_written(tmp_path, "train", 0, "d")


def test_blocks_end_between_people(tmp_path):
    counts = {"ann": 3, "bob": 2, "cid": 12, "dan": 1, "": 9}
    items = [Item(f"{who}/{i}.jpg", who) for who, count in counts.items() for i in range(count)]
    blocks = write_list(tmp_path, "train", iter(items), 4)
    assert [block.pictures for block in blocks] == [5, 8, 4, 4, 4, 2]
    data = list_path(tmp_path, "train").read_bytes()
    read = [json.loads(line) for b in blocks for line in data[b.begin : b.begin + b.size].splitlines()]
    assert [Item(**row) for row in read] == items
    again = write_list(tmp_path, "train", iter([*items, Item("x.jpg", "")]), 4)
    assert again[:5] == blocks[:5] and again[5] != blocks[5], "what is new changes no other block"


def test_what_cannot_be_used_is_said(split, tmp_path):
    for make, said in (
        (lambda: ShardIndex(tmp_path, "val"), "Create it with trainers prepare --shard"),
        (lambda: FaceStream(split, StreamConfig(batch=57)), "56 faces are too few for batches of 57"),
        (lambda: Share(2, 2), "Process 2 of 2"),
        (lambda: write_index(tmp_path, "train", []), "No usable face"),
    ):
        with pytest.raises(UserError, match=said):
            make()
    write(tmp_path, [[("", 1), ("", 2)]])
    with pytest.raises(UserError, match="names no people"):
        next(FaceStream(ShardIndex(tmp_path, "train"), StreamConfig(batch=1)).balanced(2, 2))


MEASURE = """
import sys, tracemalloc
from itertools import islice
from pathlib import Path
from trainers.data.shard_index import ShardIndex
from trainers.data.stream import FaceStream, StreamConfig
stream = FaceStream(ShardIndex(Path(sys.argv[1]), "train"), StreamConfig(batch=16, size=64, window=8))
for batch in islice(stream.shuffled(), 20): pass
tracemalloc.start()
for batch in islice(stream.shuffled(1), 60): pass
for batch in islice(stream.balanced(8, 2), 20): pass
print(tracemalloc.get_traced_memory()[1])
"""


@pytest.mark.slow
def test_memory_is_flat(tmp_path):
    peaks = []
    for name, shards in (("small", 2), ("large", 12)):
        out = tmp_path / name
        out.mkdir()
        write(out, [[(f"p{n}-{i // 10}", n * 100 + i) for i in range(100)] for n in range(shards)])
        command = [sys.executable, "-c", MEASURE, str(out)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ}, timeout=200)
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] * 1.1 + 100_000, peaks
