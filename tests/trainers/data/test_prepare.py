import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest

from swapper.types import Face, UserError
from trainers.data.examine import PrepareConfig, check_face
from trainers.data.faces import load_faces
from trainers.data.pack import write_split

rng = np.random.default_rng(0)
POINTS = np.array([[96, 120], [160, 120], [128, 157], [101, 186], [156, 186]], np.float32)
UPRIGHT = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


def _part(folder, number, person, images, embeddings, dropped=None):
    count = len(images)
    quad = [[0, 0], [1, 0], [1, 1], [0, 1]]
    facts = [{"interocular_px": 70.0, "sharpness": 99.0, "valid_quad": quad} for _ in range(count)]
    outcome = {"dropped": dropped or {}, "kept": count, "facts": facts, "item": {"path": "p.jpg", "person": person}}
    path = folder / f"{number:08d}"
    path.with_suffix(".json").write_text(json.dumps(outcome))
    if count:
        np.savez(
            path.with_suffix(".npz"),
            images=np.stack(images),
            landmarks=np.zeros((count, 478, 3)),
            five_points=np.zeros((count, 5, 2)),
            arcface=np.stack(embeddings),
        )
    return path


def _photo():
    return rng.integers(0, 255, (256, 256, 3), np.uint8), np.eye(512)[rng.integers(512)]


def test_a_split_is_written_and_read_back_without_near_duplicates(tmp_path):
    photos = [_photo() for _ in range(3)]
    again = (np.clip(photos[0][0].astype(int) + 1, 0, 255).astype(np.uint8), photos[0][1])
    parts = [
        _part(tmp_path, 0, "a", *zip(photos[0], strict=True)),
        _part(tmp_path, 1, "a", *zip(again, strict=True)),
        _part(tmp_path, 2, "b", *zip(*photos[1:], strict=True)),
        _part(tmp_path, 3, "", [], [], {"no face": 1}),
    ]
    report = write_split(tmp_path, "train", parts)
    assert report == {"pictures": 4, "kept": 3, "people": 2, "dropped": {"near duplicate": 1, "no face": 1}}
    faces = load_faces(tmp_path, "train", 64, tmp_path / "cache")
    assert faces.identity.tolist() == [0, 1, 1]
    np.testing.assert_allclose(faces.arcface, [photos[0][1], photos[1][1], photos[2][1]])
    with tarfile.open(tmp_path / "faces256-train.tar") as tar:
        assert [member.name for member in tar] == ["000000.webp", "000001.webp", "000002.webp"]


def test_nothing_usable_leaves_no_file(tmp_path):
    part = _part(tmp_path, 0, "", [], [], {"no face": 1})
    with pytest.raises(UserError, match="No usable face"):
        write_split(tmp_path, "train", [part])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["00000000.json"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"score": 0.2}, "low score"),
        ({"points": POINTS * 0.3}, "small"),
        ({"matrix": UPRIGHT + np.array([[0, 0, 90], [0, 0, 0]], np.float32)}, "cut off"),
        ({"flat": True}, "blurred"),
        ({"points": POINTS[::-1].copy()}, "misaligned"),
    ],
)
def test_a_face_is_dropped_for_the_right_reason(change, reason):
    image = np.full((256, 256, 3), 90, np.uint8) if change.get("flat") else _photo()[0]
    face = Face(np.array([60, 60, 200, 220], np.float32), change.get("score", 0.9), change.get("points", POINTS))
    assert check_face(image, face, image, change.get("matrix", UPRIGHT), PrepareConfig())[0] == reason


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are others there")
@pytest.mark.parametrize(("number", "everybody", "code"), [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143)])
def test_a_stopped_run_says_one_line_and_leaves_no_process(portraits, tmp_path, number, everybody, code):
    """A terminal sends Ctrl-C to all processes of a program, and nobody else does."""
    (tmp_path / "photos").mkdir()
    for copy in range(30):
        shutil.copy(portraits[copy % len(portraits)], tmp_path / "photos" / f"{copy:02d}.jpg")
    command = [sys.executable, "-m", "trainers", "prepare", str(tmp_path / "photos"), "--out", str(tmp_path / "data")]
    program = subprocess.Popen(
        [*command, "--split", "train", "--workers", "2"],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not list(tmp_path.glob("data/.train-parts/*.json")):
        assert program.poll() is None
        time.sleep(0.05)
    (os.killpg if everybody else os.kill)(program.pid, number)
    out, err = program.communicate(timeout=30)  # ends when the last process has closed its output
    assert (program.returncode, out, err) == (code, "", "Stopped.\n")
