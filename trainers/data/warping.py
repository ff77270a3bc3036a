"""Making pictures with a stranger's face: which strangers, the warp itself, and whether it came out like its source."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Generator, Tensor

from swapper import hub
from swapper.batch.engine import Ended, Engine, run_tasks
from swapper.batch.replies import Tell
from swapper.faces.mesh import rotation_from_canonical
from swapper.methods.warp import make_texture, warp_face
from swapper.models.arcface import MobileFaceNet
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from trainers.data import augment
from trainers.data.alignment import ARCFACE_SIZE, mesh_five_points
from trainers.data.faces import Faces, made_once
from trainers.data.warped import WarpedFaces

EACH = 4  # strangers warped onto each photo
CANDIDATES = 12  # strangers among whom the one with the most similar pose is warped
LIKENESS = 0.35  # cosine to its source that a warped face needs; below, a hand or dark glasses were in the way
_TOGETHER = 64  # pairs of a task
_ALONE = 8  # tasks for which no workers are started


def load_warped(
    faces: Faces, identity: MobileFaceNet, cache: Path, again: Callable[[], Faces] | None = None
) -> WarpedFaces:
    """Warp strangers' faces onto the photos of a split, once; later calls read what the first wrote.

    Faces that come out unlike their source are dropped.

    Args:
        faces: the split; padded photos give faces but get none.
        identity: judges the results on the CPU.
        cache: folder for the memory map.
        again: reads the split in a worker; without it, and for small splits, this process does all alone.

    Raises:
        UserError: no face came out like its source.
    """
    facts = hashlib.sha256(f"{len(faces)} {faces.size} {EACH} {CANDIDATES} {LIKENESS}".encode())
    facts.update(faces.landmarks.numpy().tobytes())
    path = cache / f"warped-{faces.size}-{facts.hexdigest()[:10]}.npz"
    with made_once(path) as missing:
        if missing:
            _warp_all(faces, identity, path, again)
    rows = np.load(path)
    images = torch.from_numpy(np.load(path.with_suffix(".npy"), mmap_mode="c"))
    return WarpedFaces(images, torch.from_numpy(rows["target"]), torch.from_numpy(rows["source"]))


def _warp_all(faces: Faces, identity: MobileFaceNet, path: Path, again: Callable[[], Faces] | None) -> None:
    """Write the images, and last the rows, whose file says that all is there."""
    target, source = choose_strangers(faces.landmarks, faces.identity, faces.padded)
    tasks = [(target[at : at + _TOGETHER], source[at : at + _TOGETHER]) for at in range(0, len(target), _TOGETHER)]
    images = np.lib.format.open_memmap(
        path.with_suffix(".npy"), mode="w+", dtype=np.uint8, shape=(len(target), faces.size, faces.size, 3)
    )
    kept: list[Tensor] = []
    count = 0
    for number, (drawn, rows) in _warped(tasks, faces, identity, again):
        images[count : count + len(rows)] = drawn
        kept.append(rows + number * _TOGETHER)
        count += len(rows)
    images.flush()
    if not count:
        raise UserError("Warped faces: none resembles its source. Check the photos' landmarks, or use --set known=0.")
    chosen = torch.cat(kept)
    with whole_file(path) as fresh:
        np.savez(fresh, target=target[chosen].numpy(), source=source[chosen].numpy())


_Made = tuple[np.ndarray, Tensor]  # warped images that resemble their source, and which of a task's pairs they are


def _warped(
    tasks: list[tuple[Tensor, Tensor]], faces: Faces, identity: MobileFaceNet, again: Callable[[], Faces] | None
) -> Iterator[tuple[int, _Made]]:
    """What the pairs of each task give, in the tasks' order."""
    if again is None or len(tasks) <= _ALONE:
        yield from enumerate(WarpingFaces(faces, identity, LIKENESS)(task, lambda _share: None) for task in tasks)
        return
    ended, wanted = dict[int, _Made](), 0
    for event in run_tasks(Engine(gpu=False), partial(_worker, again, LIKENESS), tasks):
        if not isinstance(event, Ended):
            continue
        if event.error is not None:
            raise UserError(f"Warped faces could not be made: {event.error}")
        ended[event.index] = event.value
        while wanted in ended:
            yield wanted, ended.pop(wanted)
            wanted += 1


