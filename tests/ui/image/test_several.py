"""Several targets at once: each becomes the same people, and a bad one stops none of the others."""

import zipfile
from dataclasses import fields
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from two_faces import draw

from swapper.compose.settings import BlendSettings
from swapper.images import read_image
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.assignment import PEOPLE
from swapper.ui.assignment_panel import build_assignment_panel
from swapper.ui.image.image import ImageTab
from swapper.ui.image.layout import build_result
from swapper.ui.image.several import SwappedPhotos, Wish, plan_photos, swap_photos
from swapper.ui.image.target import find_target
from swapper.ui.plan import CHOSEN, EVERYONE, LARGEST
from swapper.ui.progress import Tell
from swapper.ui.sources import build_sources
from swapper.ui.visits import properties


def sent(path: str) -> dict:
    """An item of a gallery as the page sends it."""
    return {"image": {"path": path, "orig_name": Path(path).name}, "caption": None}


@pytest.fixture
def wish(engine, uploads) -> Wish:
    return Wish(engine, [[draw(uploads / "source.png", seed=1)], []], BlendSettings(), "none")


def quiet(_share: float, _what: str) -> None:
    """Nobody listens."""


def test_a_bad_photo_is_named_with_its_reason_and_the_others_are_swapped(wish, uploads):
    broken = uploads / "broken.png"
    broken.write_bytes(b"no picture")
    files = [draw(uploads / "a.png", seed=2), str(broken), draw(uploads / "small.png", 60, 60), "/etc/hostname"]
    files.append(draw(uploads / "b.png", seed=3))
    plan, finished, told = plan_photos(wish, EVERYONE, None), SwappedPhotos(), []
    steps = [
        len(now.shown)
        for now in swap_photos(wish, [sent(p) for p in files], plan, lambda s, w: told.append((s, w)), finished)
    ]
    assert steps == [1, 1, 1, 1, 2]  # results come as they end
    assert [name for _, name in finished.shown] == ["a.png", "b.png"]
    reasons = "\n".join(finished.notes)
    assert (
        "broken.png" in reasons and "small.png: No face was found." in reasons and "hostname: Photo: this is" in reasons
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[-1] < 1 and told[-1][1].startswith("Photo 5 of 5: ")
    with zipfile.ZipFile(finished.archive()) as archive:
        assert archive.namelist() == ["a-swapped.png", "b-swapped.png"]
        archive.extractall(uploads / "out")
    before, after = read_image(files[0]), read_image(uploads / "out" / "a-swapped.png")
    assert before.shape == after.shape and not np.array_equal(before[:, :120], after[:, :120])


def test_only_the_largest_face_changes_where_that_is_asked_for(wish, uploads):
    photo, finished = draw(uploads / "a.png", seed=4), SwappedPhotos()
    list(swap_photos(wish, [sent(photo)], plan_photos(wish, LARGEST, None), quiet, finished))
    before, after = read_image(photo).astype(int), read_image(finished.pictures["a-swapped.png"]).astype(int)
    moved = np.abs(before - after).max(2)
    assert moved[:, :100].max() > 20 > moved[:, 150:].max()


def test_people_chosen_in_the_target_need_one_and_a_photo_of_their_person(wish, photo):
    with pytest.raises(UserError, match="Add the target"):
        plan_photos(wish, CHOSEN, None)
    target = find_target(wish.swapper, photo).assign(1)
    with pytest.raises(UserError, match="person B has no photo yet"):
        plan_photos(wish, CHOSEN, target)
    with pytest.raises(UserError, match="every face is set to stay"):
        plan_photos(wish, CHOSEN, target.assign(-1).without(0))


def test_files_of_the_same_name_are_all_in_the_archive(uploads):
    finished = SwappedPhotos()
    for folder in ("x", "y", "z"):
        (uploads / folder).mkdir()
        finished.add(Path(draw(uploads / folder / "me.png")), "preview.jpg", "me.png")
    with zipfile.ZipFile(finished.archive()) as archive:
        assert archive.namelist() == ["me.png", "me-2.png", "me-3.png"]


@pytest.fixture
def tab(swappers) -> ImageTab:
    with gr.Blocks():
        faces = build_assignment_panel(build_sources(Path("nowhere")), "Face {face} becomes")
        return ImageTab(swappers, faces, build_result(), gr.HTML(), Limits(max_photos=3))


def values(source: str) -> list:
    """The sources' photos and the settings as the page sends them at first."""
    blend = [getattr(BlendSettings(), field.name) for field in fields(BlendSettings)]
    photos = [[sent(source)], *([None] * (len(PEOPLE) - 1))]
    return [*photos, "warp", "none", False, *(list(one) if isinstance(one, tuple) else one for one in blend)]


def swapped(tab: ImageTab, target: str | None, further: list[str], source: str) -> dict:
    """All that the tab shows in the end."""
    payload, shown = {"path": target, "orig_name": Path(target).name} if target else None, {}
    items = [sent(path) for path in further]
    for answer in tab.swap(Tell(), True, payload, None, None, items, EVERYONE, *values(source)):
        shown.update({block: properties(update) for block, update in answer.items()})
    return shown


def test_the_target_stands_first_among_the_results(tab, uploads, photo):
    source, more = draw(uploads / "source.png", seed=1), [draw(uploads / f"{n}.png", seed=n) for n in (2, 3)]
    shown = swapped(tab, photo, more, source)
    assert [name for _, name in shown[tab.result.several.gallery]["value"]] == ["my photo.png", "2.png", "3.png"]
    assert shown[tab.result.single]["visible"] and shown[tab.result.several.box]["visible"]
    with zipfile.ZipFile(shown[tab.result.several.archive]["value"]) as archive:
        assert len(archive.namelist()) == 3
    assert shown[tab.result.several.notes]["value"] == ""
    alone = swapped(tab, photo, [], source)
    assert alone[tab.result.single]["visible"] and not alone[tab.result.several.box]["visible"]


def test_a_target_that_cannot_be_swapped_does_not_stop_the_others(tab, uploads):
    small, source = draw(uploads / "small.png", 60, 60), draw(uploads / "source.png", seed=1)
    shown = swapped(tab, small, [draw(uploads / "a.png", seed=2)], source)
    assert not shown[tab.result.single]["visible"] and len(shown[tab.result.several.gallery]["value"]) == 1
    assert "small.png" in shown[tab.result.several.notes]["value"]
    without = swapped(tab, None, [draw(uploads / "a.png", seed=2)], source)
    assert len(without[tab.result.several.gallery]["value"]) == 1
    with pytest.raises(UserError, match=r"(?s)small.png.*[Nn]o face was found"):
        swapped(tab, None, [small], source)
    with pytest.raises(UserError, match="no photo yet"):
        swapped(tab, None, [], source)
    with pytest.raises(UserError, match=r"4 are more than the 3"):
        swapped(tab, None, [small] * 4, source)
