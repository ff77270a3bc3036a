"""Make the example clip: ``PYTHONPATH=. python examples/make_clip.py``, a video call of two of the invented people.

Two portraits are brought to life: the lids slide over the eyes now and then, the face meshes are turned in space, and
the pictures follow them. A plucked tune is the sound. The same portraits give the same clip.
"""

import argparse
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from swapper.faces import mesh
from swapper.faces.pose import HeadPose, rotation_of
from swapper.images import read_image
from swapper.pipeline import FaceSwapper
from swapper.runtime.whole_file import whole_file

HERE = Path(__file__).parent
WIDTH, HEIGHT, RATE, SECONDS = 640, 360, 25, 5.0
CALLERS = ("04", "06")  # left and right
ROOM, GAP, CORNER = (24, 26, 30), 8, 14  # colour around the pictures; pixels between them and of their corners
ZOOM = 1.06  # size of a portrait against its part of the picture
GRID = 36  # the warp is computed on this many points a side, and enlarged
STIFFNESS = 60.0  # of the warp; with less, ears fold where the cheek beside them turns away
PIVOT = 1.1  # eye distances behind the face about which the head turns
HAIR = 0.15  # eye distances that the outline of the hair lies behind that of the face
FOLD = 0.24  # eye distances above the eye at which the skin stays when a lid closes
BLINK = 0.12  # seconds from open to closed
SOUND_RATE = 48_000
TUNE = (57, 64, 69, 73, 76, 73, 69, 64, 62, 66, 69, 74, 78, 74, 69, 66, 57, 64, 69, 76)  # MIDI notes, four a second


class Caller:
    """One person of the call, who moves in a way of their own.

    Args:
        picture: the portrait, RGB.
        landmarks: its face mesh, pixels.
        side: -1 for the left part of the picture, 1 for the right: they turn to each other now and then.
    """

    def __init__(self, picture: np.ndarray, landmarks: np.ndarray, side: int):
        self.picture, self.landmarks, self.side = picture, landmarks, side
        self.eyes = mesh.eye_distance(landmarks)
        self.blinks = (0.9, 2.6, 4.3) if side < 0 else (1.6, 3.4)
        self.still = _border(len(picture))

    def at(self, time: float) -> np.ndarray:
        """The portrait at a time, RGB."""
        rest = self._controls()
        middle = self.landmarks[[*mesh.LEFT_EYE_CORNERS, *mesh.RIGHT_EYE_CORNERS, mesh.NOSE_TIP, mesh.CHIN]].mean(0)
        pivot = middle + np.array([0, 0.3 * self.eyes, PIVOT * self.eyes])
        turned = (rest - pivot) @ rotation_of(self._pose(time)).T + pivot
        goal = np.concatenate([turned[:, :2] + self._sway(time), self.still])
        source = np.concatenate([rest[:, :2], self.still])
        return _follow(self._blinking(time), source, goal)

    def _controls(self) -> np.ndarray:
        """Every third point of the mesh, and a ring around the hair: (n, 3)."""
        points, oval = self.landmarks[: mesh.MESH_POINTS], self.landmarks[list(mesh.FACE_OVAL)]
        ring = points.mean(0) + 1.45 * (oval - points.mean(0))
        ring[:, 2] = oval[:, 2].max() + HAIR * self.eyes
        return np.concatenate([points[::3], ring[::2]])

    def _blinking(self, time: float) -> np.ndarray:
        """The portrait before its head is turned, with lids as open as they are at a time."""
        shut = max(1 - min(abs(time - at) for at in self.blinks) / BLINK, 0.0) ** 0.6
        drawn = self.picture
        for eye in (mesh.LEFT_EYE, mesh.RIGHT_EYE) if shut else ():
            drawn = _lowered(drawn, self.landmarks[list(eye), :2], shut, FOLD * self.eyes)
        return drawn

    def _pose(self, time: float) -> HeadPose:
        turn = np.sin(2 * np.pi * time / SECONDS + 0.6 * self.side)
        nod = np.sin(2 * np.pi * time / 1.7 + 1.3 * self.side)
        tilt = np.sin(2 * np.pi * time / 3.1 + self.side)
        return HeadPose(yaw=11.0 * float(turn), pitch=3.5 * float(nod), roll=3.0 * float(tilt))

    def _sway(self, time: float) -> np.ndarray:
        return self.eyes * np.array([0.12 * np.sin(2 * np.pi * time / 4.1 + self.side), 0.03 * np.sin(time * 3.7)])


def _lowered(picture: np.ndarray, eye: np.ndarray, shut: float, fold: float) -> np.ndarray:
    """Slide an upper lid down over its eye, column by column, stretching the skin above it.

    Args:
        picture: RGB.
        eye: outline, from the outer or inner corner over the upper lid to the other corner and back: (16, 2).
        shut: 0 (open) to 1.
        fold: pixels above the lid from which on the skin stays.
    """
    y, x = np.mgrid[: len(picture), : len(picture)].astype(np.float32)
    columns = np.arange(len(picture))
    upper, lower = (
        np.interp(columns, line[np.argsort(line[:, 0]), 0], line[np.argsort(line[:, 0]), 1])
        for line in (eye[:9], np.concatenate([eye[8:], eye[:1]]))
    )
    edge = upper + shut * np.maximum(lower - upper, 0) * ((columns > eye[:, 0].min()) & (columns < eye[:, 0].max()))
    top = upper - fold
    stretched = top + (y - top) * fold / (edge - top)
    moved = np.where((y > top) & (y < edge + 1), stretched, y).astype(np.float32)
    return cv2.remap(picture, x, moved, cv2.INTER_LINEAR)