def _worker(again: Callable[[], Faces], least: float) -> "WarpingFaces":
    return WarpingFaces(again(), hub.load(MobileFaceNet, "arcface-mobile"), least)


class WarpingFaces:
    """Warps pairs of a split; each worker has one."""

    def __init__(self, faces: Faces, identity: MobileFaceNet, least: float):
        """Take what is needed.

        Args:
            faces: the split.
            identity: judges the results on the CPU.
            least: cosine to its source that a warped face needs.
        """
        self._faces, self._identity, self._least = faces, identity, least

    def __call__(self, task: tuple[Tensor, Tensor], tell: Tell) -> _Made:
        """Warp some pairs.

        Args:
            task: rows of the targets and of the sources.
            tell: takes the share that is done.
        """
        faces, (target, source) = self._faces, task
        photos = faces.images[source].numpy()
        points, places = faces.landmarks[target], faces.landmarks[source]
        drawn = np.stack(
            [warp_onto(*pair) for pair in zip(faces.images[target].numpy(), photos, points, places, strict=True)]
        )
        like = likeness(self._identity, drawn, points, photos, places) >= self._least
        return drawn[like.numpy()], torch.nonzero(like).squeeze(1)


def choose_strangers(
    landmarks: Float[Tensor, "n 478 3"], identity: Int64[Tensor, "n"], padded: Bool[Tensor, "n"]
) -> tuple[Int64[Tensor, "m"], Int64[Tensor, "m"]]:
    """Rows of targets and of sources with a similar pose, ``EACH`` for each photo that is not padded.

    Args:
        landmarks: of some photos.
        identity: their people; -1 where unknown.
        padded: photos that are mostly padding.
    """
    generator = Generator().manual_seed(0)
    turned = torch.from_numpy(np.stack([rotation_from_canonical(points)[2] for points in landmarks.numpy()]))
    target = torch.nonzero(~padded).squeeze(1).repeat_interleave(EACH)
    candidates = torch.randint(len(landmarks), (len(target), CANDIDATES), generator=generator)
    distance = (turned[candidates] - turned[target][:, None]).norm(dim=2)
    same = (identity[candidates] == identity[target][:, None]) & (identity[candidates] >= 0)
    best = (distance + 10 * (same | (candidates == target[:, None]))).argmin(1)
    return target, candidates[torch.arange(len(target)), best]


def warp_onto(
    image: UInt8[np.ndarray, "s s 3"],
    photo: UInt8[np.ndarray, "s s 3"],
    points: Float[Tensor, "478 3"],
    places: Float[Tensor, "478 3"],
) -> UInt8[np.ndarray, "s s 3"]:
    """A photo with the face of another one.

    Args:
        image: RGB, gets the face.
        photo: RGB, gives it.
        points: landmarks of ``image``, shares of it.
        places: landmarks of ``photo``.
    """
    size = len(image)
    texture = make_texture(np.ascontiguousarray(photo), places.numpy() * size)
    face, mask = warp_face(texture, np.ascontiguousarray(image), points.numpy() * size)
    share = mask[..., None]
    return np.rint(face * share + image * (1 - share)).astype(np.uint8)


@torch.no_grad()
def likeness(
    identity: MobileFaceNet,
    drawn: UInt8[np.ndarray, "b s s 3"],
    points: Float[Tensor, "b 478 3"],
    photos: UInt8[np.ndarray, "b s s 3"],
    places: Float[Tensor, "b 478 3"],
) -> Float[Tensor, "b"]:
    """Cosine of each warped face and its source.

    Args:
        identity: embeds both.
        drawn: warped faces.
        points: their landmarks.
        photos: of the sources.
        places: their landmarks.
    """
    embedded = []
    for images, landmarks in ((drawn, points), (photos, places)):
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
        maps = augment.alignment_maps(mesh_five_points(landmarks), "arcface")
        embedded.append(identity(augment.warp_images(pixels, maps, ARCFACE_SIZE)).embedding)
    return F.cosine_similarity(embedded[0], embedded[1])
