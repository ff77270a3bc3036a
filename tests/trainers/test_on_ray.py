"""Training on two nodes of a Ray cluster, one of whose processes is killed in the middle."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from trainers.__main__ import main

ray = pytest.importorskip("ray", reason="Ray is not installed (swapper[cluster])")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]
ROOT = Path(__file__).parents[2]


def processes(mark: str) -> list[int]:
    """Process ids of this test's training processes."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            title, environment = (place / "cmdline").read_bytes(), (place / "environ").read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::RayTrainWorker") and mark.encode() in environment:
            found.append(int(place.name))
    return found


def rows(run: Path) -> list[dict]:
    path = run / "log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def test_a_lost_process_is_started_again_and_the_run_goes_on(tiny_faces, tmp_path, monkeypatch):
    from ray.cluster_utils import Cluster

    mark = f"TRAINING_TEST={os.getpid()}"
    monkeypatch.setenv(*mark.split("="))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    run, killed = tmp_path / "run", []

    def kill() -> None:
        """One process, as soon as there is a checkpoint and a few steps more."""
        deadline = time.monotonic() + 300
        while not killed and time.monotonic() < deadline:
            time.sleep(0.2)
            if (run / "last" / "progress.json").is_file() and (rows(run) or [{"step": 0}])[-1]["step"] >= 20:
                killed.extend(processes(mark)[:1])
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    watch = threading.Thread(target=kill, daemon=True)
    watch.start()
    command = ["occlusion", "--preset", "tiny", "--data", str(tiny_faces), "--out", str(run), "--device", "cpu"]
    command += ["--kimg", "0.24", "--save-every", "1", "--fp32", "--contiguous", "--cache", str(tmp_path / "cache")]
    try:
        assert main([*command, "--ray", cluster.address, "--workers", "2", "--restarts", "2"]) == 0
    finally:
        ray.shutdown()
        cluster.shutdown()
    watch.join()
    assert killed
    steps = [row["step"] for row in rows(run) if "L_loss" in row]
    assert steps[-1] == 60 and steps.count(1) == 1, "it was not begun anew"
    assert len(list((run / "tensorboard").glob("events*"))) >= 2, "but gone on with by other processes"
    progress = json.loads((run / "last" / "progress.json").read_text())
    assert progress["step"] == 60 and progress["kimg"] == pytest.approx(0.24)
