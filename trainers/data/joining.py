"""From the facts beside shards to the index over them; what needs all embeddings is done two shards at a time."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from swapper.batch.engine import Ended, Engine, run_tasks
from swapper.batch.replies import Tell
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from trainers.data.pack import SAME_FACE, same_pixels
from trainers.data.shard_index import ROW
from trainers.data.shards import shard_path

_ROWS = 1 << 16  # of the index, written at a time
_CHUNK = 2048  # embeddings that are compared with as many others at a time
_HERE = 16  # pairs of shards, up to which no workers are started for comparing them
_ALIKE = 0.55  # cosine of two people's mean embeddings above which they may be one person
_SHOWN = 20  # such pairs that are named


@dataclass
class Facts:
    """What lies beside a shard; its arrays are read when they are asked for."""

    path: Path

    def __getitem__(self, name: str) -> np.ndarray:
        """One array: ``rows``, ``people``, ``vectors``, ``thumbs``, ``counts``."""
        with np.load(self.path) as found:
            return found[name]

    def count(self, what: str) -> int:
        """How many ``pictures`` were looked at, how many faces ``kept``, or how many dropped for a reason.

        Args:
            what: is counted.
        """
        return json.loads(str(self["counts"])).get(what, 0)


def facts_of(out: Path, split: str, number: int) -> Facts:
    """What lies beside a shard.

    Args:
        out: folder of the split.
        split: its name.
        number: of the shard.
    """
    return Facts(shard_path(out, split, number).with_suffix(".npz"))


class RepeatFinder:
    """Finds faces that repeat one of an earlier shard; each worker has one."""

    def __init__(self, out: Path, split: str, numbers: Sequence[int]):
        """Say where.

        Args:
            out: folder of the split.
            split: its name.
            numbers: of its shards.
        """
        self._out, self._split, self._numbers = out, split, numbers

    def __call__(self, number: int, tell: Tell) -> list[int]:
        """Which faces of a shard repeat one of an earlier one: the same person's, or a stranger where both are.

        Args:
            number: of the shard.
            tell: takes the share that is done.
        """
        mine = facts_of(self._out, self._split, number)
        repeated: set[int] = set()
        rows_of = _by_name(mine["people"])
        before = [other for other in self._numbers if other < number]
        for done, other in enumerate(before):
            theirs = facts_of(self._out, self._split, other)
            rows_there = _by_name(theirs["people"])
            shared = rows_of.keys() & rows_there.keys()
            if shared:
                pairs = [(rows_of[name], rows_there[name]) for name in sorted(shared)]
                repeated.update(_repeated(mine, theirs, pairs))
            tell((done + 1) / len(before))
        return sorted(repeated)


def _by_name(people: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of each person."""
    names, codes = np.unique(people, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(codes, minlength=len(names)))[:-1])
    return dict(zip(names.tolist(), parts, strict=True)) if len(people) else {}


