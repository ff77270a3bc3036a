"""Batches of real swaps: what they leave, whatever happens to them."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clips import PORTRAITS, background, lay, pictures, portrait, write_clip
from forty_jobs import BROKEN, SOURCE, UNMARKED, check_forty, jobs_of, lines
from PIL import Image

from swapper.batch.batch import BatchState, run_batch
from swapper.batch.engine import Engine
from swapper.cli.main import main
from swapper.errors import UserError
from swapper.images import read_image

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(len(list(PORTRAITS.glob("*.jpg"))) < 5, reason="the example portraits are not here"),
]
ROOT = Path(__file__).parents[2]


def test_forty_jobs_with_two_broken_inputs_and_a_worker_that_is_killed(forty, one_by_one, tmp_path):
    states: list[BatchState] = []

    def show(state: BatchState) -> None:
        states.append(state)
        if state.done == 10 and state.line is not None:
            os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    output = tmp_path / "out"
    jobs = jobs_of(forty, output)
    last = run_batch(jobs, output, Engine(2), device="cpu", marks=UNMARKED, show=show)
    assert (last.total, last.before, last.done, last.failed, last.share) == (40, 0, 38, 2, 1.0)
    check_forty(output, one_by_one)
    assert sum(line["attempts"] - 1 for line in lines(output)) == 1, "one job was begun again"
    assert [state.share for state in states] == sorted(state.share for state in states)

    times = {path: path.stat().st_mtime_ns for path in output.glob("*.png")}
    (output / "p03.png").unlink()
    (forty / "p07.png").write_bytes((forty / "p06.png").read_bytes())
    try:
        again = run_batch(jobs, output, Engine(1), device="cpu", marks=UNMARKED)
    finally:
        (forty / "p07.png").write_bytes(BROKEN["p07.png"])
    assert (again.before, again.done, again.failed) == (37, 2, 1)
    assert len({line["id"] for line in lines(output)}) == len(lines(output)) == 40
    changed = {path.name for path in output.glob("*.png") if times.get(path) != path.stat().st_mtime_ns}
    assert changed == {"p03.png", "p07.png"}


def test_the_same_command_after_the_whole_program_was_killed(forty, one_by_one, tmp_path):
    output = tmp_path / "out"
    command = [sys.executable, "-m", "swapper", "batch", str(forty), "-o", str(output), "--source", str(SOURCE)]
    command += ["--method", "warp", "--restore", "none", "--device", "cpu", "--workers", "2", "--json"]
    command += ["--no-mark", "--confirm-no-mark"]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    while len(list(output.glob("*.png"))) < 8:
        assert program.poll() is None
        time.sleep(0.1)
    program.kill()
    program.wait()
    with (output / "results.jsonl").open("a") as file:
        file.write('{"id": "p39.png", "stat')  # what a crash of the machine may leave
    finished = {line["id"] for line in lines_that_can_be_read(output) if line["status"] == "done"}
    times = {name: (output / name).stat().st_mtime_ns for name in finished}
    time.sleep(2)  # workers end a moment after their program
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 3, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["before"] == len(finished) > 3
    assert events[-1]["done"] == 38 - len(finished) and events[-1]["failed"] == 2
    assert times == {name: (output / name).stat().st_mtime_ns for name in finished}
    check_forty(output, one_by_one)


def lines_that_can_be_read(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines() if line.endswith("}")]


def test_photos_gifs_and_videos_in_one_table(tmp_path, capsys):
    frames = []
    for i in range(8):
        frame = background(270, 480)
        lay(frame, portrait(0), (200 + 2 * i, 140), 220)
        frames.append(frame)
    write_clip(tmp_path / "clip.mp4", frames)
    moving = [Image.fromarray(frame) for frame in frames[:3]]
    moving[0].save(tmp_path / "moves.gif", save_all=True, append_images=moving[1:], duration=100)
    Image.fromarray(frames[0]).save(tmp_path / "photo.png")
    rows = [
        {"id": "film", "target": "clip.mp4", "output": "films/a.mkv", "end": 0.2},
        {"id": "gif", "target": "moves.gif"},
        {"id": "photo", "target": "photo.png"},
        {"id": "cast", "target": "photo.png", "output": "cast.png", "map": [f"{SOURCE}={PORTRAITS / '01.jpg'}"]},
        {"id": "nobody", "target": "photo.png", "output": "nobody.png", "map": [f"{SOURCE}={PORTRAITS / '05.jpg'}"]},
        {"id": "gone", "target": "gone.mp4"},
    ]
    (tmp_path / "jobs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    output = tmp_path / "out"
    command = ["batch", str(tmp_path / "jobs.jsonl"), "-o", str(output), "--source", str(SOURCE), "--method", "warp"]
    command += ["--restore", "none", "--device", "cpu", "--workers", "1", "--no-mark", "--confirm-no-mark"]
    assert main(command) == 3
    said = capsys.readouterr()
    found = {line["id"]: line for line in lines(output)}
    assert found["film"]["frames"] == 5 and len(pictures(output / "films" / "a.mkv")) == 5
    assert found["gif"]["frames"] == 3 and found["photo"]["faces"] == 1 == found["cast"]["faces"]
    assert "gone.mp4': file not found" in found["gone"]["error"] and "error: gone: " in said.err
    before, swapped, cast, nobody = (
        read_image(path)
        for path in (tmp_path / "photo.png", *(output / f"{n}.png" for n in ("photo", "cast", "nobody")))
    )
    assert (swapped != before).any() and (cast == swapped).all() and (nobody == before).all()
    assert found["nobody"]["faces"] == 0 and "resembles a reference photo" in found["nobody"]["warnings"][0]
    assert "5 done, 1 failed, 0 finished before" in said.out
    write_clip(tmp_path / "gone.mp4", frames[:3])
    assert main(command) == 0
    assert "1 done, 0 failed, 5 finished before" in capsys.readouterr().out


def test_what_is_there_stays_and_one_batch_writes_at_a_time(forty, tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    (output / "p01.png").write_bytes(b"precious")
    jobs = jobs_of(forty, output)
    with pytest.raises(UserError, match="exists already"):
        run_batch(jobs, output, Engine(1), device="cpu", marks=UNMARKED)
    assert (output / "p01.png").read_bytes() == b"precious" and not (output / "results.jsonl").exists()
    with pytest.raises(UserError, match="itself"):
        run_batch(jobs_of(forty, forty), forty, Engine(1), device="cpu", marks=UNMARKED, overwrite=True)

    def second(_state: BatchState) -> None:
        with pytest.raises(UserError, match="another batch is writing there"):
            run_batch(jobs, output, Engine(1), device="cpu", marks=UNMARKED)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_batch(jobs, output, Engine(1), device="cpu", marks=UNMARKED, overwrite=True, show=second)


def test_ctrl_c_says_how_to_go_on_and_leaves_no_half_written_file(forty, tmp_path):
    output = tmp_path / "out"
    command = [sys.executable, "-m", "swapper", "batch", str(forty), "-o", str(output), "--source", str(SOURCE)]
    command += ["--method", "warp", "--device", "cpu", "--workers", "2"]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while len(list(output.glob("*.png"))) < 2:
        assert program.poll() is None
        time.sleep(0.1)
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=60)
    assert program.returncode == 130 and err.endswith("Stopped. Run the same command to resume.\n")
    left = [path for path in output.rglob("*") if path.is_file() and path.name not in ("lock", "results.jsonl")]
    assert all(read_image(path).shape == (256, 256, 3) for path in left) and len(left) < 38
