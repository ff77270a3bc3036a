"""Work that tells where it is, ends when nobody waits, and leaves nothing behind."""

import time
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from waiting import PATIENCE, wait_for

from swapper.types import UserError
from swapper.ui import progress
from swapper.ui.files import new_folder
from swapper.ui.progress import Cancelled, Progress, Tell, ToldTimer, follow, meter


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(progress, "LOOK_EVERY", 0.02)


def test_work_is_followed_to_its_answers(uploads: Path):
    go_on = Event()

    def work(tell: Tell):
        tell(0.3, "Swapping")
        assert go_on.wait(PATIENCE)
        yield "first"
        tell(0.9, "Saving")
        (new_folder() / "result.png").write_bytes(b"picture")
        yield "second"

    seen = []
    for state in follow(work):
        seen.append(state)
        if state == Progress(0.3, "Swapping"):
            go_on.set()
    assert [state for state in seen if isinstance(state, str)] == ["first", "second"]
    assert len(list(uploads.rglob("result.png"))) == 1


def test_who_stops_looking_ends_the_work_and_nothing_is_left(uploads: Path):
    ended = Event()

    def work(tell: Tell):
        (new_folder() / "half.png").write_bytes(b"half a picture")
        try:
            while True:
                tell(0.5, "Swapping")
                time.sleep(0.01)
        except Cancelled:
            ended.set()
            raise
        yield "never"

    states = follow(work)
    wait_for("a half picture", lambda: next(states) != "never" and any(uploads.rglob("half.png")))
    begun = time.monotonic()
    states.close()
    assert time.monotonic() - begun < 1  # whoever closes it is not held up
    assert ended.wait(PATIENCE)
    wait_for("an empty folder", lambda: not any(uploads.iterdir()))


@pytest.mark.parametrize("error", [UserError("No face."), ZeroDivisionError()])
def test_what_goes_wrong_is_raised_where_the_visitor_waits(uploads: Path, error):
    def work(_tell: Tell):
        new_folder()
        yield "half"
        raise error

    with pytest.raises(type(error)):
        list(follow(work))
    wait_for("an empty folder", lambda: not any(uploads.iterdir()))


def test_a_told_timer_ends_between_two_steps():
    told: list[tuple[float, str]] = []
    timer = ToldTimer(lambda *said: told.append(said), {"swap": (0.4, "Swapping")})
    for step in ("swap", "other"):
        with timer.step(step):
            pass
    assert told == [(0.4, "Swapping")] * 2 and list(timer.milliseconds) == ["swap", "other"]
    tell = Tell()
    tell.cancel.set()
    with pytest.raises(Cancelled), ToldTimer(tell, {}).step("swap"):
        pytest.fail("the step has begun")


def test_what_was_told_never_goes_back():
    tell = Tell()
    for share in (0.5, 0.2, 3.0):
        tell(share, "Swapping")
    assert tell.latest is not None and tell.latest.share == 1.0


def test_the_meter_says_it_in_words_and_to_screen_readers():
    small = meter(Progress(0.254, "Swapping <1>"), tall=False)
    assert 'role="progressbar"' in small and 'aria-valuenow="25"' in small
    assert "<p>Swapping &lt;1&gt; · 25 %</p>" in small and "empty" not in small
    full = meter(Progress(1.0, "Swapping", lambda: np.zeros((4, 4, 3), np.uint8), "3 of 3 frames"))
    assert "<img" in full and "Swapping · 100 % · 3 of 3 frames" in full
