import base64
from types import SimpleNamespace

import cv2
import gradio as gr
import numpy as np
import pytest
import torch
from clips import PORTRAITS, background, lay, portrait

from swapper.compose.settings import BlendSettings
from swapper.methods.warp import WarpMethod
from swapper.pipeline import FaceSwapper
from swapper.runtime.limits import Limits
from swapper.studies.previews import data_uri
from swapper.types import UserError
from swapper.ui.consent import CONSENT_FIRST
from swapper.ui.live.streams import LiveSettings, LiveStreams, ShownFrame
from swapper.ui.live.tab import NO_SOURCE, STARTING, LiveTab, stats


@pytest.fixture(scope="module")
def swapper() -> FaceSwapper:
    return FaceSwapper(WarpMethod(torch.device("cpu"), 128), "cpu", threads=1)


@pytest.fixture
def streams(swapper: FaceSwapper) -> LiveStreams:
    return LiveStreams(lambda: swapper, Limits(max_live_side=320, live_visitors=2))


@pytest.fixture(scope="module")
def frame() -> dict:
    image = background(480, 640)
    lay(image, portrait(1), (320, 240), 360)
    return {"path": None, "url": data_uri(image)}


def decode(url: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)


def apart(one: np.ndarray, other: np.ndarray, place: tuple[slice, slice] = np.s_[90:150, 130:190]) -> float:
    """Mean difference of two frames in the face, grey levels."""
    return float(np.abs(one[place].astype(int) - other[place]).mean())


PEOPLE = [str(path) for path in sorted(PORTRAITS.glob("*.jpg"))]


def test_a_frame_comes_back_reduced_and_swapped(streams: LiveStreams, frame: dict) -> None:
    shown = [streams.swap("me", frame, PEOPLE[n]) for n in (0, 0, 5)]
    assert [s.faces for s in shown] == [1, 1, 1]
    assert decode(shown[0].url).shape == (240, 320, 3)
    assert shown[0].rate == 0 and shown[1].rate > 0 and shown[1].milliseconds > 0
    assert shown[2].url != shown[1].url


def test_two_people_a_smaller_picture_and_other_settings_count_from_the_next_frame(streams, frame) -> None:
    first = streams.swap("me", frame, PEOPLE[0])
    both = streams.swap("me", frame, PEOPLE[0], LiveSettings(second=PEOPLE[5]))
    other = streams.swap("me", frame, PEOPLE[0], LiveSettings(second=PEOPLE[5], exchanged=True))
    small = streams.swap("me", frame, PEOPLE[0], LiveSettings(side=160))
    own = streams.swap("me", frame, PEOPLE[0])
    eyes = streams.swap("me", frame, PEOPLE[0], LiveSettings(blend=BlendSettings(keep_eyes=1.0)))
    assert apart(decode(first.url), decode(both.url)) < 2 < apart(decode(first.url), decode(other.url))
    assert decode(small.url).shape == (120, 160, 3)
    target = cv2.resize(decode(frame["url"]), (320, 240), interpolation=cv2.INTER_AREA)
    left, right = (apart(decode(one.url), target, np.s_[110:118, 130:190]) for one in (own, eyes))
    assert right < left - 0.5, "the target's own eyes"


def test_a_second_photo_without_a_face_is_said(streams: LiveStreams, frame: dict, tmp_path) -> None:
    wall = tmp_path / "wall.png"
    cv2.imwrite(str(wall), np.full((200, 200, 3), 90, np.uint8))
    with pytest.raises(UserError, match=r"wall\.png.*no face was found"):
        streams.swap("me", frame, PEOPLE[0], LiveSettings(second=str(wall)))


@pytest.mark.parametrize(
    "payload",
    [None, {}, "text", {"url": None}, {"url": "http://example.org/a.jpg"}, {"url": "data:image/jpeg;base64,%%"}],
)
def test_what_is_no_frame_is_refused(streams: LiveStreams, payload: object) -> None:
    with pytest.raises(UserError, match="Webcam: the frame is not a JPEG"):
        streams.swap("me", payload, PEOPLE[0])
    assert len(streams) == 0


def test_a_frame_that_is_too_large_or_damaged_is_refused(streams: LiveStreams, frame: dict) -> None:
    with pytest.raises(UserError, match="at most 4 MB"):
        streams.swap("me", {"url": "data:image/jpeg;base64," + "A" * 6_000_000}, PEOPLE[0])
    with pytest.raises(UserError, match="damaged"):
        streams.swap("me", {"url": frame["url"][:2047]}, PEOPLE[0])


def test_a_photo_without_a_face_is_looked_at_once(streams: LiveStreams, frame: dict, tmp_path) -> None:
    wall = tmp_path / "wall.png"
    cv2.imwrite(str(wall), np.full((200, 200, 3), 90, np.uint8))
    with pytest.raises(UserError, match="no face was found"):
        streams.swap("me", frame, str(wall))
    wall.unlink()
    with pytest.raises(UserError, match="no face was found"):
        streams.swap("me", frame, str(wall))
    assert streams.swap("me", frame, PEOPLE[0]).faces == 1


def test_visitors_are_forgotten(streams: LiveStreams, frame: dict, monkeypatch) -> None:
    clock = SimpleNamespace(now=1000.0, monotonic=lambda: clock.now)
    monkeypatch.setattr("swapper.ui.live.streams.time", clock)
    for visitor in "abc":
        streams.swap(visitor, frame, PEOPLE[0])
    assert len(streams) == 2
    streams.leave("c")
    streams.leave("nobody")
    assert len(streams) == 1
    for passed, known in ((59, 2), (2, 1)):  # of b, who was seen last 59 and then 61 seconds ago
        clock.now += passed
        streams.swap("d", frame, PEOPLE[0])
        assert len(streams) == known


def test_nothing_is_swapped_without_consent_or_source(streams: LiveStreams, frame: dict) -> None:
    tab, request = LiveTab(streams, Limits()), gr.Request(session_hash="me")
    for agreed, said in ((False, CONSENT_FIRST), (True, NO_SOURCE)):
        picture, numbers, problem = tab.show(frame, agreed, None, "1", request)
        assert picture is None and numbers == "" and said in problem
    assert len(streams) == 0


def test_a_slow_machine_gets_a_rate_and_the_first_frame_none(streams, frame, monkeypatch) -> None:
    clock = SimpleNamespace(now=1000.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr("swapper.ui.live.streams.time", clock)
    read = streams._read

    def slowly(payload: object) -> np.ndarray:
        clock.now += 4
        return read(payload)

    monkeypatch.setattr(streams, "_read", slowly)
    first, second = (streams.swap("me", frame, PEOPLE[0]) for _ in range(2))
    assert (first.rate, second.rate) == (0, 0.25)
    assert "frames/s" not in stats(first, "1") and STARTING in stats(first, "1")
    assert "<b>0.2</b> frames/s" in stats(second, "1")
    assert "<b>0.05</b> frames/s" in stats(ShownFrame("", 1, 0.05, 1), "1")


def test_only_a_number_is_taken_from_the_browser() -> None:
    shown = ShownFrame("", 2, 9.96, 81.2)
    assert 'data-sent="123"' in stats(shown, "123") and "2 faces" in stats(shown, "123")
    for hostile in ('"><script>', "1e9", "", None, "٣"):
        assert 'data-sent=""' in stats(shown, hostile)
