"""What a worker of a batch does: one job after another, with the networks and the people that earlier ones needed."""

import shutil
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from swapper.batch.job import Job
from swapper.batch.places import working_folder
from swapper.faces.align import cut_crop
from swapper.faces.embed import FaceEmbedder
from swapper.faces.enrolled import EnrolledPeople, EnrolledPerson
from swapper.faces.track import TrackedFace
from swapper.images import read_still, write_image
from swapper.methods.base import default_method
from swapper.pipeline import FaceSwapper
from swapper.provenance import MarkSettings, Origin, write_marked_image
from swapper.restore.default import default_restorer
from swapper.types import Identity, SwapResult, UserError
from swapper.video.casting import Casting, Role
from swapper.video.request import measured_role

_MOST_PEOPLE = 256  # identities that a worker remembers
_MOST_SWAPPERS = 2  # methods whose networks it holds at a time: one for photos and one for videos
NOBODY = "{name}: none of its faces resembles a reference photo; it was left unchanged."
_T = TypeVar("_T")


@dataclass(frozen=True)
class JobResult:
    """A finished job.

    Attributes:
        faces: swapped in a photo; people told apart in a video.
        frames: with a swapped face; None of a photo.
        seconds: it took.
        warnings: sentences that the user should read.
    """

    faces: int
    frames: int | None
    seconds: float
    warnings: list[str]


class Swapping:
    """Does jobs; each worker has one."""

    def __init__(self, folder: Path, device: str, marks: MarkSettings):
        """Begin; networks are loaded when a job needs them.

        Args:
            folder: of the results.
            device: as of ``FaceSwapper``.
            marks: how the results say that they were swapped.
        """
        self._folder, self._device, self._marks = folder, device, marks
        self._swappers: OrderedDict[tuple, FaceSwapper] = OrderedDict()
        self._people: OrderedDict[tuple, Identity | Role] = OrderedDict()

    def __call__(self, job: Job, tell: Callable[[float], object]) -> JobResult:
        """Do a job; its output is there afterwards, whole.

        Args:
            job: what to do.
            tell: takes the share that is done.

        Raises:
            UserError: a file cannot be used.
        """
        begun = time.perf_counter()
        place = working_folder(self._folder, job.name)
        place.mkdir(parents=True, exist_ok=True)
        job.output.parent.mkdir(parents=True, exist_ok=True)
        fresh = place / job.output.name
        try:
            faces, frames, warnings = self._video(job, fresh, tell) if job.moving else self._photo(job, fresh)
        except UserError:
            shutil.rmtree(place, ignore_errors=True)
            raise
        fresh.replace(job.output)
        return JobResult(faces, frames, time.perf_counter() - begun, warnings)

    def _photo(self, job: Job, fresh: Path) -> tuple[int, None, list[str]]:
        swapper = self._swapper(job)
        if job.people:
            result = self._cast(swapper, job)
        else:
            select, blend = job.settings.select or "all", job.settings.blend
            person, upscale = self._source(swapper, job), job.settings.upscale
            result = swapper.swap_image(person, job.target, select, blend=blend, upscale=upscale)
        if not result.swapped:
            write_image(result.picture, fresh)
            return 0, None, [NOBODY.format(name=job.target.name), *result.warnings]
        sources = len({source for source, _ in job.people}) + self._others(job)
        restore = job.settings.restore or default_restorer()
        origin = Origin(swapper.method_name, restore, sources, job.settings.upscale)
        written = write_marked_image(result.picture, fresh, origin, settings=self._marks)
        return len(result.swapped), None, [*result.warnings, *written.warnings]

    def _cast(self, swapper: FaceSwapper, job: Job) -> SwapResult:
        """Swap the faces of a photo that resemble the references, as in a video of one frame."""
        still = read_still(job.target)
        faces = swapper.find_faces(still.image)
        if not faces:
            raise UserError(f"Target '{job.target}': no face was found. Choose a photo in which a face is larger.")
        embedder = FaceEmbedder(swapper.device)
        crops = [cut_crop(still.image, face.points, landmarks=face.landmarks) for face in faces]
        known = EnrolledPeople(EnrolledPerson(i, vector, 1) for i, vector in enumerate(embedder.embed(crops)))
        identity = self._source(swapper, job) if self._others(job) else None
        casting = Casting(identity, job.settings.select or "all", self._roles(swapper, job))
        chosen = casting.cast([TrackedFace(i, i, face) for i, face in enumerate(faces)], known)
        said = job.settings
        return swapper.swap_faces(still, faces, chosen, blend=said.blend, upscale=said.upscale if chosen else "none")

    def _video(self, job: Job, fresh: Path, tell: Callable[[float], object]) -> tuple[int, int, list[str]]:
        swapper = self._swapper(job)
        result = swapper.swap_video(
            self._source(swapper, job) if self._others(job) else None,
            job.target,
            fresh,
            lambda now: tell(now.fraction),
            select=job.settings.select or "all",
            people=self._roles(swapper, job),
            blend=job.settings.blend,
            settings=job.settings.video,
            marks=self._marks,
        )
        return result.people, result.swapped, result.warnings

    def _swapper(self, job: Job) -> FaceSwapper:
        """The networks of a job; frames of videos are swapped in several threads, so there each network has one."""
        said = job.settings
        method = said.method or (None if said.weights else default_method(job.moving))
        restore = job.settings.restore or default_restorer(job.moving)
        threads = 1 if job.moving else None
        return _remembered(
            self._swappers,
            (method, said.weights, said.resolution, said.mask, restore, threads),
            _MOST_SWAPPERS,
            lambda: FaceSwapper(
                method,
                self._device,
                restore=restore,
                threads=threads,
                weights=said.weights,
                resolution=said.resolution,
                mask=said.mask,
            ),
        )

    def _source(self, swapper: FaceSwapper, job: Job) -> Identity:
        return self._identity(swapper, job.sources)

    def _others(self, job: Job) -> bool:
        """Whether faces that resemble no reference are swapped too."""
        return bool(job.sources) and (job.settings.select is not None or not job.people)

    def _identity(self, swapper: FaceSwapper, photos: tuple[Path, ...]) -> Identity:
        found = self._measured((*_kind(swapper), photos), lambda: swapper.identify(photos))
        assert isinstance(found, Identity)
        return found

    def _roles(self, swapper: FaceSwapper, job: Job) -> list[Role]:
        roles = []
        for source, reference in job.people:
            identity = self._identity(swapper, (source,))
            key = (*_kind(swapper), source, reference)
            roles.append(self._measured(key, lambda i=identity, r=reference: measured_role(swapper, i, r)))
        return roles

    def _measured(self, key: tuple, make: Callable[[], Identity | Role]) -> Identity | Role:
        return _remembered(self._people, key, _MOST_PEOPLE, make)


def _kind(swapper: FaceSwapper) -> tuple[str, int]:
    """What people are measured for: a method with its weights, at its size."""
    return swapper.method_name, swapper.method.size


def _remembered(kept: "OrderedDict[tuple, _T]", key: tuple, most: int, make: Callable[[], _T]) -> _T:
    """What was made for a key before, or now; of many the one that was not asked for longest is forgotten."""
    if key not in kept:
        while len(kept) >= most:
            kept.popitem(last=False)  # before the next is made, so that there is room for it
        kept[key] = make()
    kept.move_to_end(key)
    return kept[key]
