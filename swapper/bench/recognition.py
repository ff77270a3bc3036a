"""Whether a video swaps the right person: synthetic clips of which it is known who is where in every frame."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from swapper.bench.photo import example_portraits
from swapper.faces.embed import FaceEmbedder
from swapper.pipeline import FaceSwapper
from swapper.video.analyse import analyse
from swapper.video.casting import Casting, Role
from swapper.video.picture import TimedFrame
from swapper.video.request import make_tracker

WIDTH, HEIGHT = 480, 270
_SIDE = 180.0  # px, of a portrait in a frame
_NEAR = 0.25  # of a portrait's side: a face found so near to its centre is that person's
_HIDDEN = 0.5  # of a portrait's side: somebody this near in front hides a person, who then need not be found
_INSIDE = 0.4  # of a portrait's side: how far its centre is inside the frame where the whole face is
_PAIRS = ((2, 3), (2, 0), (0, 4), (6, 7), (3, 8), (4, 5))  # of portraits: the person who is mapped, and another
_PORTRAITS = 9

Picture = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class Shown:
    """Somebody in a frame.

    Attributes:
        person: number of the portrait.
        x: of its centre, frame pixels.
        y: of its centre, frame pixels.
        side: of the portrait, frame pixels.
        degrees: in-plane rotation.
        squeeze: width over height, below 1 as if turned to the side.
        opacity: 0 to 1.
    """

    person: int
    x: float
    y: float = HEIGHT / 2
    side: float = _SIDE
    degrees: float = 0.0
    squeeze: float = 1.0
    opacity: float = 1.0


@dataclass
class Scene:
    """One frame before it is drawn.

    Attributes:
        people: from back to front.
        room: number of the backdrop.
        gain: of the light.
        hand: x of a thing that passes in front, or None.
    """

    people: list[Shown]
    room: int = 0
    gain: float = 1.0
    hand: float | None = None


@dataclass
class Found:
    """How often the mapped person was right.

    Attributes:
        frames: in which the mapped person can be seen.
        wrong: frames in which somebody else was swapped.
        missed: frames in which the mapped person could be seen and was not swapped.
    """

    frames: int = 0
    wrong: int = 0
    missed: int = 0


def recognition_rows(pairs: int = len(_PAIRS)) -> list[dict[str, Any]]:
    """Wrong-person and missed frames over synthetic calls, crossings, cuts, dissolves, fast turns and occlusions.

    Every clip shows two of the example people, one of whom is mapped to a source; faces are found, followed and cast
    as in a video job. Nothing is drawn or encoded.

    Args:
        pairs: of people, in clips of every kind.

    Returns:
        Per kind of clip, ``clips``, ``frames`` that show the mapped person, ``wrong`` and ``missed`` frames.

    Raises:
        UserError: the example portraits are missing.
    """
    portraits = example_portraits(_PORTRAITS)
    swapper = FaceSwapper("warp", "cpu", threads=1)
    rows = []
    for kind, write in CLIPS.items():
        total = Found()
        for seed, pair in enumerate(_PAIRS[:pairs]):
            found = watch(swapper, portraits, write(*pair, np.random.default_rng(seed)), pair[0], seed)
            total = Found(total.frames + found.frames, total.wrong + found.wrong, total.missed + found.missed)
        rows.append(
            {"clip": kind, "clips": pairs, "frames": total.frames, "wrong": total.wrong, "missed": total.missed}
        )
    return rows


def watch(swapper: FaceSwapper, portraits: Sequence[Picture], scenes: Sequence[Scene], mapped: int, seed: int) -> Found:
    """Count the frames of a clip in which the wrong person or nobody was cast.

    Args:
        swapper: its networks find and tell faces.
        portraits: RGB.
        scenes: the frames.
        mapped: number of the person who becomes somebody else.
        seed: of the noise.
    """
    embedder = FaceEmbedder()
    identity = swapper.identify(portraits[0])
    role = Role(identity, embedder.embed([swapper.source_crop(portraits[mapped])])[0])
    casting = Casting(None, roles=[role])
    tracker = make_tracker(swapper, swapper.landmarks, embedder)
    found = Found()
    frames = (TimedFrame(image, index, 1) for index, image in enumerate(draw(portraits, scenes, seed)))
    for analysed, scene in zip(analyse(frames, tracker), scenes, strict=True):
        cast = casting.cast(analysed.faces, analysed.people)
        places = [analysed.faces[at].face.points.mean(0) for at in cast]
        _count(found, scene, places, mapped)
    return found


def _count(found: Found, scene: Scene, places: Sequence[np.ndarray], mapped: int) -> None:
    wrong, seen, hit = False, False, False
    for depth, shown in enumerate(scene.people):
        here = [p for p in places if np.hypot(*(p - (shown.x, shown.y))) < _NEAR * shown.side]
        front = [o for o in scene.people[depth + 1 :] if abs(o.x - shown.x) < _HIDDEN * shown.side and o.opacity > 0.2]
        margin = min(shown.x, WIDTH - shown.x)
        clear = not front and shown.opacity > 0.8 and margin > _INSIDE * shown.side
        if shown.person == mapped:
            seen, hit = seen or clear, hit or bool(here)
        elif clear:
            wrong = wrong or bool(here)
    found.frames += bool(seen)
    found.wrong += bool(wrong)
    found.missed += bool(seen and not hit)


def draw(portraits: Sequence[Picture], scenes: Sequence[Scene], seed: int) -> Iterator[Picture]:
    """The frames of a clip, with the noise of a camera.

    Args:
        portraits: RGB, square.
        scenes: one a frame.
        seed: of backdrop and noise.
    """
    rng = np.random.default_rng(seed)
    for scene in scenes:
        coarse = np.random.default_rng(100 * seed + scene.room).integers(60, 190, (4, 6, 3), dtype=np.uint8)
        frame = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        for shown in scene.people:
            _lay(frame, portraits[shown.person], shown)
        if scene.hand is not None:
            cv2.ellipse(frame, (round(scene.hand), HEIGHT // 2 + 20), (26, 60), 20.0, 0, 360, (170, 130, 110), -1)
        frame = frame * scene.gain + rng.normal(0, 2, (HEIGHT, WIDTH, 1))
        yield np.rint(frame.clip(0, 255)).astype(np.uint8)


def _lay(frame: np.ndarray, portrait: Picture, shown: Shown) -> None:
    """Draw a portrait's head, an oval with a soft edge."""
    side = len(portrait)
    half, scale = (side - 1) / 2, shown.side / side
    matrix = cv2.getRotationMatrix2D((half, half), shown.degrees, scale)
    matrix[:, 0] *= shown.squeeze
    matrix[:, 2] = np.array([shown.x, shown.y]) - matrix[:, :2] @ [half, half]
    share = np.zeros((side, side), np.float32)
    cv2.ellipse(share, (side // 2, side // 2), (round(0.36 * side), round(0.48 * side)), 0, 0, 360, shown.opacity, -1)
    share = cv2.GaussianBlur(share, (0, 0), side / 60)
    small = cv2.GaussianBlur(portrait, (0, 0), 0.3 / scale).astype(np.float32)
    size = frame.shape[1], frame.shape[0]
    over = cv2.warpAffine(share, matrix, size)[..., None]
    frame += (cv2.warpAffine(small, matrix, size) - frame) * over


def _sway(index: int, rng_phase: float) -> tuple[float, float, float]:
    """How far somebody who talks is off: x, y in pixels, and degrees."""
    at = index / 25 + rng_phase
    return 3 * np.sin(2.1 * at), 2 * np.sin(3.3 * at), 2 * np.sin(1.7 * at)


def _sitting(person: int, x: float, index: int, phase: float, **more: float) -> Shown:
    dx, dy, degrees = _sway(index, phase)
    side = more.pop("side", _SIDE)
    return Shown(person, x + dx, more.pop("y", HEIGHT / 2) + dy, side, degrees + more.pop("turn", 0.0), **more)


def _call(first: int, second: int, rng: np.random.Generator, rooms: bool, shift: float) -> list[Scene]:
    """A tile that changes its speaker in place, and back."""
    begins = sorted(rng.choice(np.arange(12, 64), 2, replace=False).tolist())
    beside = (first + (6 if (first + 5) % _PORTRAITS == second else 5)) % _PORTRAITS
    move, growth = rng.uniform(-shift, shift, 2), rng.uniform(1 - shift / 120, 1 + shift / 120)
    scenes = []
    for index in range(75):
        other = begins[0] <= index < begins[1]
        who = second if other else first
        x, y, side = (120 + move[0], HEIGHT / 2 + move[1], _SIDE * growth) if other else (120, HEIGHT / 2, _SIDE)
        tile = _sitting(who, x, index, who, y=y, side=side)
        scenes.append(Scene([tile, _sitting(beside, 360, index, 2.0)], room=int(other and rooms)))
    return scenes


def _crossing(first: int, second: int, rng: np.random.Generator) -> list[Scene]:
    """Two people walk past each other; either may be in front."""
    speed, turned = rng.uniform(4, 8), rng.random() < 0.5
    scenes = []
    for index in range(75):
        way = speed * (index - 37)
        people = [_sitting(first, 240 + way / 2, index, 0.3), _sitting(second, 240 - way / 2, index, 1.3)]
        scenes.append(Scene(people[::-1] if turned else people))
    return scenes


def _cuts(first: int, second: int, rng: np.random.Generator) -> list[Scene]:
    """Shot and counter-shot, framed alike."""
    lengths = rng.integers(6, 26, 8)
    scenes: list[Scene] = []
    for shot, length in enumerate(lengths):
        who = first if shot % 2 == 0 else second
        x = 240 + float(rng.uniform(-15, 15))
        scenes += [Scene([_sitting(who, x, index, shot)], room=shot % 2) for index in range(length)]
    return scenes


def _dissolve(first: int, second: int, rng: np.random.Generator) -> list[Scene]:
    """One face dissolves into the other, in place."""
    begin, length = int(rng.integers(20, 40)), int(rng.integers(4, 16))
    scenes = []
    for index in range(75):
        share = float(np.clip((index - begin) / length, 0, 1))
        scenes.append(Scene([_sitting(first, 240, index, 0.0, opacity=1 if share < 1 else 0)]))
        if share:
            scenes[-1].people.append(_sitting(second, 240, index, 1.0, opacity=share))
    return scenes


def _turns(first: int, second: int, rng: np.random.Generator) -> list[Scene]:
    """Quick turns, tilts and moves; the other person sits beside."""
    phase = float(rng.uniform(0, 3))
    scenes = []
    for index in range(75):
        at = index / 25 + phase
        squeeze = 0.78 + 0.22 * np.cos(2 * np.pi * 1.6 * at)
        turn, x = 25 * np.sin(2 * np.pi * 1.3 * at), 120 + 45 * np.sin(2 * np.pi * 1.1 * at)
        people = [_sitting(first, x, index, 0.0, turn=turn, squeeze=squeeze), _sitting(second, 360, index, 1.0)]
        scenes.append(Scene(people))
    return scenes


def _light(first: int, second: int, rng: np.random.Generator) -> list[Scene]:
    """Lamps and flashes; a hand passes in front of the face."""
    flashes = set(rng.choice(np.arange(5, 35), 4, replace=False).tolist())
    scenes = []
    for index in range(75):
        gain = 1.5 if index in flashes else 0.55 if 40 <= index < 50 else 1.0
        hand = 120 + 14.0 * (index - 60) if 50 <= index < 70 else None
        people = [_sitting(first, 120, index, 0.0), _sitting(second, 360, index, 1.0)]
        scenes.append(Scene(people, gain=gain, hand=hand))
    return scenes


def _takes_seat(first: int, second: int, rng: np.random.Generator) -> list[Scene]:
    """One leaves the frame, the other takes the same seat."""
    pause = int(rng.integers(0, 6))
    scenes = []
    for index in range(75):
        people = [_sitting(first, 240 + max(index - 20, 0) * 16, index, 0.0)]
        if index >= 25 + pause:
            people.append(_sitting(second, max(240, 560 - (index - 25 - pause) * 16), index, 1.0))
        scenes.append(Scene([one for one in people if -60 < one.x < WIDTH + 60]))
    return scenes


Writer = Callable[[int, int, np.random.Generator], list[Scene]]
CLIPS: dict[str, Writer] = {
    "call, same backdrop": lambda first, second, rng: _call(first, second, rng, False, 0),
    "call, other backdrop": lambda first, second, rng: _call(first, second, rng, True, 0),
    "call, shifted": lambda first, second, rng: _call(first, second, rng, False, 12),
    "crossing": _crossing,
    "cuts": _cuts,
    "dissolve": _dissolve,
    "fast turns": _turns,
    "light and hand": _light,
    "another takes the seat": _takes_seat,
}
