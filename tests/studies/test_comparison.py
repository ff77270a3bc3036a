from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from swapper.batch.engine import Engine
from swapper.metrics.report import ScoreRow
from swapper.pipeline import FaceSwapper
from swapper.studies import comparison
from swapper.studies.comparison import FINISHED, FinishedSwap, attributes_kept, compare, gallery_of
from swapper.studies.comparison_swaps import SwapperChoice, measure_people_in_workers
from swapper.studies.subjects import Subject, choose_pairs, measure_people, people_in
from swapper.types import UserError


@pytest.fixture(scope="module")
def warp() -> FaceSwapper:
    return FaceSwapper("warp", "cpu", restore="none", threads=1)


@pytest.fixture(scope="module")
def people(warp, evaluators, portraits) -> list[Subject]:
    return measure_people([(path.stem, [path]) for path in portraits[:3]], warp, evaluators)


def test_a_folder_holds_people_and_folders_of_people(tmp_path):
    for name in ("ann.png", "ben/1.png", "ben/2.png", ".hidden"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    found = [(name, [path.name for path in paths]) for name, paths in people_in(tmp_path)]
    assert found == [("ann", ["ann.png"]), ("ben", ["1.png", "2.png"])]
    with pytest.raises(UserError, match="folder not found"):
        people_in(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="the folder is empty"):
        people_in(tmp_path / "empty")


def test_what_shows_no_face_is_said_or_left_out(warp, evaluators, portraits, tmp_path):
    Image.new("RGB", (300, 300), "teal").save(tmp_path / "wall.png")
    given = [("wall", [tmp_path / "wall.png"]), ("somebody", [portraits[0]])]
    with pytest.raises(UserError, match=r"wall\.png': no face was found"):
        measure_people(given, warp, evaluators)
    said: list[str] = []
    assert [person.name for person in measure_people(given, warp, evaluators, said.append)] == ["somebody"]
    assert len(said) == 1 and "wall.png" in said[0]
    with pytest.raises(UserError, match="no face was found"):
        measure_people(given[:1], warp, evaluators, said.append)


def test_pairs_are_different_photos_and_can_be_fewer(people):
    pairs = choose_pairs(people, people, 100)
    assert sorted(pairs) == [(s, t) for s in range(3) for t in range(3) if s != t]
    some = choose_pairs(people, people, 4)
    assert len(some) == 4 and set(some) < set(pairs) and some == choose_pairs(people, people, 4)
    with pytest.raises(UserError, match="are the same photo"):
        choose_pairs(people[:1], people[:1], 9)


def test_the_gallery_knows_a_source_among_the_targets(people):
    gallery = gallery_of(people[:2], people)
    assert gallery.people.tolist() == [0, 1, 2]
    twice = Subject("both", [people[0].photos[0], people[1].photos[0]])
    assert gallery_of([twice], people[2:]).people.tolist() == [0, 0, 1]


def test_rows_arrive_one_by_one_with_references_first(people, warp, evaluators):
    told: list[tuple[int, int, str]] = []
    pairs = choose_pairs(people[:1], people[1:], 9)
    states = list(
        compare(people[:1], people[1:], pairs, ["warp", "warp"], lambda _: warp, evaluators, lambda *x: told.append(x))
    )
    assert [len(state.rows) for state in states] == [1, 2, 3]
    done = states[-1]
    assert [row.name for row in done.rows] == ["target unchanged", "source pasted", "warp"]
    assert [row.reference for row in done.rows] == [True, True, False]
    assert told[0] == (0, 6, "target unchanged") and told[-1] == (5, 6, "warp") and len(told) == 6
    assert done.columns() == ["source", "target", "source pasted", "warp"]
    grid = done.grid()
    assert len(grid) == 2 and all(len(row) == 4 for row in grid)
    assert all(face.shape == (256, 256, 3) for row in grid for face in row)

    unchanged, pasted, warped = (row.values for row in done.rows)
    assert unchanged["pose"] < warped["pose"] and unchanged["id_source"] < warped["id_source"] < 1
    assert pasted["retrieval"] == 1 and unchanged["retrieval"] == 0
    assert "milliseconds" in warped and "milliseconds" not in unchanged
    assert not {"gain", "frechet"} & set(warped), "nobody has two photos, and two pairs are too few"
    assert all(np.isfinite(value) for value in warped.values())
    assert set(done.rows[2].intervals) == {"retrieval", "retrieval_smooth"}, "two pairs say nothing of means"
    assert done.judges() == ["arcface", "smooth"] and done.compared() == ["warp"]
    assert warped["id_source_smooth"] > unchanged["id_source_smooth"]
    assert attributes_kept(done.rows[1], done.rows[1]) == pytest.approx(0)
    assert attributes_kept(done.rows[0], done.rows[1]) > attributes_kept(done.rows[2], done.rows[1])


def test_one_identity_a_person_and_pictures_of_the_first_pairs(people, warp, evaluators, monkeypatch):
    monkeypatch.setattr(comparison, "PICTURED", 1)
    made = []
    identify = warp.method.identify
    monkeypatch.setattr(warp.method, "identify", lambda crops: made.append(len(crops)) or identify(crops))
    both = [replace(people[0], photos=[people[0].photos[0], people[1].photos[0]])]
    targets = [people[2], people[2]]
    *_, done = compare(both, targets, [(0, 0), (0, 1)], [], lambda _: warp, evaluators)
    assert made == [2]
    assert len(done.grid()) == 1


def test_a_finished_result_gets_a_row_like_that_of_its_method(people, warp, evaluators):
    source, target = people[0].photos[0], people[2].photos[0]
    swapped = warp.swap_faces(target.image, [target.face], {0: warp.method.identify([source.crop])}).image
    given = people[:1], people[2:], [(0, 0)], []
    *_, done = compare(*given, lambda _: warp, evaluators, finished=FinishedSwap(0, swapped, "warp"))
    row, method = done.rows[2:]
    assert (row.name, row.reference, done.finished_by) == (FINISHED, True, "warp")
    for key in ("id_source", "id_source_smooth", "pose", "retrieval"):
        assert row.values[key] == pytest.approx(method.values[key], abs=1e-5)
    assert done.columns() == ["source", "target", "source pasted", FINISHED, "warp"]
    with pytest.raises(UserError, match="another size than the target"):
        list(compare(*given, lambda _: warp, evaluators, finished=FinishedSwap(0, swapped[1:], "warp")))


def test_nothing_kept_is_zero_and_all_kept_is_one():
    keys = ("pose", "expression", "gaze")
    pasted = ScoreRow("p", dict.fromkeys(keys, 2.0))
    assert attributes_kept(ScoreRow("m", dict.fromkeys(keys, 0.5)), pasted) == pytest.approx(0.75)
    assert attributes_kept(ScoreRow("m", dict.fromkeys(keys, 0.0)), pasted) == 1


def figures(done: comparison.Comparison) -> list[dict[str, float]]:
    """Of the rows, without times."""
    return [{**row.values, "milliseconds": 0, "fps": 0} for row in done.rows]


@pytest.fixture(scope="module")
def in_workers(evaluators, portraits) -> Callable[[Engine], comparison.Comparison]:
    """Makes the same comparison wherever it is told to."""
    build = SwapperChoice("cpu", {})
    given = [*((path.stem, [path]) for path in portraits[:3]), ("text", [Path(__file__)])]

    def compared(engine: Engine) -> comparison.Comparison:
        left_out: list[str] = []
        found = measure_people_in_workers(given, engine, build, left_out.append)
        assert len(left_out) == 1 and Path(__file__).name in left_out[0]
        pairs = choose_pairs(found[:1], found[1:], 9)
        finished = FinishedSwap(1, found[2].photos[0].image, "warp")
        *_, done = compare(found[:1], found[1:], pairs, ["warp"], build, evaluators, None, finished, engine)
        return done

    return compared


@pytest.fixture(scope="module")
def by_one_worker(in_workers) -> comparison.Comparison:
    return in_workers(Engine(1, gpu=False))


@pytest.mark.timeout(900)
@pytest.mark.slow  # starts workers
def test_figures_do_not_depend_on_the_number_of_workers(in_workers, by_one_worker, people, warp, evaluators):
    done = in_workers(Engine(2, gpu=False))
    assert figures(done) == figures(by_one_worker)
    assert [row.name for row in done.rows] == ["target unchanged", "source pasted", FINISHED, "warp"]
    assert [len(pictures) for pictures in done.pictures.values()] == [2, 2, 2]
    finished = FinishedSwap(1, people[2].photos[0].image, "warp")
    *_, here = compare(people[:1], people[1:], done.pairs, ["warp"], lambda _: warp, evaluators, None, finished)
    for one, other in zip(figures(done), figures(here), strict=True):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-4)


@pytest.mark.timeout(900)
@pytest.mark.slow  # starts Ray
def test_figures_on_a_ray_cluster_are_the_same(in_workers, by_one_worker, ray_here):
    assert figures(in_workers(Engine(2, ray_here, gpu=False))) == figures(by_one_worker)
