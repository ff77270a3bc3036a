"""Things in front of faces, drawn: glasses, hands, hair, masks, caps and objects, for the occlusion network to find."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces import mesh
from trainers.data.drawing import SIDE, FaceToOcclude, Layer, fixed
from trainers.data.glasses import glasses

_LIPS = [*mesh.LIPS_INNER, *mesh.LIPS_OUTER]  # where hands often are, over teeth, too


def hand(scene: FaceToOcclude) -> Layer:
    """One to four fingers and the hand behind them."""
    layer, u, eyes = Layer.empty(), scene.uniform, scene.eyes
    skin = scene.skin()
    at = scene.rng.choice(_LIPS) if scene.chance(0.3) else scene.rng.integers(mesh.MESH_POINTS)
    tip = scene.points[int(at), :2] + scene.rng.normal(0, 0.15 * eyes, 2)
    way = np.array([np.cos(a := u(0, 2 * np.pi)), np.sin(a)])  # from the tips to the wrist
    if way[1] < 0 and scene.chance(0.7):
        way[1] *= -1  # hands mostly come from below
    side, radius, length = np.array([-way[1], way[0]]), u(0.09, 0.17) * eyes, u(0.5, 1.3) * eyes
    count = int(scene.rng.integers(1, 5))
    palm = tip + way * (length + 1.1 * radius * count)
    if count > 1 or scene.chance(0.5):
        for step in range(6):
            size = radius * (1.25 * count + 0.6) * (1 - 0.14 * step)
            ring = palm + size * np.stack([np.cos(t := np.linspace(0, 2 * np.pi, 24)), 0.9 * np.sin(t)], 1)
            layer.fill(ring.astype(np.float32), skin * np.float32(0.6 + 0.08 * step))
    for finger in range(count):
        offset = (finger - (count - 1) / 2) * 2.05 * radius
        bend, reach = u(-0.25, 0.25), u(-0.35, 0.35) * radius * 2
        path = np.stack(
            [
                tip + side * offset + way * reach,
                tip + side * (offset + bend * length * 0.3) + way * length * 0.5,
                tip + side * offset * 0.85 + way * (length + radius * 2),
            ]
        ).astype(np.float32)
        for step in range(5):
            shade = np.float32(0.55 + 0.11 * step)
            layer.line(path + np.float32(0.06 * step * radius * u(-1, 1)), skin * shade, 2 * radius * (1 - 0.19 * step))
        if scene.chance(0.5):
            nail = path[0] + 0.35 * radius * np.stack([np.cos(t := np.linspace(0, 2 * np.pi, 12)), np.sin(t)], 1)
            layer.fill(nail.astype(np.float32), np.clip(skin * np.float32(1.1) + [15, 5, 8], 0, 255).astype(np.float32))
    layer.color = cv2.GaussianBlur(layer.color, (0, 0), u(1.0, 0.25 * radius + 1.2))
    return layer


def hair(scene: FaceToOcclude) -> Layer:
    """Strands over the forehead, along a cheek, or anywhere."""
    layer, u = Layer.empty(), scene.uniform
    color = scene.hair()
    kind = scene.rng.choice(["bangs", "side", "stray"], p=[0.35, 0.4, 0.25])
    count = int(scene.rng.integers(3, 14) if kind == "stray" else scene.rng.integers(30, 160))
    sign = 1 if scene.chance(0.5) else -1
    low, high = sorted((u(-1.0, 1.0), u(-1.0, 1.0)))
    down, sweep, into = u(-0.7, 0.5), u(-0.5, 0.5), u(0.1, 0.9)
    length = u(0.8, 2.3)
    for _ in range(count):
        across = u(low, high)
        if kind == "bangs":
            ends = [(across, -1.3), (across + 0.3 * sweep, -0.9), (across + sweep, down + u(-0.25, 0.15))]
        elif kind == "side":
            shift = u(0, 0.45)
            ends = [
                (sign * (0.5 + shift), -1.3),
                (sign * (into + shift), u(-0.3, 0.3)),
                (sign * (0.6 + shift), length * u(0.7, 1.0)),
            ]
        else:
            ends = [(u(-1.2, 1.2), -1.3), (u(-1, 1), u(-0.5, 0.5)), (u(-1, 1), u(0, 2))]
        corner = np.array(ends, np.float32)
        t = np.linspace(0, 1, 12, dtype=np.float32)[:, None]
        curve = (1 - t) ** 2 * corner[0] + 2 * t * (1 - t) * corner[1] + t * t * corner[2]
        curve = np.column_stack([curve, np.full(len(curve), -0.1, np.float32)])
        layer.line(scene.place(curve), np.clip(color * np.float32(u(0.6, 1.45)), 0, 255), u(0.7, 2.6))
    layer.alpha, layer.occlusion = (cv2.GaussianBlur(part, (0, 0), 0.8) for part in (layer.alpha, layer.occlusion))
    return layer


def thing(scene: FaceToOcclude) -> Layer:
    """A microphone, a cup, a piece of cloth: a smooth or angular shape of any texture."""
    layer, u = Layer.empty(), scene.uniform
    centre, size = scene.rng.uniform(0.1, 0.9, 2) * SIDE, u(0.06, 0.35) * SIDE
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    kind = scene.rng.choice(["blob", "ellipse", "polygon", "bar"])
    if kind == "polygon":
        turn = np.sort(scene.rng.uniform(0, 2 * np.pi, int(scene.rng.integers(3, 8))))
    radius = np.ones_like(turn)
    if kind == "blob":
        for wave in range(2, 6):
            radius += u(0, 0.5 / wave) * np.sin(wave * turn + u(0, 7))
    outline = size * radius[:, None] * np.stack([np.cos(turn), u(0.4, 1.0) * np.sin(turn)], 1)
    if kind == "bar":
        outline = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [SIDE, u(0.05, 0.5) * size]
    cos, sin = np.cos(angle := u(0, np.pi)), np.sin(angle)
    outline = (centre + outline @ np.array([[cos, sin], [-sin, cos]])).astype(np.float32)
    color = scene.skin() if scene.chance(0.15) else scene.color()
    layer.fill(outline, color)
    if kind == "ellipse" and scene.chance(0.5):
        away = np.stack([centre, centre + SIDE * np.array([u(-0.6, 0.6), 1.0])]).astype(np.float32)
        layer.line(away, color * np.float32(u(0.5, 1.2)), size * u(0.3, 0.8))  # a microphone's handle
    if scene.chance(0.6):
        layer.paint(scene.pictures(), u(0.15, 1.0))
    if scene.chance(0.25):  # light from above or below
        ramp = np.linspace(u(0, 1), u(0, 1), SIDE, dtype=np.float32)[:, None, None]
        layer.color = (layer.color * ramp).astype(np.uint8)
    return layer


def cloth(scene: FaceToOcclude) -> Layer:
    """A medical mask or scarf over mouth and chin, or a cap or headband over the forehead."""
    layer, u = Layer.empty(), scene.uniform
    if scene.chance(0.6):
        top = u(0.25, 0.75)
        outline = [
            (-1.05, 0.35, 0.6),
            (-0.6, top + 0.1, -0.1),
            (0, top, -0.5),
            (0.6, top + 0.1, -0.1),
            (1.05, 0.35, 0.6),
        ]
        outline += [(0.9, 1.4, 0.4), (0.4, 1.9, -0.1), (0, 2.0, -0.2), (-0.4, 1.9, -0.1), (-0.9, 1.4, 0.4)]
    else:
        edge = u(-0.75, -0.25)
        outline = [(-1.3, edge + 0.2, 0.7), (-0.6, edge + 0.05, -0.1), (0, edge, -0.25), (0.6, edge + 0.05, -0.1)]
        outline += [(1.3, edge + 0.2, 0.7), (1.3, -2.2, 0.7), (-1.3, -2.2, 0.7)]
    corners = np.array(outline, np.float32) + scene.rng.normal(0, 0.04, (len(outline), 3)).astype(np.float32)
    pale = scene.chance(0.5)
    color = np.array([u(170, 240), u(190, 245), u(200, 250)], np.float32) if pale else scene.color(0.4)
    layer.fill(scene.place(corners), color)
    for _ in range(int(scene.rng.integers(0, 6))):
        fold = np.stack([np.linspace(-0.9, 0.9, 5), np.full(5, u(-1.5, 1.8)), np.full(5, -0.2)], 1).astype(np.float32)
        ridge = Layer.empty()
        ridge.line(scene.place(fold), np.full(3, 255, np.float32), u(1, 6))
        shade = cv2.GaussianBlur(ridge.alpha, (0, 0), u(1, 4)).astype(np.float32)[..., None] / 255
        layer.color = np.clip(layer.color * (1 + u(-0.4, 0.3) * shade), 0, 255).astype(np.uint8)
    if scene.chance(0.4):
        layer.paint(scene.pictures(), u(0.1, 0.7))
    return layer


KINDS = ((glasses, 0.36), (hand, 0.16), (hair, 0.24), (thing, 0.2), (cloth, 0.1))
"""What is drawn, and how often; a picture may hold several, or nothing."""


def occlude_face(
    scene: FaceToOcclude, size: int
) -> tuple[UInt8[np.ndarray, "t t 3"], Float32[np.ndarray, "t t"], Float32[np.ndarray, "t t"]]:
    """Draw random things, and shadows, over a face.

    Args:
        scene: the face.
        size: side of the results in pixels.

    Returns:
        The occluded face, the occlusion (share of each pixel that hides the face), and the share that things changed
        at all.
    """
    face = cv2.resize(scene.face, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
    if scene.chance(0.25):
        face *= _shadow(scene, size)
    occlusion, touched = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    for draw, share in KINDS:
        if not scene.chance(share):
            continue
        color, alpha, hides = draw(scene).resized(size)
        under = cv2.GaussianBlur(np.roll(alpha, scene.rng.integers(-4, 8, 2), (0, 1)), (0, 0), scene.uniform(0.8, 5))
        face *= 1 - (scene.uniform(0, 0.5) * scene.chance(0.6)) * under[..., None]
        lit = np.float32(scene.uniform(0.7, 1.15)) * color
        face += alpha[..., None] * (np.clip(lit, 0, 255) - face)
        occlusion, touched = np.maximum(occlusion * (1 - alpha), hides), np.maximum(touched, alpha)
    return np.clip(face, 0, 255).astype(np.uint8), occlusion, touched


def _shadow(scene: FaceToOcclude, size: int) -> Float32[np.ndarray, "t t 1"]:
    """A cast shadow, which hides nothing."""
    canvas = np.zeros((size, size), np.float32)
    corners = scene.rng.uniform(-0.5, 1.5, (4, 2)).astype(np.float32) * size
    cv2.fillPoly(canvas, [fixed(cv2.convexHull(corners)[:, 0])], 1.0, cv2.LINE_AA, 4)
    return (
        1 - np.float32(scene.uniform(0.1, 0.65)) * cv2.GaussianBlur(canvas, (0, 0), scene.uniform(0.5, 12))[..., None]
    )