def _repeated(mine: Facts, theirs: Facts, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Iterator[int]:
    """Which faces of one shard repeat one of another; each pair holds rows of the one and of the other."""
    vectors, thumbs = mine["vectors"].astype(np.float32), mine["thumbs"]
    earlier, pictures = theirs["vectors"].astype(np.float32), theirs["thumbs"]
    for rows, others in pairs:
        for at in range(0, len(others), _CHUNK):
            part = others[at : at + _CHUNK]
            alike = np.argwhere(vectors[rows] @ earlier[part].T > SAME_FACE)
            for row in np.unique(alike[:, 0]):
                there = pictures[part[alike[alike[:, 0] == row, 1]]]
                if same_pixels(there, thumbs[rows[row]]).any():
                    yield int(rows[row])


def find_repeated(out: Path, split: str, numbers: Sequence[int], engine: Engine | None = None) -> dict[int, list[int]]:
    """Near duplicates across shards.

    Args:
        out: folder of the split.
        split: its name.
        numbers: of its shards.
        engine: where they are looked for; in this process when None, or where there are few shards.

    Returns:
        Rows of each shard that repeat one of an earlier shard.

    Raises:
        UserError: shards could not be compared.
    """
    setup, found = partial(RepeatFinder, out, split, tuple(numbers)), dict[int, list[int]]()
    if engine is None or len(numbers) * (len(numbers) - 1) / 2 <= _HERE:
        work = setup()
        return {number: work(number, lambda _share: None) for number in numbers}
    for event in run_tasks(engine, setup, numbers):
        if isinstance(event, Ended):
            if event.error is not None:
                raise UserError(f"Shard {numbers[event.index]}: it could not be compared. {event.error}")
            found[numbers[event.index]] = event.value
    return found


@dataclass
class PeopleMeans:
    """The sum of each person's embeddings; 2 KB a person."""

    places: dict[str, int] = field(default_factory=dict)
    sums: np.ndarray = field(default_factory=lambda: np.zeros((64, 512), np.float32))
    counts: np.ndarray = field(default_factory=lambda: np.zeros(64, np.int64))

    def add(self, facts: Facts) -> None:
        """Take over the known people of a shard.

        Args:
            facts: of it.
        """
        people, vectors = facts["people"].tolist(), facts["vectors"].astype(np.float32)
        known = [row for row, name in enumerate(people) if name]
        places = [self.places.setdefault(people[row], len(self.places)) for row in known]
        while len(self.places) > len(self.counts):
            self.sums = np.concatenate([self.sums, np.zeros_like(self.sums)])
            self.counts = np.concatenate([self.counts, np.zeros_like(self.counts)])
        np.add.at(self.sums, places, vectors[known])
        np.add.at(self.counts, places, 1)

    def likeness(self, facts: Facts) -> Float[np.ndarray, "n"]:
        """Cosine of each face with the rest of its person; 1 where nobody says who it is, or there are no two others.

        Args:
            facts: of a shard that was added.
        """
        people, vectors = facts["people"].tolist(), facts["vectors"].astype(np.float32)
        cosines = np.ones(len(people), np.float32)
        for row, name in enumerate(people):
            place = self.places[name] if name else -1
            if place >= 0 and self.counts[place] > 2:
                rest = self.sums[place] - vectors[row]
                cosines[row] = rest @ vectors[row] / max(float(np.linalg.norm(rest)), 1e-6)
        return cosines

    def alike(self) -> list[tuple[str, str, float]]:
        """Pairs of people whose mean embeddings are so similar that they may be one person, the most similar first."""
        names = list(self.places)
        means = self.sums[: len(names)]
        means = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
        pairs = []
        for at in range(0, len(names), _CHUNK):
            cosines = means[at : at + _CHUNK] @ means.T
            for first, second in np.argwhere(cosines > _ALIKE):
                if at + first < second:
                    pairs.append((names[at + first], names[second], round(float(cosines[first, second]), 3)))
        return sorted(pairs, key=lambda pair: -pair[2])


def write_index(
    out: Path,
    split: str,
    numbers: Sequence[int],
    repeated: Mapping[int, Sequence[int]] | None = None,
    least_likeness: float | None = None,
) -> dict[str, Any]:
    """Join the facts of all shards into an index, without what repeats an earlier face or is not its person.

    Args:
        out: folder of the split.
        split: its name.
        numbers: of its shards.
        repeated: from ``find_repeated``; looked for here when None.
        least_likeness: cosine with the rest of a person's photos below which one is left out; none is when None.

    Returns:
        A report: shards, faces kept, people, faces dropped by reason; where ``least_likeness`` is given also the
        pairs of people who may be one, the most similar first.

    Raises:
        UserError: no face is left.
    """
    repeated = find_repeated(out, split, numbers) if repeated is None else repeated
    means = None if least_likeness is None else PeopleMeans()
    if means is not None:
        for number in numbers:
            means.add(facts_of(out, split, number))
    people: dict[str, int] = {}
    counts, parts = Counter[str](), out / f".index-{split}.rows"
    try:
        with parts.open("wb") as file:
            for place, number in enumerate(numbers):
                facts = facts_of(out, split, number)
                likeness = means.likeness(facts) if means is not None else np.ones(len(facts["rows"]), np.float32)
                left_out = _left_out(facts, repeated.get(number, ()), likeness < (least_likeness or -1), counts)
                rows, names = facts["rows"][~left_out], facts["people"][~left_out].tolist()
                rows["shard"] = place
                rows["identity"] = [people.setdefault(name, len(people)) if name else -1 for name in names]
                file.write(rows.tobytes())
        if not parts.stat().st_size:
            raise UserError(f"No usable face was found ({dict(+counts)}). Give larger or sharper photos.")
        rows = np.memmap(parts, ROW, mode="r")
        _write_rows(rows, out / f"index-{split}.npy")
    finally:
        parts.unlink(missing_ok=True)
    shards = [shard_path(out, split, number).name for number in numbers]
    with whole_file(out / f"index-{split}.json") as fresh:
        fresh.write_text(json.dumps({"shards": shards, "people": list(people)}), encoding="utf-8")
    report = {"shards": len(numbers), "kept": len(rows), "people": len(people), "dropped": dict(+counts)}
    return report | ({"alike": means.alike()[:_SHOWN]} if means is not None else {})


def _left_out(facts: Facts, repeated: Sequence[int], unlike: np.ndarray, counts: Counter[str]) -> np.ndarray:
    """Which faces of a shard do not go into the index; what was dropped is counted."""
    found = Counter(json.loads(str(facts["counts"])))
    left_out = np.zeros(len(unlike), bool)
    left_out[list(repeated)] = True
    found["near duplicate"] += int(left_out.sum())
    found["not the person"] += int((unlike & ~left_out).sum())
    del found["kept"], found["pictures"]
    counts.update(found)
    return left_out | unlike


def _write_rows(rows: np.ndarray, path: Path) -> None:
    """Write an index in which each person's faces lie together; where they do so already the order stays."""
    identity = np.asarray(rows["identity"])
    met = identity[np.flatnonzero(np.diff(identity, prepend=identity[0] - 1))]
    met = met[met >= 0]
    order = None if len(np.unique(met)) == len(met) else np.argsort(identity, kind="stable")
    with whole_file(path) as fresh:
        index = np.lib.format.open_memmap(fresh, mode="w+", dtype=ROW, shape=(len(rows),))
        for at in range(0, len(rows), _ROWS):
            part = slice(at, at + _ROWS)
            index[part] = rows[part] if order is None else rows[order[part]]
        index.flush()
