"""Batches from shards: shuffled or balanced by identity, for several machines, from any place on; memory stays flat.

Everything follows from the seed, the epoch and the number of the batch, so a run that was stopped goes on exactly where
it was without having kept anything but these numbers.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from swapper.types import UserError
from trainers.data.faces import Faces, stacked
from trainers.data.shard_index import ShardIndex, people_of

_TOGETHER = 8  # images that a thread decodes at a time
_SHUFFLE, _SHUFFLE_WINDOW, _BALANCE = 1, 2, 3  # purposes of random numbers


@dataclass(frozen=True)
class StreamConfig:
    """How batches are drawn."""

    batch: int = 32  # faces, of one process
    size: int = 256  # side of the images, px
    seed: int = 0
    run: int = 32  # faces that lie one after the other and are read at once
    window: int = 256  # such runs, from all over the set, whose faces are shuffled among each other
    decoders: int = 4  # threads
    ahead: int = 2  # batches that are decoded before they are asked for


@dataclass(frozen=True)
class Share:
    """Which part of the set a process sees: that of one of ``count`` processes on all machines, with all its threads.

    Attributes:
        rank: number of the process, 0 to count - 1.
        count: processes.
    """

    rank: int = 0
    count: int = 1

    def __post_init__(self):
        if not 0 <= self.rank < self.count:
            raise UserError(f"Process {self.rank} of {self.count}: there is no such process. Count from 0.")


class FaceStream:
    """Batches of faces from shards.

    Attributes:
        batches: in an epoch; the same for every process.
    """

    def __init__(self, index: ShardIndex, config: StreamConfig, share: Share = Share()):
        """Begin; nothing is read.

        Args:
            index: of the split.
            config: how batches are drawn.
            share: the part that this process sees.

        Raises:
            UserError: there are too few faces for a batch of each process.
        """
        self.index, self.config, self.share = index, config, share
        runs = -(-len(index) // config.run)
        short = runs * config.run - len(index)  # faces that the last run lacks
        self.batches = max((runs // share.count) * config.run - short, 0) // config.batch
        if not self.batches:
            raise UserError(
                f"{len(index)} faces are too few for batches of {config.batch} in {share.count} processes. "
                "Prepare more photos, or choose smaller batches."
            )

    def shuffled(self, epoch: int = 0, begin: int = 0) -> Iterator[Faces]:
        """Batches without end: each epoch shows every process faces that no other sees, each at most once.

        Args:
            epoch: to begin with.
            begin: number of the batch in it to begin with, 0 to ``batches`` - 1.
        """
        yield from self._decoded(self.shuffled_rows(epoch, begin))

    def balanced(self, people: int, photos: int, begin: int = 0) -> Iterator[Faces]:
        """Batches without end of so many photos of each of some people, all known people being equally likely.

        Args:
            people: in a batch, all different where there are as many.
            photos: of each; some twice where somebody has fewer.
            begin: number of the batch to begin with.

        Raises:
            UserError: the set knows nobody.
        """
        first, counts = people_of(self.index)
        if not len(first):
            raise UserError("The set names no people. Prepare it from one folder per person, or with --identities.")
        yield from self._decoded(self._balanced_rows(first, counts, people, photos, begin))

    def shuffled_rows(self, epoch: int = 0, begin: int = 0) -> Iterator[Int[np.ndarray, "b"]]:
        """Rows of the index of the batches that ``shuffled`` gives.

        Args:
            epoch: as of ``shuffled``.
            begin: as of ``shuffled``.
        """
        c, faces = self.config, len(self.index)
        while True:
            runs = self._random(_SHUFFLE, epoch).permutation(-(-faces // c.run))[self.share.rank :: self.share.count]
            left, made = np.zeros(0, np.int64), 0
            for window, at in enumerate(range(0, len(runs), c.window)):
                if made >= self.batches:
                    break
                rows = (runs[at : at + c.window, None] * c.run + np.arange(c.run)).ravel()
                rows = rows[rows < faces]
                shuffled = self._random(_SHUFFLE_WINDOW, epoch, self.share.rank, window).permutation(rows)
                left = np.concatenate([left, shuffled])
                while len(left) >= c.batch and made < self.batches:
                    if made >= begin:
                        yield left[: c.batch]
                    left, made = left[c.batch :], made + 1
            epoch, begin = epoch + 1, 0

    def _balanced_rows(
        self, first: np.ndarray, counts: np.ndarray, people: int, photos: int, begin: int
    ) -> Iterator[Int[np.ndarray, "b"]]:
        while True:
            random = self._random(_BALANCE, self.share.rank, begin)
            chosen = random.choice(len(first), people, replace=len(first) < people)
            picks = [random.choice(counts[who], photos, replace=bool(counts[who] < photos)) for who in chosen]
            yield np.concatenate([first[who] + pick for who, pick in zip(chosen, picks, strict=True)])
            begin += 1

    def _random(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, *purpose])

    def _decoded(self, batches: Iterable[Int[np.ndarray, "b"]]) -> Iterator[Faces]:
        """Faces of rows."""
        for rows, images in decode_ahead(batches, self.index.image, self.config):
            yield stacked(self.index, rows, images, [self.index.arrays(int(row)) for row in rows])


def decode_ahead(
    batches: Iterable[Int[np.ndarray, "b"]], read: Callable[[int], bytes], config: StreamConfig
) -> Iterator[tuple[Int[np.ndarray, "b"], UInt8[Tensor, "b s s 3"]]]:
    """Decode images in several threads, some batches before they are asked for.

    Args:
        batches: numbers of images.
        read: gives an encoded image by its number; several threads call it.
        config: how many threads, how far ahead, and the side wanted.

    Raises:
        UserError: an image is damaged.
    """
    on_way: deque[tuple[np.ndarray, np.ndarray, list[Future]]] = deque()

    def decode(images: np.ndarray, rows: np.ndarray) -> None:
        for place, row in zip(images, rows, strict=True):
            place[:] = decode_crop(read(int(row)), config.size)

    def finished() -> tuple[np.ndarray, Tensor]:
        rows, images, futures = on_way.popleft()
        for future in futures:
            future.result()
        return rows, torch.from_numpy(images)

    with ThreadPoolExecutor(config.decoders) as pool:
        try:
            for rows in batches:
                images = np.empty((len(rows), config.size, config.size, 3), np.uint8)
                parts = range(0, len(rows), _TOGETHER)
                tasks = [(images[at : at + _TOGETHER], rows[at : at + _TOGETHER]) for at in parts]
                on_way.append((rows, images, [pool.submit(decode, *task) for task in tasks]))
                if len(on_way) > config.ahead:
                    yield finished()
            while on_way:
                yield finished()
        finally:
            for _, _, futures in on_way:
                for future in futures:
                    future.cancel()


def decode_crop(data: bytes, size: int) -> UInt8[np.ndarray, "s s 3"]:
    """A crop's pixels, RGB.

    Args:
        data: of an encoded image.
        size: side wanted, px.

    Raises:
        UserError: it is damaged.
    """
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if stored is None:
        raise UserError("A shard holds a picture that cannot be decoded. Prepare it again with trainers prepare.")
    image = cv2.cvtColor(stored, cv2.COLOR_BGR2RGB)
    if image.shape[:2] != (size, size):
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(image, np.uint8)
