"""Interpolations for the Interpolation tab and for the endpoint that does the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import api

from swapper.images import read_image
from swapper.interpolation import path_shares
from swapper.provenance import Origin, write_marked_image
from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.studies.interpolation_page import measures, viewer
from swapper.studies.interpolation_report import CLIP, GIF, pack, shown, write_interpolation
from swapper.studies.interpolation_scores import InterpolationScores, explain, headline, score_interpolation
from swapper.studies.interpolation_study import choose_interpolating_method, interpolate_faces
from swapper.studies.previews import shrink
from swapper.types import UserError
from swapper.ui.api import Upload
from swapper.ui.consent import CONSENT_ARGUMENT, require_consent
from swapper.ui.files import new_folder, raises_sentences, upload_path
from swapper.ui.gpu import on_gpu
from swapper.ui.image.target import NO_FACE
from swapper.ui.languages import said
from swapper.ui.layout import LENGTHY
from swapper.ui.progress import ReportProgress
from swapper.ui.shared_evaluators import SharedEvaluators
from swapper.ui.swappers import SwapperCache
from swapper.ui.terms import TRUST_ARGUMENT, require_trust

MISSING = "{who}: no photo yet. Add one, or fill in an example."
SIDE = 1600  # px, longest side of the target here: an interpolation is many pictures


@dataclass(frozen=True)
class FinishedInterpolation:
    """A finished interpolation.

    Attributes:
        view: HTML of the slider with its pictures.
        measures: HTML of charts and figures.
        scores: its figures.
        clip: the video's path.
        gif: path of the same as an animated GIF.
        archive: path of the ZIP with everything.
        warnings: sentences about marks that are missing.
    """

    view: str
    measures: str
    scores: InterpolationScores
    clip: Path
    gif: Path
    archive: Path
    warnings: list[str]


def draw_interpolation(
    swappers: SwapperCache,
    evaluators: SharedEvaluators,
    paths: tuple[str, str, str],
    method: str,
    steps: int,
    progress: ReportProgress,
) -> FinishedInterpolation:
    """Draw and measure an interpolation.

    Args:
        swappers: shared by all sessions.
        evaluators: shared by all sessions.
        paths: of the photos of A, of B and of the target.
        method: name; the recommended one that can interpolate when empty.
        steps: pictures between the two people.
        progress: called with the share done in [0, 1] and what is being done.

    Raises:
        UserError: a photo or the method cannot be used.
    """
    progress(0.0, said("Reading the photos"))
    swapper = swappers.get(choose_interpolating_method(method or None))
    photos = swapper.source_crop(read_image(paths[0])), swapper.source_crop(read_image(paths[1]))
    target = shrink(read_image(paths[2]), SIDE)
    faces = swapper.find_faces(target)
    if not faces:
        raise UserError(NO_FACE)
    people = swapper.method.identify(photos[:1]), swapper.method.identify(photos[1:])
    origin, shares, folder = Origin(swapper.method_name, sources=2), path_shares(steps), new_folder()
    images, crops = [], []
    for step in interpolate_faces(swapper, people, target, faces, shares):
        progress(0.1 + 0.6 * step.share, said(f"Picture {len(images) + 1} of {len(shares)}"))
        write_marked_image(step.image, folder / f"frame-{len(images):02d}.jpg", origin)
        images.append(shown(step.image))
        crops.append(step.crop)
    progress(0.75, said("Measuring"))
    scores = score_interpolation(crops, shares, photos, evaluators.get(), evaluators.gallery(swapper))
    progress(0.9, said("Writing the clip"))
    warnings = write_interpolation(folder, images, crops, photos, scores, {"method": swapper.method_name}, origin)
    archive = pack(sorted(folder.iterdir()), folder / "interpolation.zip")
    view = viewer(images, [crop.image for crop in crops], scores)
    return FinishedInterpolation(view, measures(scores), scores, folder / CLIP, folder / GIF, archive, warnings)


def read_photos(first: Any, second: Any, target: Any) -> tuple[str, str, str]:
    """Paths of the three photos, as components or endpoints receive them.

    Raises:
        UserError: one is missing or is no upload.
    """
    return (
        upload_path(first, MISSING.format(who="Person A")),
        upload_path(second, MISSING.format(who="Person B")),
        upload_path(target, MISSING.format(who="Target")),
    )


def check_steps(steps: Any, most: int) -> int:
    """Make sure that an interpolation has a possible number of pictures, and return it.

    Raises:
        UserError: it has not.
    """
    return values.whole("Steps", steps, 1, most)


def add_interpolation_endpoint(swappers: SwapperCache, evaluators: SharedEvaluators, limits: Limits) -> None:
    """Add ``/interpolate``; called inside Blocks.

    Args:
        swappers: shared by all sessions.
        evaluators: shared by all sessions.
        limits: what is allowed on this machine.
    """

    def interpolate(
        first: Upload,
        second: Upload,
        target: Upload,
        consent: bool = False,
        steps: int = 9,
        method: str = "",
        trust: bool = False,
    ) -> tuple[gr.FileData, dict]:
        """Interpolate between two people on the face of a target; returns a ZIP with everything, and the figures.

        Args:
            first: photo of the person where the interpolation starts.
            second: photo of the person where it ends.
            target: photo whose largest face is swapped.
            consent: True if everyone whose face is used has agreed; nothing is drawn otherwise.
            steps: pictures between the two people.
            method: the app's recommended method that can interpolate when empty.
            trust: True to use published weights that are unverified; nothing in them can run code.
        """
        require_consent(consent, CONSENT_ARGUMENT)
        count, name = check_steps(steps, limits.max_interpolation_steps), values.text("Method", method)
        require_trust(trust, [name], sentence=TRUST_ARGUMENT)
        paths = read_photos(first, second, target)
        found = draw_interpolation(swappers, evaluators, paths, name, count, lambda _share, _what: None)
        report = {"headline": headline(found.scores), "explanation": explain(found.scores), **found.scores.data()}
        return gr.FileData(path=str(found.archive)), report

    api(
        on_gpu(raises_sentences(interpolate)),
        api_name="interpolate",
        concurrency_id=LENGTHY,
        concurrency_limit=limits.concurrency,
    )
