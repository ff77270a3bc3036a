"""Score a method on photographs of people no network has seen: ``python -m trainers evaluate --method M --data DIR``.

Cross-identity pairs of the ``val`` split, the same for every method and every run with one seed. Each swap goes
through ``FaceSwapper`` to the finished picture, landmarks measured anew, and the picture is scored.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from swapper.cli.options import add_overwrite_option
from swapper.faces.embed import FaceEmbedder, local_embedders
from swapper.faces.landmarks import LandmarkDetector
from swapper.methods.reference import BASELINE, PASTED, REFERENCES, UNCHANGED, SourcePasted
from swapper.metrics.geometry import reencode
from swapper.metrics.measure import FaceMeasurer, MeasuredFace, RetrievalGallery, SwapScores
from swapper.metrics.realism import RealismFeatures
from swapper.metrics.report import (
    METRICS,
    REPORTS,
    ScoreRow,
    contact_sheet,
    format_value,
    report_data,
    scores_table,
    write_report,
)
from swapper.pipeline import FaceSwapper
from swapper.restore.base import restorers
from swapper.runtime.devices import choose_device
from swapper.runtime.memory import keep_freed_memory
from swapper.runtime.outputs import claim_outputs
from swapper.types import UserError
from trainers.data.faces import Faces, load_faces

SIDE = 256  # of the stored photos, px
PICTURED = 12  # pairs on the contact sheet

# One swap: a finished picture, and how long it took where that means anything.
Swap = Callable[[MeasuredFace, MeasuredFace], tuple[np.ndarray, float | None]]


@dataclass(frozen=True)
class Aim:
    """What a trained method should reach.

    Attributes:
        key: of the metric.
        limit: absolute, or a multiple of the unchanged target's or the baseline's value.
        of: the row that ``limit`` multiplies; empty for an absolute limit.
        above: the value must not be below the limit, instead of not above it.
    """

    key: str
    limit: float
    of: str = ""
    above: bool = False


AIMS = (
    Aim("retrieval", 0.85, above=True),
    Aim("gain", 0.60, above=True),
    Aim("pose", 2.5),
    Aim("gaze", 2.0, of=UNCHANGED),
    Aim("expression", 2.0, of=UNCHANGED),
    Aim("frechet", 1.0, of=BASELINE),
)


def add_evaluate_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m trainers evaluate``."""
    p.add_argument("--method", required=True, help="method, as in python -m swapper image --method")
    p.add_argument("--restore", choices=restorers(), default="none", help="also score the method with a restoration")
    p.add_argument("--data", type=Path, required=True, help="folder of packed faces with a val split")
    p.add_argument("--pairs", type=int, default=300, help="swaps to score")
    p.add_argument("--out", type=Path, help="folder for report.json, report.md and the contact sheet")
    p.add_argument("--json", action="store_true", help="print JSON instead of a table")
    p.add_argument("--seed", type=int, default=0, help="of the pairs")
    p.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    p.add_argument(
        "--cache", type=Path, default=Path("runs/cache"), help="folder for decoded images, which are made once"
    )
    add_overwrite_option(p)
    p.add_argument("--alone", action="store_true", help="without the rows of warp and of the pasted source")


def evaluate(args: argparse.Namespace) -> int:
    """Score a method and print, and write, its report; returns the exit code."""
    if args.pairs < 2:
        raise UserError(f"--pairs must be 2 or more, not {args.pairs}; 300 is better.")
    if args.out is not None:
        claim_outputs([args.out / name for name in REPORTS], [], args.overwrite)
    keep_freed_memory()
    swaps = ways_to_swap(args.method, args.device, args.alone, args.restore)
    evaluator = shipped_evaluator(args.data, args.cache, args.device)
    pairs = draw_pairs(evaluator.people, evaluator.faces.padded.numpy(), args.pairs, args.seed)
    rows, pictures = evaluator.score(swaps, pairs, args.seed)
    about = {
        "method": args.method,
        "pairs": len(pairs),
        "seed": args.seed,
        "photos": f"{len(evaluator.people)} of the val split, {len(np.unique(evaluator.people))} people",
        "identity judge": "arcface-mobile, which also guides training and so flatters trained methods",
    }
    aims = check_aims(rows, args.method)
    if args.out is not None:
        labels = ("source", "target", *(row.name for row in rows if row.name != UNCHANGED))
        sheet = contact_sheet(pictures, labels)
        write_report(args.out, rows, {**about, "aims": aims}, sheet, aims_table(aims))
    if args.json:
        print(json.dumps(report_data(rows, {**about, "aims": aims}), indent=1, ensure_ascii=False))
    else:
        print(f"{scores_table(rows)}\n\n{aims_table(aims)}")
    return 0


