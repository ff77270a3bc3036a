import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from swapper.faces import mesh
from swapper.faces.landmarks import five_points
from swapper.methods.reference import UNCHANGED
from swapper.metrics.measure import FaceMeasurer
from swapper.metrics.realism import RealismFeatures
from swapper.metrics.report import ScoreRow
from swapper.models.arcface import MobileFaceNet, MobileFaceNetConfig
from swapper.types import Crop, Face, UserError
from trainers.__main__ import main
from trainers.data.faces import load_faces
from trainers.publish.evaluate import aims_table, check_aims, draw_pairs, evaluate
from trainers.publish.scoring import SplitEvaluator, people_labels
from trainers.publish.ways import Ways

PEOPLE = np.array([0, 0, 1, 1, 2, 3, 4])
PADDED = np.array([False, False, False, False, False, True, True])


class MeanLandmarks:
    """Finds the mean face in every picture."""

    def refine(self, frame: np.ndarray, faces: Sequence[Face]) -> list[Face]:
        found = (mesh.canonical_face() * 63 + [127.5, 120, 0]).astype(np.float32)
        return [replace(face, landmarks=found, points=five_points(found)) for face in faces]


class MeanColor:
    """Takes a crop's mean colour for who it is."""

    def embed(self, crops: Sequence[Crop]) -> np.ndarray:
        vectors = np.zeros((len(crops), 512), np.float32)
        vectors[:, :3] = [crop.image.reshape(-1, 3).mean(0) - 120.5 for crop in crops]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def evaluator(tiny_faces: Path, tmp_path: Path) -> SplitEvaluator:
    torch.manual_seed(0)
    config = MobileFaceNetConfig(
        stem=4, widths=(4, 4, 4), expansions=(4, 4, 4), inner=(4, 4, 4), residuals=(1, 1, 1), features=8
    )
    faces = load_faces(tiny_faces, "val", 256, tmp_path)
    return SplitEvaluator(faces, FaceMeasurer(MeanLandmarks(), MeanColor()), RealismFeatures(MobileFaceNet(config)))


def test_pairs_are_of_two_people_and_targets_are_whole_photos():
    pairs = draw_pairs(PEOPLE, PADDED, 200, seed=0)
    assert len(pairs) == 200
    assert all(PEOPLE[source] != PEOPLE[target] for source, target in pairs)
    assert not any(PADDED[target] for _, target in pairs)
    assert {source for source, _ in pairs} == set(range(7))
    assert sorted(target for _, target in pairs[:5]) == [0, 1, 2, 3, 4]


def test_fewer_pairs_are_the_beginning_of_more_and_a_seed_repeats():
    many = draw_pairs(PEOPLE, PADDED, 50, seed=3)
    assert draw_pairs(PEOPLE, PADDED, 50, seed=3) == many
    assert draw_pairs(PEOPLE, PADDED, 12, seed=3) == many[:12]
    assert draw_pairs(PEOPLE, PADDED, 50, seed=4) != many


@pytest.mark.parametrize(("people", "padded"), [([0, 0], [False, False]), ([0, 1], [True, True])])
def test_a_split_without_pairs_is_refused(people, padded):
    with pytest.raises(UserError, match="fewer than two people"):
        draw_pairs(np.array(people), np.array(padded), 5, seed=0)


def test_strangers_get_a_label_each(evaluator):
    faces = replace(evaluator.faces, identity=torch.tensor([0, 0, 1, 1, -1, -1, -1, 2]))
    labels = people_labels(faces)
    assert labels[[0, 1, 2, 3, 7]].tolist() == [0, 0, 1, 1, 2]
    assert len(set(labels[4:].tolist())) == 4
    assert set(labels[4:7].tolist()).isdisjoint({0, 1, 2})


