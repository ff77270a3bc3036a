"""Searching a frame for faces of any size and orientation with a detector that sees one scale at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from swapper.faces.align import (
    TEMPLATES,
    compose_affine,
    invert_affine,
    similarity_transform,
    transform_points,
    warp_frame,
)
from swapper.faces.tiles import parts_to_look_at
from swapper.types import Face

# One pass of a detector: a frame and the length its longer side should get, to faces in frame pixels. The first pass
# of a search may also return what is hardly a face.
DetectorPass = Callable[[UInt8[np.ndarray, "h w 3"], int], list[Face]]

USUAL_SIDE, SMALLEST_SIDE = 640, 320  # longer side of the first pass; small pictures are enlarged to the second
NEAR_SIDE = 224  # of the pass for faces too large for the first
FAR_HEIGHT, FAR_PIXELS = 860, 1_400_000  # of the pass for small faces: 3 % of its height are 26 pixels, enough
FAR_SIDE = 43_750  # px, longer side of that pass at most: thinner pictures are padded to 32 pixels
LONG = 3  # times as high as wide, above which a picture is a strip of several, whose faces are small for its height
FAR_EYES = 60.0  # eyes further apart than this in that pass belong to faces that the first pass places better, pixels
FAR_BOX = 220.0  # px, of what may be such a face in that pass; generous, as boxes of hints are rough
ENLARGE_AT_MOST = 4.0
FINE_HEIGHT = 600  # a first pass less high than this misses faces of 3 % of the height
CROWD_EYES = 16.0  # eyes closer than this in the first pass suggest that smaller faces were missed, pixels
UPRIGHT_WITHIN = 20.0  # degrees of roll up to which the detectors place the five points well
PLAUSIBLE_WITHIN = 45.0  # degrees of roll up to which points are believed that no second pass confirms
MISFIT = 0.13  # of eye distance; five points further from any turned template are on no frontal upright face
MISFIT_OF_PROFILES, SURE = 0.35, 0.8  # what is believed of faces turned to the side, where the score is at least this
SECOND_PASS_FACES = 16  # at most, the largest: a crowd would take seconds
SECOND_PASS_SIDE, SECOND_PASS_BOX = 224, 90.0  # side of the turned crop and of the face's box in it, pixels
SECOND_PASSES = 3  # at most, from each of four directions
INSIDE = 0.35  # least share of a face's box that lies in the frame


@dataclass(frozen=True)
class FacePose:
    """How five points lie compared with an upright frontal face.

    Attributes:
        roll: degrees clockwise on screen, in -180..180.
        misfit: root mean square distance from the best turned template, as a share of the eye distance.
    """

    roll: float
    misfit: float


def five_point_pose(points: Float32[np.ndarray, "5 2"]) -> FacePose:
    """Fit the upright template to five points.

    Args:
        points: image-left eye, image-right eye, nose tip, mouth corners, any unit.
    """
    template = TEMPLATES["ffhq"]
    matrix = similarity_transform(template, points)
    off = transform_points(template, matrix) - points
    scale = float(np.hypot(*matrix[:, 0]))
    eyes = float(np.linalg.norm(template[1] - template[0])) * scale
    roll = float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
    return FacePose(roll=roll, misfit=float(np.sqrt((off**2).sum(1).mean())) / max(eyes, 1e-6))


def search(
    frame: UInt8[np.ndarray, "h w 3"],
    look: DetectorPass,
    thorough: bool = True,
    min_eye_distance: float = 5.0,
    least: float = 0.0,
) -> list[Face]:
    """Find all faces of a frame, largest first.

    Faces that lie on their side or upside down are looked at again in a turned crop. When a first pass finds
    nothing, passes for faces that fill the frame and for turned frames follow; small faces get a pass of their own
    unless the first was fine enough for them, over those parts of the frame where it saw a hint of one.

    Args:
        frame: RGB.
        look: one pass of a detector; faces with a score below ``least`` are hints.
        thorough: False does the first pass only; for video, where most frames are like the one before.
        min_eye_distance: faces with closer eyes are dropped, frame pixels.
        least: score of a face.
    """

    def detect(frame: UInt8[np.ndarray, "h w 3"], side: int) -> list[Face]:
        return [face for face in look(frame, side) if face.score >= least]

    height, width = frame.shape[:2]
    longest = max(height, width)
    usual = int(np.clip(longest, SMALLEST_SIDE, USUAL_SIDE))
    seen = look(frame, usual)
    faces = _upright(frame, [face for face in seen if face.score >= least], detect)
    if thorough:
        faces = faces or _upright(frame, detect(frame, NEAR_SIDE), detect)
        faces = faces or _search_turned(frame, detect, usual)
        crowd = not faces or min(map(eye_distance, faces)) * usual / longest < CROWD_EYES
        if crowd or min(height, LONG * width) * usual / longest < FINE_HEIGHT:
            hints = seen if faces and least > 0 else None
            faces = faces + _small_faces(frame, detect, usual, ENLARGE_AT_MOST if crowd else 1.0, hints)
    faces = [face for face in faces if eye_distance(face) >= min_eye_distance and _inside(face, frame.shape[:2])]
    return sorted(without_duplicates(faces), key=_area, reverse=True)


def _small_faces(
    frame: UInt8[np.ndarray, "h w 3"], detect: DetectorPass, side: int, enlarge: float, hints: list[Face] | None
) -> list[Face]:
    """Look for faces too small for a first pass at ``side``; nothing where the frame holds no more detail.

    Args:
        frame: RGB.
        detect: one pass.
        side: of the first pass.
        enlarge: the frame so many times at most.
        hints: where they may be; anywhere when None.
    """
    height, width = frame.shape[:2]
    scale = min(FAR_HEIGHT / min(height, LONG * width), (FAR_PIXELS / (height * width)) ** 0.5, enlarge)
    scale = min(scale, FAR_SIDE / max(height, width))
    if round(scale * max(height, width)) <= 1.1 * side:
        return []
    parts = [(0, 0, width, height)]
    if hints is not None:
        small = [hint for hint in hints if _side(hint) * scale <= FAR_BOX]
        parts = parts_to_look_at(small, height, width, scale)
    faces: list[Face] = []
    for left, top, right, bottom in parts:
        part = frame[top:bottom, left:right]
        found = detect(part, max(round(scale * max(part.shape[:2])), 1))
        move = np.array([[1, 0, left], [0, 1, top]], np.float32)
        faces += _upright(frame, [_moved(face, move) for face in found], detect)
    return [face for face in faces if eye_distance(face) * scale <= FAR_EYES]


def eye_distance(face: Face) -> float:
    """Distance of the eyes in frame pixels."""
    return float(np.linalg.norm(face.points[1] - face.points[0]))


def _side(face: Face) -> float:
    return float((face.box[2:] - face.box[:2]).max())


def _area(face: Face) -> float:
    return float((face.box[2] - face.box[0]) * (face.box[3] - face.box[1]))


def _inside(face: Face, shape: tuple[int, ...]) -> bool:
    seen = np.minimum(face.box[2:], [shape[1], shape[0]]) - np.maximum(face.box[:2], 0)
    return float(seen.clip(0).prod()) >= INSIDE * _area(face)


def _search_turned(frame: UInt8[np.ndarray, "h w 3"], detect: DetectorPass, side: int) -> list[Face]:
    """Look at the frame turned by quarters, until one shows faces."""
    shrink = max(max(frame.shape[:2]) / (2 * side), 1.0)  # turning a large frame whole would only cost memory
    height, width = (max(round(v / shrink), 1) for v in frame.shape[:2])
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) if shrink > 1 else frame
    back = {  # turned pixels -> small frame's pixels
        cv2.ROTATE_90_CLOCKWISE: [[0, 1, 0], [-1, 0, height - 1]],
        cv2.ROTATE_90_COUNTERCLOCKWISE: [[0, -1, width - 1], [1, 0, 0]],
        cv2.ROTATE_180: [[-1, 0, width - 1], [0, -1, height - 1]],
    }
    x, y = frame.shape[1] / width, frame.shape[0] / height
    enlarge = np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5]], dtype=np.float32)
    for turn, matrix in back.items():
        turned = cv2.rotate(small, turn)
        faces = _upright(turned, detect(turned, side), detect)
        if faces:
            return [_moved(face, compose_affine(enlarge, np.array(matrix, dtype=np.float32))) for face in faces]
    return []


def _moved(face: Face, matrix: Float32[np.ndarray, "2 3"]) -> Face:
    left, top, right, bottom = face.box
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float32)
    moved = transform_points(corners, matrix)
    box = np.concatenate([moved.min(0), moved.max(0)])
    return Face(box=box, score=face.score, points=transform_points(face.points, matrix))


def _upright(frame: UInt8[np.ndarray, "h w 3"], faces: list[Face], detect: DetectorPass) -> list[Face]:
    """Look again, turned, at faces whose points do not lie as on an upright face; drop what is none then either."""
    order = sorted(faces, key=_area, reverse=True)
    doubtful = [face for face in order if not _stands_upright(face)]
    again = {id(face): _second_pass(frame, face, detect) for face in doubtful[:SECOND_PASS_FACES]}
    checked = [again.get(id(face), face) for face in order]
    return [face for face in checked if face is not None]


def _stands_upright(face: Face) -> bool:
    pose = five_point_pose(face.points)
    # The points of a head turned to the side fit the template badly, but its detection is sure.
    fits = pose.misfit <= MISFIT or (pose.misfit <= MISFIT_OF_PROFILES and face.score >= SURE)
    return abs(pose.roll) <= UPRIGHT_WITHIN and fits


def _second_pass(frame: UInt8[np.ndarray, "h w 3"], face: Face, detect: DetectorPass) -> Face | None:
    """The face with the most convincing points of several passes; None when none convinces."""
    pose = five_point_pose(face.points)
    best = face if abs(pose.roll) <= PLAUSIBLE_WITHIN else None
    worth = face.score - pose.misfit if best else -1.0
    for turn in (pose.roll, pose.roll + 180, pose.roll + 90, pose.roll - 90):
        found = _detect_until_upright(frame, face, turn, detect)
        if found is None:
            continue
        misfit = five_point_pose(found.points).misfit
        if found.score - misfit > worth:
            best, worth = found, found.score - misfit
            if misfit <= MISFIT and found.score >= face.score:
                break
    return best


def _detect_until_upright(
    frame: UInt8[np.ndarray, "h w 3"], face: Face, turn: float, detect: DetectorPass
) -> Face | None:
    """Look at one face, turning the crop as the points found say; None when that leads nowhere."""
    for _ in range(SECOND_PASSES):
        found = _detect_turned(frame, face, turn, detect)
        if found is None:
            return None
        roll = five_point_pose(found.points).roll
        if abs(_angle(roll - turn)) <= UPRIGHT_WITHIN:
            return found
        turn = roll
    return None


def _angle(degrees: float) -> float:
    """The same angle in -180..180."""
    return (degrees + 180) % 360 - 180


def _detect_turned(frame: UInt8[np.ndarray, "h w 3"], face: Face, roll: float, detect: DetectorPass) -> Face | None:
    """Look at one face in a crop that is turned by ``-roll`` degrees; the face keeps its box."""
    centre = (face.box[:2] + face.box[2:]) / 2
    scale = SECOND_PASS_BOX / max(float(np.sqrt(max(_area(face), 1.0))), 1.0)
    cos, sin = scale * np.cos(np.radians(roll)), scale * np.sin(np.radians(roll))
    linear = np.array([[cos, sin], [-sin, cos]])
    middle = (SECOND_PASS_SIDE - 1) / 2
    matrix = np.concatenate([linear, (middle - linear @ centre)[:, None]], axis=1).astype(np.float32)
    found = detect(warp_frame(frame, matrix, SECOND_PASS_SIDE), SECOND_PASS_SIDE)
    near = [f for f in found if np.abs((f.box[:2] + f.box[2:]) / 2 - middle).max() < SECOND_PASS_BOX / 2]
    if not near:
        return None
    best = max(near, key=lambda f: f.score)
    return Face(box=face.box, score=best.score, points=transform_points(best.points, invert_affine(matrix)))


def without_duplicates(faces: list[Face]) -> list[Face]:
    """Keep the surest of faces that overlap by more than 40 %, or of which one lies inside the other.

    ``cv2.dnn.NMSBoxes`` would keep both of the latter, such as a face that a detector finds within a large face.
    """
    if not faces:
        return []
    boxes = np.stack([face.box for face in faces])
    order = np.argsort([-face.score for face in faces], kind="stable")
    kept: list[Face] = []
    while len(order):
        first, rest = order[0], order[1:]
        kept.append(faces[first])
        order = rest[~_overlapping(boxes[first], boxes[rest])]
    return kept


def _overlapping(box: Float32[np.ndarray, "4"], others: Float32[np.ndarray, "n 4"]) -> Bool[np.ndarray, "n"]:
    size = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = size.clip(0).prod(1)
    area, areas = (box[2:] - box[:2]).prod(), (others[:, 2:] - others[:, :2]).prod(1)
    return (shared > 0.4 * (area + areas - shared)) | (shared > 0.7 * np.minimum(area, areas))
