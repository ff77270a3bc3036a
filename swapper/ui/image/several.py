"""Several targets at once: further photos in which the same people are swapped, one after another."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from swapper.compose.settings import BlendSettings
from swapper.faces.align import cut_crop
from swapper.faces.embed import FaceEmbedder
from swapper.images import read_image, read_still
from swapper.pipeline import FaceSwapper
from swapper.provenance import Origin, write_marked_image
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from swapper.ui.assignment import PEOPLE
from swapper.ui.files import new_folder, result_name, upload_paths, write_preview
from swapper.ui.image.result import DOING, NO_SOURCE, NOTHING_TO_DO
from swapper.ui.image.target import Target
from swapper.ui.languages import said
from swapper.ui.layout import FORMATS
from swapper.ui.many import named, part_of, upload_name
from swapper.ui.plan import CHOSEN, EVERYONE, LARGEST, Plan
from swapper.ui.progress import ReportProgress, ToldTimer
from swapper.video.casting import Role

WHO = [("Everyone", EVERYONE), ("The largest face", LARGEST), ("The people chosen in the target", CHOSEN)]
NO_FACE = "No face was found. Choose a photo in which a face is larger."
NOBODY = "Nobody in it resembles the people chosen in the target. Choose everyone instead."
NO_TARGET = "Further photos: no target shows who is chosen. Add the target, or choose everyone."
PHOTO = "Photo {number} of {count}: {what}"
ARCHIVE = "swapped.zip"


@dataclass(frozen=True)
class Wish:
    """What is wanted of all photos.

    Attributes:
        swapper: does it.
        photos: paths of the photos by source person, as in ``PEOPLE``.
        blend: how the faces are blended in.
        restore: name of the restoration.
        upscale: name of what enlarges the whole results.
    """

    swapper: FaceSwapper
    photos: Sequence[Sequence[str]]
    blend: BlendSettings
    restore: str
    upscale: str = "none"


@dataclass
class SwappedPhotos:
    """What came of the photos so far.

    Attributes:
        folder: where the results lie.
        pictures: whole results, by the name that they have in the archive.
        shown: previews with the names of their photos.
        notes: sentences that say which photos were left out, and why, and warnings of the others.
    """

    folder: Path = field(default_factory=new_folder)
    pictures: dict[str, Path] = field(default_factory=dict)
    shown: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, path: Path, preview: str, name: str) -> None:
        """Take in one result.

        Args:
            path: of the whole picture, which names it.
            preview: path of the one that is shown.
            name: of its photo.
        """
        unique, number = path.name, 2
        while unique in self.pictures:
            unique, number = f"{path.stem}-{number}{path.suffix}", number + 1
        self.pictures[unique] = path
        self.shown.append((preview, name))

    def leave_out(self, name: str, error: UserError) -> None:
        """Remember why there is no result.

        Args:
            name: of the photo.
            error: what is wrong.
        """
        self.notes.append(named(name, error))

    def archive(self) -> Path:
        """Write all whole results into one ZIP file; they are not compressed again."""
        path = self.folder / ARCHIVE
        with whole_file(path) as fresh, zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
            for name, picture in self.pictures.items():
                archive.write(picture, name)
        return path


def plan_photos(wish: Wish, who: str, target: Target | None) -> Plan:
    """Learn the source persons and say who becomes them in photos nobody looked at before.

    Args:
        wish: what is wanted.
        who: of ``WHO``; everyone and the largest face become the first person.
        target: the photo whose faces were chosen, where there is one.

    Raises:
        UserError: nobody is chosen, or a source person has no photo that can be used.
    """
    if who != CHOSEN:
        wanted: Mapping[int, int] = {0: 0}
    elif target is None:
        raise UserError(NO_TARGET)
    else:
        wanted = target.wanted()
    if not wanted:
        raise UserError(NOTHING_TO_DO)
    for face, person in wanted.items():
        if not wish.photos[person]:
            raise UserError(NO_SOURCE.format(letter=PEOPLE[person], face=face + 1))
    swapper = wish.swapper
    identities = {person: swapper.identify(list(wish.photos[person])) for person in sorted(set(wanted.values()))}
    if who != CHOSEN or target is None:
        return Plan(identities[0], who, [])
    image = read_image(target.path)
    seen = FaceEmbedder(swapper.device).embed([cut_crop(image, face.points) for face in target.faces])
    return Plan(None, EVERYONE, [Role(identities.get(to), one) for one, to in zip(seen, target.people, strict=True)])


def swap_photos(
    wish: Wish, items: Sequence[Any], plan: Plan, tell: ReportProgress, finished: SwappedPhotos, before: int = 0
) -> Iterator[SwappedPhotos]:
    """Swap photos one after another; one that cannot be swapped does not stop the others.

    Args:
        wish: what is wanted.
        items: the photos as the page sends them.
        plan: who becomes whom.
        tell: called with the share done in [0, 1] and what is being done.
        finished: takes what comes of them.
        before: photos that were done before these.

    Yields:
        ``finished``, after each photo.
    """
    for number, item in enumerate(items, before):
        try:
            _swap_one(wish, item, plan, part_of(tell, number, before + len(items), PHOTO), finished)
        except UserError as error:
            finished.leave_out(upload_name(item), error)
        yield finished


def _swap_one(wish: Wish, item: Any, plan: Plan, tell: ReportProgress, finished: SwappedPhotos) -> None:
    (path,), swapper = upload_paths(item, files=1), wish.swapper
    timer = ToldTimer(tell, {step: (share, said(what)) for step, (share, what) in DOING.items()})
    still = read_still(path)
    faces = swapper.find_faces(still.image, timer)
    if not faces:
        raise UserError(NO_FACE)
    with timer.step("identify"):
        assigned = plan.assign(swapper, still.image, faces)
    if not assigned:
        raise UserError(NOBODY)
    result = swapper.swap_faces(still, faces, assigned, timer, wish.blend, upscale=wish.upscale)
    tell(0.9, said("Saving"))
    origin = Origin(swapper.method_name, wish.restore, len(set(map(id, assigned.values()))), wish.upscale)
    folder, name = new_folder(), upload_name(item)
    file = write_marked_image(result.picture, folder / result_name(path, FORMATS["PNG"]), origin)
    finished.add(file.path, write_preview(result.image, folder / "after.jpg", origin), name)
    finished.notes.extend(named(name, words) for words in result.warnings + file.warnings)