def test_known_swaps_get_their_known_scores(evaluator):
    pairs = draw_pairs(evaluator.people, evaluator.faces.padded.numpy(), 14, seed=0)
    swaps = {
        UNCHANGED: lambda source, target: (target.image, None),
        "paste": lambda source, target: (source.image, 12.0),
    }
    (floor, paste), pictures = evaluator.score(swaps, pairs, seed=0)
    assert floor.reference and not paste.reference
    assert floor.values["retrieval"] == 0
    assert floor.values["gain"] == pytest.approx(0, abs=1e-6)
    assert floor.values["pose"] == floor.values["expression"] == 0
    assert paste.values["retrieval"] == 1
    assert paste.values["id_source"] == pytest.approx(1, abs=1e-5)
    assert paste.values["milliseconds"] == 12
    assert {"frechet", "kernel"} <= floor.values.keys()
    assert len(pictures) == 12
    assert all(len(row) == 3 and np.array_equal(row[0], row[2]) for row in pictures)  # source, target, pasted source


def test_aims_compare_with_the_floor_and_the_baseline():
    rows = [
        ScoreRow(UNCHANGED, {"gaze": 0.5, "frechet": 0.1}),
        ScoreRow("warp", {"gaze": 1.6, "frechet": 0.3, "retrieval": 0.8}),
        ScoreRow("mine", {"gaze": 0.9, "frechet": 0.4, "retrieval": 0.9, "gain": 0.5}),
    ]
    met = {check["metric"]: check["met"] for check in check_aims(rows, "mine")}
    assert met == {"retrieval": True, "gain": False, "gaze": True, "frechet": False}
    assert {check["metric"] for check in check_aims(rows, "warp")} == {"retrieval", "gaze"}  # not against itself
    lines = aims_table(check_aims(rows, "mine")).splitlines()
    assert lines[0] == "reached ID retrieval: 90.0 %, aim at least 85.0 %"
    assert lines[1] == "MISSED  ID gain: 50.0 %, aim at least 60.0 %"
    assert "gaze: 0.90 °, aim at most 1.00 °" in lines[2]


def test_bad_arguments_are_told_in_one_line(tmp_path, capsys):
    assert main(["evaluate", "--method", "nothing", "--data", str(tmp_path), "--alone", "--device", "cpu"]) == 2
    assert "Unknown method 'nothing'" in capsys.readouterr().err
    with pytest.raises(UserError, match="must be 2 or more"):
        evaluate(argparse.Namespace(pairs=1))


def test_the_ways_that_are_scored_have_names_and_references_come_first():
    assert Ways("ghost", "cpu", alone=False).names() == [UNCHANGED, "source pasted", "warp", "ghost"]
    assert Ways("warp", "cpu", alone=False).names() == [UNCHANGED, "source pasted", "warp"]
    assert Ways("ghost", "cpu", alone=True, restore="renovation").names() == [UNCHANGED, "ghost", "ghost, renovation"]
    assert list(Ways("warp", "cpu", alone=True).swaps()) == [UNCHANGED, "warp"]


@pytest.fixture(scope="module")
def scores(tmp_path_factory, tiny_faces) -> Callable[..., dict]:
    """The report, without times, of scoring the same pairs wherever it is told to."""
    cache = tmp_path_factory.mktemp("cache")
    command = ["evaluate", "--method", "warp", "--alone", "--data", str(tiny_faces), "--pairs", "10", "--device", "cpu"]

    def scored(*where: str) -> dict:
        out = tmp_path_factory.mktemp("report")
        assert main([*command, "--cache", str(cache), "--out", str(out), *where]) == 0
        report = json.loads((out / "report.json").read_text())
        for row in report["methods"]:
            for name in ("milliseconds", "fps"):
                row["values"].pop(name, None)
                row["intervals"].pop(name, None)
        return report

    return scored


@pytest.fixture(scope="module")
def by_one_worker(scores) -> dict:
    return scores("--workers", "1")


@pytest.mark.timeout(900)
@pytest.mark.slow  # starts workers
def test_scores_do_not_depend_on_the_number_of_workers(scores, by_one_worker):
    assert scores("--workers", "2") == by_one_worker and len(by_one_worker["methods"]) == 2


@pytest.mark.timeout(900)
@pytest.mark.slow  # starts Ray
def test_scores_on_a_ray_cluster_are_the_same(scores, by_one_worker, ray_here):
    assert scores("--workers", "2", "--ray", ray_here) == by_one_worker