def ways_to_swap(method: str, device: str, alone: bool, restore: str = "none") -> dict[str, Swap]:
    """The method and what it is compared with, by name; references first.

    Args:
        method: its name.
        device: ``auto``, ``cpu`` or ``cuda``.
        alone: without the pasted source and the baseline.
        restore: name of a restoration that the method is scored with as well.

    Raises:
        UserError: the method or restoration is unknown, or its weights are missing.
    """
    swaps: dict[str, Swap] = {UNCHANGED: _reencoded}
    if not alone:
        swaps[PASTED] = partial(_swapped, FaceSwapper(SourcePasted(), device, restore="none"))
        swaps[BASELINE] = partial(_swapped, FaceSwapper(BASELINE, device, restore="none"))
    if method not in swaps:
        swaps[method] = partial(_swapped, FaceSwapper(method, device, restore="none"))
    if restore != "none":
        swaps[f"{method}, {restore}"] = partial(_swapped, FaceSwapper(method, device, restore=restore))
    return swaps


class SplitEvaluator:
    """A split with its people, and everything that measures it.

    Attributes:
        faces: the photos.
        people: int64 [n], a label per photo; strangers without a label in the data have one of their own.
    """

    def __init__(self, faces: Faces, measurer: FaceMeasurer, realism: RealismFeatures):
        """Take photos and what measures them.

        Args:
            faces: the split.
            measurer: finds landmarks and identity.
            realism: says how real results look.
        """
        self.faces, self.measurer, self.realism = faces, measurer, realism
        self.people = people_labels(faces)

    def photo(self, row: int) -> MeasuredFace:
        """Measure one photo of the split."""
        image = self.faces.images[row].numpy().copy()
        return self.measurer.measure(image, self.faces.five_points[row].numpy() * self.faces.size)

    def gallery(self) -> tuple[RetrievalGallery, Float64[np.ndarray, "m k"]]:
        """Identity of all photos, and how those look that are not padded."""
        vectors, smooth, realism_features = [], [], []
        for row in range(len(self.people)):
            found = self.photo(row)
            vectors.append(found.embedding)
            if found.smooth is not None:
                smooth.append(found.smooth)
            if not self.faces.padded[row]:
                realism_features.append(self.realism.measure([found.crop])[0])
            _progress("photos measured", row + 1, len(self.people))
        return RetrievalGallery(np.stack(vectors), self.people, np.stack(smooth) if smooth else None), np.stack(
            realism_features
        )

    def score(
        self, swaps: Mapping[str, Swap], pairs: Sequence[tuple[int, int]], seed: int
    ) -> tuple[list[ScoreRow], list[list[np.ndarray]]]:
        """Score ways to swap on the same pairs; one pair is in memory at a time.

        Args:
            swaps: by name.
            pairs: rows of source and target.
            seed: of the intervals.

        Returns:
            One row per way, and for the first pairs the pictures source, target, result of each way that changes it.
        """
        gallery, reals = self.gallery()
        scores = {name: SwapScores(name, self.realism, reference=name in REFERENCES) for name in swaps}
        pictures: list[list[np.ndarray]] = []
        for done, (source_row, target_row) in enumerate(pairs, 1):
            source, target = self.photo(source_row), self.photo(target_row)
            results = {name: swap(source, target) for name, swap in swaps.items()}
            for name, (image, milliseconds) in results.items():
                found = self.measurer.measure(image, target.face.points)
                scores[name].add(source, target, found, int(self.people[source_row]), milliseconds)
            if done <= PICTURED:
                shown = [image for name, (image, _) in results.items() if name != UNCHANGED]
                pictures.append([source.image, target.image, *shown])
            _progress("pairs scored", done, len(pairs))
        generator = np.random.default_rng(seed)
        return [found.row(gallery, reals, generator) for found in scores.values()], pictures


