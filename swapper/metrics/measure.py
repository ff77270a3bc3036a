"""Measuring faces of pictures once, scoring swaps from their measured faces, and collecting a method's scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from swapper.faces.align import transform_points, warp_frame
from swapper.faces.embed import IdentityEmbedder
from swapper.faces.fitting import cut_source
from swapper.metrics import geometry
from swapper.metrics.identity import cosine, identity_gain, retrieved, same_identity_mean
from swapper.metrics.intervals import bootstrap_interval, wilson_interval
from swapper.metrics.metric_list import DISTANCES
from swapper.metrics.realism import RealismFeatures, feature_distance, kernel_distance, sharpness_ratio
from swapper.metrics.report import ScoreRow
from swapper.types import Crop, Face


@runtime_checkable
class LandmarkMeasurer(Protocol):
    """Finds the mesh of faces whose place is roughly known; ``faces.landmarks.LandmarkDetector`` is one."""

    def refine(self, frame: UInt8[np.ndarray, "h w 3"], faces: Sequence[Face]) -> list[Face]:
        """Give faces their landmarks.

        Args:
            frame: RGB.
            faces: with five points, frame pixels.
        """
        ...


@dataclass(frozen=True)
class MeasuredFace:
    """What the metrics know about one face of a picture.

    Attributes:
        image: the whole picture, RGB.
        face: with landmarks, pixels of the picture.
        crop: cut by these landmarks, ``ffhq`` template.
        embedding: identity, unit length.
        smooth: the same by a second, smooth embedder; None where there is none.
    """

    image: UInt8[np.ndarray, "h w 3"]
    face: Face
    crop: Crop
    embedding: Float32[np.ndarray, "d"]
    smooth: Float32[np.ndarray, "k"] | None = None

    @property
    def landmarks(self) -> Float32[np.ndarray, "478 3"]:
        """The mesh points, pixels of the picture."""
        return self.face.mesh


class FaceMeasurer:
    """Finds landmarks and identity of faces, always in the same way, so that only the pictures differ."""

    def __init__(
        self,
        landmarks: LandmarkMeasurer,
        embedder: IdentityEmbedder,
        size: int = 256,
        smooth: IdentityEmbedder | None = None,
    ):
        """Choose the networks.

        Args:
            landmarks: finds the mesh.
            embedder: says who it is.
            size: side of the crops, px.
            smooth: says it a second time, for the retrieval by a smooth embedder.
        """
        self.landmarks, self.embedder, self.size, self.smooth = landmarks, embedder, size, smooth

    def measure(self, image: UInt8[np.ndarray, "h w 3"], points: Float32[np.ndarray, "5 2"]) -> MeasuredFace:
        """Measure one face.

        Args:
            image: RGB.
            points: roughly where it is: eyes, nose tip, mouth corners, pixels. For a result give the target's.
        """
        box = np.concatenate([points.min(0), points.max(0)]).astype(np.float32)
        face = self.landmarks.refine(image, [Face(box, 1.0, points)])[0]
        crop = cut_source(image, face, self.size)
        smooth = None if self.smooth is None else self.smooth.embed([crop])[0]
        return MeasuredFace(image, face, crop, self.embedder.embed([crop])[0], smooth)


def pair_scores(source: MeasuredFace, target: MeasuredFace, result: MeasuredFace) -> dict[str, float]:
    """Score one swap; the keys are explained in ``metrics.metric_list.METRICS``.

    Args:
        source: the photo whose identity was given.
        target: the picture that was swapped into.
        result: the finished picture, in the target's pixels.
    """
    vectors = [face.embedding[None] for face in (source, target, result)]
    points = transform_points(target.landmarks, target.crop.matrix)
    same_place = warp_frame(result.image, target.crop.matrix, target.crop.size)
    return {
        "id_source": float(cosine(vectors[2], vectors[0])[0]),
        "id_target": float(cosine(vectors[2], vectors[1])[0]),
        "id_before": float(cosine(vectors[1], vectors[0])[0]),
        "pose": geometry.pose_error(result.landmarks, target.landmarks),
        "expression": geometry.expression_error(result.landmarks, target.landmarks),
        "gaze": geometry.gaze_error(result.landmarks, target.landmarks),
        "eye_opening": geometry.eye_opening_error(result.landmarks, target.landmarks),
        "shape_source": geometry.shape_error(result.landmarks, source.landmarks),
        "shape_target": geometry.shape_error(result.landmarks, target.landmarks),
        "sharpness": sharpness_ratio(same_place, target.crop.image, points),
        **_second_opinion(source, result),
    }


def _second_opinion(source: MeasuredFace, result: MeasuredFace) -> dict[str, float]:
    """Likeness as the smooth embedder sees it, where there is one."""
    if source.smooth is None or result.smooth is None:
        return {}
    return {"id_source_smooth": float(cosine(result.smooth[None], source.smooth[None])[0])}


@dataclass(frozen=True)
class SwapFacts:
    """What is kept of one swap; figures, not pictures.

    Attributes:
        scores: as of ``pair_scores``.
        person: the source's label in the gallery.
        embedding: of the result.
        smooth: of the result, by a second embedder; None where there is none.
        features: how real the result looks; None where that is not measured.
        milliseconds: how long the swap took; None where it was not timed.
    """

    scores: dict[str, float]
    person: int
    embedding: Float32[np.ndarray, "d"]
    smooth: Float32[np.ndarray, "k"] | None
    features: Float64[np.ndarray, "m"] | None
    milliseconds: float | None


def swap_facts(
    source: MeasuredFace,
    target: MeasuredFace,
    result: MeasuredFace,
    person: int,
    milliseconds: float | None = None,
    realism: RealismFeatures | None = None,
) -> SwapFacts:
    """What is kept of one swap.

    Args:
        source: the photo whose identity was given.
        target: the picture that was swapped into.
        result: the finished picture, measured in the target's place.
        person: the source's label in the gallery.
        milliseconds: how long the swap took, where it was timed.
        realism: measures how real results look; left out when None.
    """
    features = None if realism is None else realism.measure([result.crop])[0]
    scores = pair_scores(source, target, result)
    return SwapFacts(scores, person, result.embedding, result.smooth, features, milliseconds)


@dataclass(frozen=True)
class RetrievalGallery:
    """Photos among which the results' people are looked for.

    Attributes:
        embeddings: unit length.
        people: who each shows; a stranger of whom there is one photo has a label of his own.
        smooth: by the smooth embedder; None where there is none.
    """

    embeddings: Float32[np.ndarray, "n d"]
    people: Int64[np.ndarray, "n"]
    smooth: Float32[np.ndarray, "n k"] | None = None


class SwapScores:
    """Collects the scores of one method, one swap at a time; keeps figures, not pictures."""

    def __init__(self, name: str, realism: RealismFeatures | None = None, reference: bool = False):
        """Start empty.

        Args:
            name: of the method, for the report.
            realism: measures how real results look; left out when None.
            reference: the row is there to be compared with and never marked as the best.
        """
        self.name, self.reference, self._realism = name, reference, realism
        self.pairs: list[dict[str, float]] = []
        self._embeddings: list[np.ndarray] = []
        self._smooth: list[np.ndarray] = []
        self._features: list[np.ndarray] = []
        self._people: list[int] = []
        self._milliseconds: list[float] = []

    def add(
        self,
        source: MeasuredFace,
        target: MeasuredFace,
        result: MeasuredFace,
        person: int,
        milliseconds: float | None = None,
    ) -> dict[str, float]:
        """Score one swap; returns its scores.

        Args:
            source: the photo whose identity was given.
            target: the picture that was swapped into.
            result: the finished picture, measured in the target's place.
            person: the source's label in the gallery.
            milliseconds: how long the swap took, where it was timed.
        """
        self.take(swap_facts(source, target, result, person, milliseconds, self._realism))
        return self.pairs[-1]

    def take(self, facts: SwapFacts) -> None:
        """Add a swap that was measured elsewhere.

        Args:
            facts: of it.
        """
        self.pairs.append(facts.scores)
        self._embeddings.append(facts.embedding)
        if facts.smooth is not None:
            self._smooth.append(facts.smooth)
        self._people.append(facts.person)
        if facts.features is not None:
            self._features.append(facts.features)
        if facts.milliseconds is not None:
            self._milliseconds.append(facts.milliseconds)

    def row(
        self, gallery: RetrievalGallery, reals: Float64[np.ndarray, "m k"] | None, generator: np.random.Generator
    ) -> ScoreRow:
        """The method's scores over all swaps so far, means with 95 % intervals over the pairs; see ``intervals``.

        Sharpness is a geometric mean, time a median, and the distances of appearance belong to all results together.

        Args:
            gallery: must hold the sources' people.
            reals: realism features of untouched photographs.
            generator: random numbers of the intervals.

        Raises:
            ValueError: nothing was added.
        """
        if not self.pairs:
            raise ValueError(f"{self.name}: there are no swaps to score")
        per_pair = {key: np.array([pair[key] for pair in self.pairs]) for key in self.pairs[0]}
        same = same_identity_mean(gallery.embeddings, gallery.people)
        per_pair["gain"] = identity_gain(per_pair["id_source"], per_pair.pop("id_before"), same)
        per_pair["sharpness"] = np.log(per_pair["sharpness"].clip(1e-6))
        values = {key: float(value.mean()) for key, value in per_pair.items()}
        intervals = {key: bootstrap_interval(value, generator) for key, value in per_pair.items()}
        intervals |= {key: (max(low, 0.0), high) for key, (low, high) in intervals.items() if key in DISTANCES}
        values["sharpness"] = float(np.exp(values["sharpness"]))
        low, high = intervals["sharpness"]
        intervals["sharpness"] = (float(np.exp(low)), float(np.exp(high)))
        for key, hits in self._retrieved(gallery).items():
            values[key] = float(hits.mean())
            intervals[key] = wilson_interval(float(hits.sum()), len(hits))
        if reals is not None and len(self._features) > 1:
            features = np.stack(self._features)
            values |= {"frechet": feature_distance(features, reals), "kernel": kernel_distance(features, reals)}
        if self._milliseconds:
            times = np.array(self._milliseconds).clip(1e-6)
            low, high = bootstrap_interval(times, generator, median=True)
            low = max(low, float(times.min()))
            values["milliseconds"] = float(np.median(times))
            values["fps"] = 1000 / values["milliseconds"]
            intervals |= {"milliseconds": (low, high), "fps": (1000 / high, 1000 / low)}
        return ScoreRow(self.name, values, intervals, self.reference)

    def _retrieved(self, gallery: RetrievalGallery) -> dict[str, Bool[np.ndarray, "n"]]:
        """Whether each result is retrieved, by each judge that saw all of them."""
        evaluators = {
            "retrieval": (self._embeddings, gallery.embeddings),
            "retrieval_smooth": (self._smooth, gallery.smooth),
        }
        return {
            key: retrieved(np.stack(results), np.array(self._people), photos, gallery.people)
            for key, (results, photos) in evaluators.items()
            if results and photos is not None
        }