def _border(size: int) -> np.ndarray:
    """Points around the portrait and along the collar, which stay where they are: (n, 2)."""
    steps = np.linspace(-0.15, 1.15, 9) * size
    low, high = steps[0], steps[-1]
    sides = [(x, y) for x in steps for y in (low, high)] + [(x, y) for y in steps for x in (low, high)]
    return np.array(sides + [(x, 0.99 * size) for x in steps], np.float64)


def _follow(picture: np.ndarray, source: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Draw a picture so that points lie at ``goal`` instead of ``source``, by a thin-plate spline."""
    size = len(picture)
    steps = (np.arange(GRID) + 0.5) * size / GRID - 0.5
    grid = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    where, unique = np.unique(np.round(goal, 2), axis=0, return_index=True)
    spline = RBFInterpolator(where, (source - goal)[unique], kernel="thin_plate_spline", smoothing=STIFFNESS)
    places = (grid + spline(grid)).reshape(GRID, GRID, 2).astype(np.float32)
    x, y = cv2.split(cv2.resize(places, (size, size), interpolation=cv2.INTER_CUBIC))
    return cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def callers(portraits: Path) -> list[Caller]:
    """The two people, reduced to the size they are shown in."""
    finder, people = FaceSwapper("warp", "cpu", threads=1), []
    for name, side in zip(CALLERS, (-1, 1), strict=True):
        size = round(ZOOM * (HEIGHT - 2 * GAP))
        picture = cv2.resize(read_image(portraits / f"{name}.jpg"), (size, size), interpolation=cv2.INTER_AREA)
        people.append(Caller(picture, finder.find_faces(picture)[0].mesh, side))
    return people


def frames(people: list[Caller]) -> Iterator[np.ndarray]:
    """The pictures of the call, RGB."""
    width, height = (WIDTH - 3 * GAP) // 2, HEIGHT - 2 * GAP
    shape = np.zeros((4 * height, 4 * width), np.float32)  # drawn large for soft corners
    cv2.rectangle(shape, (4 * CORNER, 0), (4 * (width - CORNER), 4 * height), 1.0, -1)
    cv2.rectangle(shape, (0, 4 * CORNER), (4 * width, 4 * (height - CORNER)), 1.0, -1)
    for x in (CORNER, width - CORNER):
        for y in (CORNER, height - CORNER):
            cv2.circle(shape, (4 * x, 4 * y), 4 * CORNER, 1.0, -1)
    share = cv2.resize(shape, (width, height), interpolation=cv2.INTER_AREA)[..., None]
    for index in range(round(SECONDS * RATE)):
        frame = np.full((HEIGHT, WIDTH, 3), ROOM, np.float32)
        for number, person in enumerate(people):
            drawn = person.at(index / RATE)
            left, top = (len(drawn) - width) // 2, (len(drawn) - height) // 2
            part = frame[GAP : GAP + height, GAP + number * (width + GAP) :][:, :width]
            part += share * (drawn[top : top + height, left : left + width] - part)
        yield np.clip(np.rint(frame), 0, 255).astype(np.uint8)


def tune() -> np.ndarray:
    """Plucked strings, -1..1.

    Source: Karplus, Strong, "Digital synthesis of plucked-string and drum timbres", 1983.
    """
    rng, length = np.random.default_rng(0), round(SECONDS * SOUND_RATE)
    sound = np.zeros(length)
    for number, note in enumerate(TUNE):
        period = round(SOUND_RATE / (440 * 2 ** ((note - 69) / 12)))
        string = np.convolve(rng.uniform(-1, 1, period), np.ones(5) / 5, "same")
        begin = round(number * SOUND_RATE / 4)
        rounds = []
        for _ in range((length - begin) // period):
            rounds.append(string)
            string = 0.497 * (string + np.roll(string, 1))
        played = np.concatenate([*rounds, np.zeros(length - begin - period * len(rounds))])
        sound[begin:] += played
    fade = np.minimum(1, (length - np.arange(length)) / (0.6 * SOUND_RATE))
    return 0.5 * sound / np.abs(sound).max() * fade


def write(path: Path, pictures: Iterator[np.ndarray], sound: np.ndarray) -> None:
    """Write H.264 and AAC as MP4."""
    with (
        whole_file(path) as unfinished,
        av.open(str(unfinished), "w", "mp4", options={"movflags": "+faststart"}) as out,
    ):
        stream = out.add_stream("libx264", rate=RATE, options={"crf": "21", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        track = out.add_stream("aac", rate=SOUND_RATE, bit_rate=64_000, layout="mono")
        packets = [packet for image in pictures for packet in stream.encode(av.VideoFrame.from_ndarray(image, "rgb24"))]
        packets += stream.encode(None)
        for begin in range(0, len(sound), 1024):
            frame = av.AudioFrame.from_ndarray(sound[None, begin : begin + 1024].astype(np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, begin, Fraction(1, SOUND_RATE)
            packets += track.encode(frame)
        packets += track.encode(None)
        for packet in sorted(packets, key=lambda packet: (packet.dts or 0) * packet.time_base):
            out.mux_one(packet)


def main() -> None:
    """Write the clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "call.mp4")
    path = parser.parse_args().out
    write(path, frames(callers(HERE / "portraits")), tune())
    print(path.name, path.stat().st_size // 1024, "KB")


if __name__ == "__main__":
    main()
