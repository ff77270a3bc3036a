"""Twenty programs at once: all are served, nobody gets somebody else's face, memory stays bounded."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import handle_file
from PIL import Image
from served_app import END_TO_END, ROOT, connect, serve
from waiting import PATIENCE, wait_for

from swapper.pipeline import FaceSwapper

CLIENTS = 20
SIDE = 320  # px
GROWTH = 1500  # MB that twenty clients may add

pytestmark = END_TO_END


def sources_and_targets(portraits: list[Path], folder: Path) -> list[tuple[Path, Path]]:
    """A pair of photos for each client; all pairs differ, and neighbours differ in the source."""
    photos = []
    for path in portraits[:9]:
        with Image.open(path) as picture:
            photos.append(folder / f"{path.stem}.png")
            picture.convert("RGB").resize((SIDE, SIDE)).save(photos[-1])
    return [(photos[i % 9], photos[(i + 1 + i // 9) % 9]) for i in range(CLIENTS)]


def peak(address: str) -> float:
    """Megabytes that the process behind an address has used at most, where the system says so."""
    if sys.platform != "linux":
        return 0.0
    port = f":{int(address.rsplit(':', 1)[1].strip('/')):04X} "
    sockets = {
        line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines() if port in line and " 0A " in line
    }
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = {str(file.readlink()) for file in (process / "fd").iterdir()}
            if any(f"socket:[{number}]" in links for number in sockets):
                status = (process / "status").read_text()
                return int(status.split("VmHWM:")[1].split()[0]) / 1024
        except OSError:
            continue
    pytest.fail("the app's process was not found")


def test_nobody_with_a_photo_waits_for_somebody_elses_video(portraits, tmp_path):
    with serve(tmp_path, SWAPPER_MARK="off") as address:
        first, second = (connect(address, tmp_path / name) for name in "ab")
        source, target = handle_file(portraits[0]), handle_file(portraits[1])
        clip = handle_file(ROOT / "examples" / "call.mp4")
        film = first.submit([source], clip, consent=True, method="warp", api_name="/swap_video")
        wait_for("the video in work", lambda: film.status().code.name == "PROCESSING" or film.done())
        assert not film.done()
        second.predict([source], target, consent=True, method="warp", api_name="/swap_image")
        assert not film.done()
        assert film.result(timeout=PATIENCE)[1]["frames"] == 125


def test_twenty_clients_each_get_their_own_sources_face(portraits, tmp_path, capsys):
    pairs = sources_and_targets(portraits, tmp_path)
    assert len(set(pairs)) == CLIENTS
    swapper = FaceSwapper("warp", "cpu", threads=1)
    expected = [swapper.swap_image(*pair).image.astype(int) for pair in pairs]
    with serve(tmp_path, SWAPPER_MARK="off", SWAPPER_QUEUE_SIZE="25") as address:
        clients = [connect(address, tmp_path / f"{i}") for i in range(CLIENTS)]
        before = peak(address)

        def ask(number: int) -> tuple[Any, dict]:
            source, target = map(handle_file, pairs[number])
            return clients[number].predict([source], target, consent=True, method="warp", api_name="/swap_image")

        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(ask, range(CLIENTS)))
        after = peak(address)
    assert len(answers) == CLIENTS
    for number, (path, report) in enumerate(answers):
        with Image.open(path) as picture:
            found = np.asarray(picture.convert("RGB")).astype(int)
        distances = [float(np.abs(found - other).mean()) for other in expected]
        assert int(np.argmin(distances)) == number and distances[number] < 0.5, f"client {number} got another's picture"
        assert report["swapped"] == [0]
    with capsys.disabled():
        print(f"\nload: {CLIENTS} clients, peak memory {before:.0f} MB before, {after:.0f} MB after")
    assert after - before < GROWTH and after < 4000
