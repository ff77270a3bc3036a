"""A batch on a Ray cluster of two nodes, of which one is removed in the middle."""

import os
import signal
import sys
from pathlib import Path

import pytest
from clips import PORTRAITS
from forty_jobs import UNMARKED, check_forty, jobs_of, lines

from swapper.batch.batch import BatchState, run_batch
from swapper.batch.engine import Engine

ray = pytest.importorskip("ray", reason="Ray is not installed (swapper[cluster])")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(len(list(PORTRAITS.glob("*.jpg"))) < 5, reason="the example portraits are not here"),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]
ROOT = Path(__file__).parents[2]


def actors() -> list[int]:
    """Process ids of the actors of this machine that are at work."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if (place / "cmdline").read_bytes().startswith(b"ray::_Actor.run") and _is_ours(place):
                found.append(int(place.name))
        except OSError:
            continue
    return found


def _is_ours(place: Path) -> bool:
    return f"BATCH_TEST={os.getpid()}".encode() in (place / "environ").read_bytes()


def test_an_actor_is_killed_and_a_node_removed(forty, one_by_one, tmp_path, monkeypatch):
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("BATCH_TEST", str(os.getpid()))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes = [cluster.add_node(num_cpus=1)]
    killed: list[int] = []

    def show(state: BatchState) -> None:
        if state.done >= 5 and not killed:
            killed.extend(actors()[:1])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
        if state.done >= 15 and nodes:
            cluster.remove_node(nodes.pop())

    output = tmp_path / "out"
    try:
        ray.init(address=cluster.address, log_to_driver=False)
        assert ray.cluster_resources()["CPU"] == 2
        last = run_batch(
            jobs_of(forty, output), output, Engine(ray="auto", retry=3), device="cpu", marks=UNMARKED, show=show
        )
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert (last.done, last.failed) == (38, 2) and killed and not nodes
    check_forty(output, one_by_one)
    assert sum(line["attempts"] - 1 for line in lines(output)) >= 1