def shipped_evaluator(data: Path, cache: Path, device: str) -> SplitEvaluator:
    """The val split and the shipped networks.

    Args:
        data: folder of packed faces.
        cache: folder of decoded images.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        UserError: the data or the weights are missing.
    """
    chosen = choose_device(device)
    embedders = local_embedders(chosen)
    arcface = embedders["arcface"]
    assert isinstance(arcface, FaceEmbedder), "local_embedders says so"
    measurer = FaceMeasurer(LandmarkDetector(chosen), arcface, smooth=embedders.get("smooth"))
    return SplitEvaluator(load_faces(data, "val", SIDE, cache), measurer, RealismFeatures(arcface.network, chosen))


def people_labels(faces: Faces) -> Int64[np.ndarray, "n"]:
    """A label per photo; photos whose person is not known get one each."""
    people = faces.identity.numpy().astype(np.int64)
    unknown = np.flatnonzero(people < 0)
    people[unknown] = people.max(initial=-1) + 1 + np.arange(len(unknown))
    return people


def draw_pairs(
    people: Int64[np.ndarray, "n"], padded: Bool[np.ndarray, "n"], count: int, seed: int
) -> list[tuple[int, int]]:
    """Rows of source and target, two different people each; fewer pairs are the beginning of more.

    Every unpadded photo is a target once before any is one again.

    Args:
        people: label per photo.
        padded: photos that are mostly padding and no targets.
        count: pairs wanted.
        seed: of the random numbers.

    Raises:
        UserError: the split has no two people.
    """
    targets = np.flatnonzero(~padded)
    if not len(targets) or len(np.unique(people)) < 2:
        raise UserError("The val split shows fewer than two people. Give one with more.")
    order, choice = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    pairs: list[tuple[int, int]] = []
    while len(pairs) < count:
        for target in order.permutation(targets)[: count - len(pairs)]:
            source = int(choice.integers(len(people)))
            while people[source] == people[target]:
                source = int(choice.integers(len(people)))
            pairs.append((source, int(target)))
    return pairs


def check_aims(rows: Sequence[ScoreRow], method: str) -> list[dict[str, Any]]:
    """What the method should reach, and whether it does; aims whose comparison was not measured are left out."""
    values = {row.name: row.values for row in rows}
    checks = []
    for aim in AIMS:
        if aim.key not in values[method] or (aim.of and (aim.of not in values or aim.of == method)):
            continue
        value = values[method][aim.key]
        limit = aim.limit * (values[aim.of][aim.key] if aim.of else 1.0)
        met = value >= limit if aim.above else value <= limit
        checks.append({"metric": aim.key, "value": value, "aim": limit, "above": aim.above, "met": bool(met)})
    return checks


def aims_table(checks: Sequence[Mapping[str, Any]]) -> str:
    """The aims in lines for a terminal."""
    lines = []
    for check in checks:
        metric = next(m for m in METRICS if m.key == check["metric"])
        value, limit = (format_value(ScoreRow("", {metric.key: check[k]}), metric) for k in ("value", "aim"))
        word = "at least" if check["above"] else "at most"
        lines.append(f"{'reached' if check['met'] else 'MISSED ':8}{metric.label}: {value}, aim {word} {limit}")
    return "\n".join(lines)


def _swapped(swapper: FaceSwapper, source: MeasuredFace, target: MeasuredFace) -> tuple[np.ndarray, float]:
    """Swap as ``FaceSwapper.swap_image`` does once the faces are found."""
    identity = swapper.method.identify([source.crop])
    result = swapper.swap_faces(target.image, [target.face], {0: identity})
    return result.image, sum(result.timings.values())


def _reencoded(source: MeasuredFace, target: MeasuredFace) -> tuple[np.ndarray, None]:
    return reencode(target.image), None


def _progress(what: str, done: int, total: int) -> None:
    if done % 25 == 0 or done == total:
        print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)
