"""Where trainers get their photos: small sets whole, in a memory map; sets of any size a pool at a time, as a stream.

A pool is some thousand photos from all over the set. Batches are drawn from it as they are drawn from a whole set,
until as many photos were drawn as it has; then the next one, which was decoded meanwhile, takes its place. Which pool
it is follows from the number of the step, so a run that was stopped goes on with the very photos it would have seen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from swapper.runtime.thread_count import physical_cores
from trainers.data.faces import SHARP, Faces, load_faces
from trainers.data.shard_index import ShardIndex, has_shards
from trainers.data.stream import FaceStream, Share, StreamConfig
from trainers.data.warped_pools import WarpedIndex, warped_pools

_RUN = 32  # photos that lie one after the other and are read at once, in sets that have many
_MOST_DECODERS = 16  # threads


@dataclass(frozen=True, kw_only=True)
class SupplyConfig:
    """How a trainer gets its photos."""

    memory_map: float = 16.0  # GB of decoded photos, up to which a set of shards is read whole, through a memory map
    pool: int = 2048  # photos of a larger one that a process has in memory, from which it draws its batches


class FaceSupply:
    """The photos that the present step is drawn from.

    Attributes:
        streams: whether they are a pool of a larger set.
        faces: the photos.
    """

    def __init__(
        self,
        folder: Path,
        size: int,
        cache: Path,
        config: SupplyConfig,
        use: Callable[[Faces], object],
        *,
        split: str = "train",
        padded: bool = True,
        sharp: bool = False,
        photos: int = 0,
        warped: bool = False,
    ):
        """Begin, with the photos of the first step of a run that has one process.

        Args:
            folder: of packed faces, or of shards.
            size: side of the images, px.
            cache: folder for decoded images of small sets, which are made once.
            config: what counts as small, and how large pools are.
            use: takes the photos, now and whenever others take their place.
            split: its name.
            padded: photos that are mostly padding are wanted too.
            sharp: of a stream only sharp photos are wanted.
            photos: of each person in a pool, all people being equally likely, where the set says who everybody is; each
                photo once in an epoch when 0, and photos of a person often in one pool all the same.
            warped: pools of a stream come with warped faces, as ``WarpedPool``.

        Raises:
            UserError: the photos are missing, or too few, or so are warped faces.
        """
        self._use, self._config = use, config
        index = ShardIndex(folder, split, padded, SHARP if sharp else 0.0) if has_shards(folder, split) else None
        if index is None or len(index) * size * size * 3 <= config.memory_map * 1e9:
            self.streams, self.faces = False, load_faces(folder, split, size, cache, padded)
            use(self.faces)
            return
        strangers = bool((index.rows["identity"] < 0).any())
        self.streams, self._index, self._size, self._photos = True, index, size, 0 if strangers else photos
        self._warped = WarpedIndex(folder, split) if warped else None
        self._place: tuple[int, Share] | None = None
        self.go_to(0, 1, Share())

    def go_to(self, step: int, batch: int, share: Share) -> None:
        """Have the photos ready that a step is drawn from.

        Args:
            step: number of it, from 0.
            batch: photos that all processes together draw in a step.
            share: of this process.
        """
        if not self.streams:
            return
        stream = self._stream(share)
        place = step // max(1, stream.config.batch * share.count // batch), share
        if place == self._place:
            return
        if self._place is None or place != (self._place[0] + 1, self._place[1]):
            self._pools = self._begun(stream, place[0])
        self._place, self.faces = place, next(self._pools)
        self._use(self.faces)

    def _stream(self, share: Share) -> FaceStream:
        run = int(np.clip(len(self._index) // (8 * share.count), 1, _RUN))
        fitting = len(self._index) // (run * share.count) * run - run  # a process whose last run is short has so many
        config = StreamConfig(
            batch=max(min(self._config.pool // (2 if self._warped else 1), fitting), 1),
            size=self._size,
            run=run,
            decoders=min(physical_cores(), _MOST_DECODERS),
            ahead=1,
        )
        return FaceStream(self._index, config, share)

    def _begun(self, stream: FaceStream, number: int) -> Iterator[Faces]:
        """Pools from one on."""
        if self._warped is not None:
            return warped_pools(stream, self._warped, *divmod(number, stream.batches))
        if self._photos:
            return stream.balanced(max(stream.config.batch // self._photos, 1), self._photos, number)
        return stream.shuffled(*divmod(number, stream.batches))
