"""Looking at pictures: which faces on them are usable, and what is known of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.align import TEMPLATES, cut_crop, transform_points
from swapper.faces.detect import CenterFaceDetector
from swapper.faces.embed import FaceEmbedder
from swapper.faces.landmarks import LandmarkDetector
from swapper.images import read_image
from swapper.types import Face, UserError
from trainers.data.pack import Seen
from trainers.data.pictures import Item

SIZE = 256  # side of the crops, px


@dataclass(frozen=True)
class PrepareConfig:
    """What is kept."""

    min_score: float = 0.6  # detector's confidence
    min_eyes: float = 34.0  # px between the eyes in the photo
    max_outside: float = 0.12  # share of the crop outside the photo
    min_sharpness: float = 25.0  # variance of the Laplacian over the face of the crop
    video_step: float = 1.0  # seconds between frames taken from a video


class ExaminedFace(NamedTuple):
    """A usable face.

    Attributes:
        image: the aligned crop, RGB.
        landmarks: shares of the crop.
        five_points: the detector's points, shares of the crop.
        arcface: embedding, unit length.
        facts: what is known of it, as plain values; ``valid_quad`` are the photo's corners as shares of the crop.
    """

    image: UInt8[np.ndarray, "s s 3"]
    landmarks: Float32[np.ndarray, "478 3"]
    five_points: Float32[np.ndarray, "5 2"]
    arcface: Float32[np.ndarray, "512"]
    facts: dict[str, Any]


Examine = Callable[[], tuple[Counter[str], list[ExaminedFace]]]  # looks at one picture


@cache
def _tools() -> tuple[CenterFaceDetector, LandmarkDetector, FaceEmbedder]:
    return CenterFaceDetector(threads=1), LandmarkDetector(threads=1), FaceEmbedder()


def examine(item: Item) -> tuple[Counter[str], list[ExaminedFace]]:
    """Look at one picture of a list.

    Args:
        item: the picture.

    Returns:
        As of ``examine_picture``.
    """
    if item.second is not None:
        return examine_picture(partial(_moment, item), bool(item.person))
    return examine_picture(partial(read_image, item.path), bool(item.person))


def examine_picture(
    read: Callable[[], UInt8[np.ndarray, "h w 3"]], labelled: bool
) -> tuple[Counter[str], list[ExaminedFace]]:
    """Look at one picture.

    Args:
        read: gives it, RGB; a UserError counts as unreadable.
        labelled: somebody says who is on it, who is taken for the largest face.

    Returns:
        Faces that are not usable, counted by reason; and those that are.
    """
    try:
        image = read()
    except UserError:
        return Counter({"unreadable": 1}), []
    detector, landmarks, embedder = _tools()
    dropped: Counter[str] = Counter()
    kept = []
    faces = landmarks.refine(image, detector.detect(image))
    if not faces:
        dropped["no face"] += 1
    for face in faces[:1] if labelled else faces:
        crop = cut_crop(image, face.points, SIZE, landmarks=face.landmarks)
        reason, facts = check_face(image, face, crop.image, crop.matrix, PrepareConfig())
        if reason:
            dropped[reason] += 1
            continue
        assert crop.landmarks is not None
        points, vector = transform_points(face.points, crop.matrix) / SIZE, embedder.embed([crop])[0]
        kept.append(ExaminedFace(crop.image, crop.landmarks / SIZE, points, vector, facts))
    return dropped, kept


def usable(
    pictures: Iterable[tuple[str, Examine]], told: Callable[[int], object]
) -> Iterator[tuple[str, ExaminedFace | Mapping[str, int]]]:
    """Usable faces without near duplicates, and counts of the others; what is remembered is one person's.

    Args:
        pictures: name of the person, and what looks at the picture.
        told: takes how many were looked at.
    """
    done = 0
    for person, some in groupby(pictures, key=lambda picture: picture[0]):
        seen = Seen()
        for _, look in some:
            dropped, faces = look()
            for face in faces:
                if seen.repeats(face.image, face.arcface):
                    dropped["near duplicate"] += 1
                else:
                    yield person, face
            yield person, {**dropped, "pictures": 1}
            done += 1
            told(done)


def _moment(item: Item) -> UInt8[np.ndarray, "h w 3"]:
    assert item.second is not None
    with av.open(item.path) as container:
        container.seek(int(item.second * av.time_base))
        for frame in container.decode(video=0):
            if frame.time is None or frame.time >= item.second - 1e-3:
                return frame.to_ndarray(format="rgb24")
    raise UserError(f"Video '{item.path}': it has no frame at {item.second:.1f} s. Give an undamaged file.")


def check_face(
    image: UInt8[np.ndarray, "h w 3"],
    face: Face,
    crop: UInt8[np.ndarray, "s s 3"],
    matrix: Float32[np.ndarray, "2 3"],
    config: PrepareConfig,
) -> tuple[str, dict[str, float | list[list[float]]]]:
    """Why a face is dropped (empty when it is kept), and the facts written about it.

    Args:
        image: the whole photo, RGB.
        face: with landmarks.
        crop: 256 px, ``ffhq`` template.
        matrix: photo to crop.
        config: thresholds.
    """
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    quad = transform_points(corners, matrix) / SIZE
    inside = cv2.warpAffine(np.full((height, width), 255, np.uint8), matrix, (SIZE, SIZE))
    outside = 1 - float(inside.mean()) / 255
    eyes = float(np.linalg.norm(face.points[0] - face.points[1]))
    grey = cv2.cvtColor(crop[72:212, 64:192], cv2.COLOR_RGB2GRAY)
    sharpness = float(cv2.Laplacian(grey, cv2.CV_64F).var())
    reasons = {
        "low score": face.score < config.min_score,
        "small": eyes < config.min_eyes,
        "cut off": outside > config.max_outside,
        "blurred": sharpness < config.min_sharpness,
        "misaligned": _misfit(face, matrix) > 0.1,
    }
    facts = {"interocular_px": eyes, "sharpness": sharpness, "det_score": face.score, "outside_frac": outside}
    return next((name for name, bad in reasons.items() if bad), ""), facts | {"valid_quad": quad.tolist()}


def _misfit(face: Face, matrix: Float32[np.ndarray, "2 3"]) -> float:
    """Mean distance of the aligned points from the template, share of the crop."""
    aligned = transform_points(face.points, matrix) / SIZE
    return float(np.linalg.norm(aligned - TEMPLATES["ffhq"], axis=1).mean())
