"""Who becomes whom in a session's video."""

import numpy as np
import pytest
from clips import PORTRAITS, background, lay, portrait, write_clip
from PIL import Image

from swapper.compose.settings import BlendSettings
from swapper.faces.align import cut_crop
from swapper.faces.embed import FaceEmbedder
from swapper.images import read_image
from swapper.pipeline import FaceSwapper
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.assignment import UNCHANGED
from swapper.ui.plan import CHOSEN, EVERYONE, LARGEST
from swapper.ui.video.clip import frame_at, open_clip, preview_swap
from swapper.ui.video.plan import Cast, look_for_people, plan_swap, wanted_people
from swapper.video.io import VideoReader

LEFT, RIGHT = slice(90, 180), slice(300, 400)  # columns of the faces' middles


@pytest.fixture(scope="module")
def finder() -> FaceSwapper:
    if len(list(PORTRAITS.glob("*.jpg"))) < 6:
        pytest.skip("the example portraits are not here")
    return FaceSwapper("warp", "cpu", threads=1)


@pytest.fixture(scope="module")
def couple(tmp_path_factory) -> str:
    """Two people, the larger at the left."""
    frame = background(270, 480)
    lay(frame, portrait(0), (130, 140), 200)
    lay(frame, portrait(2), (350, 130), 165)
    return str(write_clip(tmp_path_factory.mktemp("couple") / "couple.mp4", [frame] * 12))


@pytest.fixture
def cast(finder, couple, uploads) -> Cast:
    return look_for_people(finder, VideoReader(couple), 0, 0.4, lambda share: None)


def photos(*numbers: int) -> list[list[str]]:
    found = [[str(sorted(PORTRAITS.glob("*.jpg"))[number])] for number in numbers]
    return found + [[]] * (3 - len(found))


def test_found_people_have_pictures_and_become_the_first_person(cast, couple):
    assert cast.path == couple and cast.wanted() == {0: 0, 1: 0}
    assert all(Image.open(path).size == (192, 192) for path in cast.thumbnails)
    assert [person.sightings for person in cast.seen] == [1, 1]


def test_nobody_to_be_found(finder, uploads, tmp_path):
    clip = write_clip(tmp_path / "empty.mp4", [background(270, 480)] * 3)
    with pytest.raises(UserError, match="nobody can be identified"):
        look_for_people(finder, VideoReader(clip), 0, 0.1, lambda share: None)
    assert not any(uploads.iterdir())


def test_what_is_missing_is_said(cast):
    assert dict(wanted_people(EVERYONE, None, photos(1))) == {UNCHANGED: 0}
    with pytest.raises(UserError, match="person A has no photo yet"):
        wanted_people(EVERYONE, None, [[], [], []])
    with pytest.raises(UserError, match="has not been searched yet"):
        wanted_people(CHOSEN, None, photos(1))
    with pytest.raises(UserError, match="person B has no photo yet"):
        wanted_people(CHOSEN, cast.assign(1), photos(1))
    alone = Cast(path=cast.path, thumbnails=cast.thumbnails, people=[UNCHANGED, UNCHANGED], seen=cast.seen)
    with pytest.raises(UserError, match="everyone is set to stay unchanged"):
        wanted_people(CHOSEN, alone, photos(1))


def changed(before: np.ndarray, after: np.ndarray) -> tuple[bool, bool]:
    """Whether the left and the right face changed by more than a watermark does."""
    difference = np.abs(before.astype(int) - after)[90:190]
    return bool(difference[:, LEFT].mean() > 5), bool(difference[:, RIGHT].mean() > 5)


@pytest.mark.parametrize(("who", "expected"), [(EVERYONE, (True, True)), (LARGEST, (True, False))])
def test_a_preview_swaps_the_selected_faces(finder, couple, uploads, who, expected):
    image = frame_at(open_clip(couple, Limits()), 0.2, Limits())
    plan = plan_swap(finder, who, None, photos(4))
    assert plan.sources == 1
    assert changed(image, preview_swap(finder, image, plan, BlendSettings(), "0:00.2")) == expected
    assert not any(uploads.iterdir())  # frames travel inside the page


@pytest.mark.parametrize("alone", [0, 1])
def test_a_preview_leaves_alone_whom_nobody_chose(finder, couple, cast, alone):
    image = frame_at(open_clip(couple, Limits()), 0.2, Limits())
    people = [0, 0]
    people[alone] = UNCHANGED
    chosen = Cast(path=cast.path, thumbnails=cast.thumbnails, people=people, seen=cast.seen)
    plan = plan_swap(finder, CHOSEN, chosen, photos(4))
    after = changed(image, preview_swap(finder, image, plan, BlendSettings(), "0:00.2"))
    who = [float(person.embedding @ _embedding(finder, 0)) for person in cast.seen]  # the left one
    assert after == ((False, True) if who[alone] > 0.5 else (True, False))


def _embedding(finder: FaceSwapper, number: int) -> np.ndarray:
    image = read_image(sorted(PORTRAITS.glob("*.jpg"))[number])
    return FaceEmbedder().embed([cut_crop(image, finder.find_faces(image)[0].points)])[0]


def test_two_people_become_two_others(finder, cast):
    plan = plan_swap(finder, CHOSEN, cast.assign(1), photos(4, 5))
    assert plan.source is None and plan.sources == 2
    assert len({id(role.identity) for role in plan.roles}) == 2
    assert plan_swap(finder, CHOSEN, cast.assign(UNCHANGED), photos(4)).sources == 1


def test_a_preview_without_a_face_says_where(finder, uploads):
    plan = plan_swap(finder, EVERYONE, None, photos(4))
    with pytest.raises(UserError, match=r"no face was found at 0:01\.5"):
        preview_swap(finder, background(270, 480), plan, BlendSettings(), "0:01.5")
