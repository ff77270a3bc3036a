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
from swapper.studies.clips import pack
from swapper.studies.gallery import Gallery, measure_gallery
from swapper.studies.gallery_index import SUFFIX, read_index
from swapper.studies.interpolation_page import measures, viewer
from swapper.studies.interpolation_report import CLIP, GIF, picture_name, write_interpolation
from swapper.studies.interpolation_run import MOST_PEOPLE, Wanted, run_interpolation
from swapper.studies.interpolation_scores import InterpolationScores
from swapper.studies.interpolation_study import NONE, OWN, SAME, PathChoice, choose_paths
from swapper.studies.previews import shrink
from swapper.types import UserError
from swapper.ui.api import Upload
from swapper.ui.consent import CONSENT_ARGUMENT, require_consent
from swapper.ui.content_check import check_content
from swapper.ui.files import new_folder, raises_sentences, upload_files, upload_path, upload_paths
from swapper.ui.gpu import on_gpu
from swapper.ui.image.target import NO_FACE
from swapper.ui.languages import said
from swapper.ui.layout import LENGTHY
from swapper.ui.progress import ReportProgress
from swapper.ui.shared_evaluators import SharedEvaluators
from swapper.ui.swappers import NOT_OFFERED, SwapperCache, offered_methods
from swapper.ui.terms import TRUST_ARGUMENT, require_trust
from swapper.ui.trial import try_decoding

MISSING = "{who}: no photo yet. Add one, or fill in an example."
SIDE = 1600  # px, longest side of the target here: an interpolation is many pictures
MOST_GALLERY = 256  # photos of a visitor's own gallery


@dataclass(frozen=True)
class InterpolationRequest:
    """What is to be interpolated, checked.

    Attributes:
        photos: paths of the photos of A, of B and of the target.
        people: of photos of further people, one each.
        gallery: of a visitor's own gallery: photos, ZIPs, or a file of the gallery command; empty for the shipped one.
        method: name; the recommended one when empty.
        against: ``OWN``, ``SAME``, ``NONE`` or the name of a method.
        steps: pictures between the two people.
    """

    photos: tuple[str, str, str]
    people: list[str]
    gallery: list[str]
    method: str
    against: str
    steps: int

    @property
    def choices(self) -> list[PathChoice]:
        """The one or two paths that are drawn."""
        return choose_paths(self.method or None, self.against)

    @property
    def methods(self) -> list[str]:
        """Names of the methods that draw them."""
        return [choice.method for choice in self.choices]


@dataclass(frozen=True)
class DrawnInterpolation:
    """A finished interpolation.

    Attributes:
        view: HTML of the verdict and the slider with its pictures.
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
    swappers: SwapperCache, evaluators: SharedEvaluators, request: InterpolationRequest, progress: ReportProgress
) -> DrawnInterpolation:
    """Draw and measure an interpolation.

    Args:
        swappers: shared by all sessions.
        evaluators: shared by all sessions.
        request: what to draw.
        progress: called with the share done in [0, 1] and what is being done.

    Raises:
        UserError: a photo, the gallery or a method cannot be used.
    """
    choices = request.choices
    progress(0.0, said("Reading the photos"))
    swapper = swappers.get(choices[0].method)
    crops = [swapper.source_crop(read_image(path)) for path in (*request.photos[:2], *request.people)]
    target = shrink(read_image(request.photos[2]), SIDE)
    faces = swapper.find_faces(target)
    if not faces:
        raise UserError(NO_FACE)
    wanted = Wanted(choices, (crops[0], crops[1]), crops[2:], target, faces, path_shares(request.steps))
    gallery = _gallery(request.gallery, swappers, evaluators, progress)
    origins, folder = [Origin(choice.method, sources=2) for choice in choices], new_folder()

    def told(path: int, number: int, step: Any) -> None:
        done = path * len(wanted.shares) + number + 1
        progress(0.2 + 0.5 * done / wanted.pictures, said(f"Picture {done} of {wanted.pictures}"))
        write_marked_image(step.image, folder / picture_name(path, number, ".jpg"), origins[path])

    found = run_interpolation(
        wanted, swappers.get, evaluators.get(), gallery, told, lambda: progress(0.75, said("Measuring"))
    )
    progress(0.9, said("Writing the clip"))
    warnings = write_interpolation(folder, found, {"methods": request.methods})
    archive = pack(sorted(folder.iterdir()), folder / "interpolation.zip")
    view = viewer(found.strips, found.scores)
    return DrawnInterpolation(
        view, measures(found.scores), found.scores, folder / CLIP, folder / GIF, archive, warnings
    )


def _gallery(
    paths: list[str], swappers: SwapperCache, evaluators: SharedEvaluators, progress: ReportProgress
) -> Gallery | None:
    """The people who may be met: the visitor's own, or the shipped ones."""
    if not paths:
        return evaluators.gallery()
    places, embedders = [Path(path) for path in paths], evaluators.get().embedders
    if len(places) == 1 and places[0].suffix.lower() == SUFFIX:
        return read_index(places[0], embedders)

    def told(done: int, total: int) -> None:
        progress(0.02 + 0.18 * done / total, said(f"Gallery: photo {done} of {total}"))

    def tried(path: Path) -> None:
        try_decoding(str(path))

    def checked(path: Path) -> None:
        check_content(str(path))

    return measure_gallery(places, swappers.finder(), embedders, told, MOST_GALLERY, tried, checked)


def read_request(
    photos: tuple[Any, Any, Any], people: Any, gallery: Any, method: Any, against: Any, steps: int
) -> InterpolationRequest:
    """Check what components or endpoints received.

    Args:
        photos: of A, of B and the target.
        people: photos of further people.
        gallery: files of a gallery.
        method: name.
        against: see ``InterpolationRequest``.
        steps: from ``check_steps``.

    Raises:
        UserError: a photo is missing or something is no upload, or there is no such choice.
    """
    beside, drawn_by = values.text("Beside it", against) or OWN, values.text("Method", method)
    offered = list(offered_methods())
    for name in (drawn_by, beside):
        if name and name not in (OWN, SAME, NONE, *offered):
            raise UserError(NOT_OFFERED.format(name=name[:40], known=", ".join(offered)))
    choose_paths(drawn_by or None, beside)  # says what is impossible, before anything is done
    paths = read_photos(*photos)
    own = upload_files(gallery, Limits.from_environment().max_video_bytes, MOST_GALLERY)
    return InterpolationRequest(paths, upload_paths(people, files=MOST_PEOPLE), own, drawn_by, beside, steps)


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
        against: str = OWN,
        people: list[Upload] | None = None,
        gallery: list[Upload] | None = None,
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
            against: what is drawn beside it: "own" for the other embedder's path by a method of its own, "same" for
                that path by the same method, "none", or the name of a method.
            people: photos of further people, one each; every two people are a pair of the interval.
            gallery: photos of people who may be met on the way, or a ZIP of them; made-up people when left out.
            trust: True to use published weights that are unverified; nothing in them can run code.
        """
        require_consent(consent, CONSENT_ARGUMENT)
        count = check_steps(steps, limits.max_interpolation_steps)
        request = read_request((first, second, target), people, gallery, method, against, count)
        require_trust(trust, request.methods, sentence=TRUST_ARGUMENT)
        found = draw_interpolation(swappers, evaluators, request, lambda _share, _what: None)
        return gr.FileData(path=str(found.archive)), found.scores.data()

    api(
        on_gpu(raises_sentences(interpolate)),
        api_name="interpolate",
        concurrency_id=LENGTHY,
        concurrency_limit=limits.concurrency,
    )
