"""The jobs that a user asks for: a folder of targets, or a table of jobs as CSV or JSON lines."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from swapper.batch.job import SETTINGS, Job, JobSettings, check_settings
from swapper.batch.names import targets_below, usual_name
from swapper.batch.places import HIDDEN
from swapper.errors import UserError
from swapper.images import WRITABLE
from swapper.runtime import values
from swapper.runtime.outputs import Names
from swapper.runtime.there import is_file, is_folder
from swapper.video.encode import FORMATS, format_of

COLUMNS = ("id", "source", "map", "target", "output", *SETTINGS)
SEPARATOR = ";"  # of several photos in a cell of a CSV file
_NUMBERS = (
    "likeness",
    "expression",
    "keep_mouth",
    "light",
    "detail",
    "resolution",
    "start",
    "end",
    "steadiness",
    "quality",
    "fps",
)
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Defaults:
    """What holds for jobs that say nothing else.

    Attributes:
        sources: photos of the person that is put in.
        people: pairs of photos, as of ``Job``.
        settings: how.
    """

    sources: tuple[Path, ...] = ()
    people: tuple[tuple[Path, Path], ...] = ()
    settings: JobSettings = field(default_factory=JobSettings)


def read_jobs(jobs: Path, output: Path, defaults: Defaults) -> list[Job]:
    """All jobs of a batch.

    Args:
        jobs: a folder of targets, those below it included; or a file that ends in .csv or .jsonl, with the columns
            ``COLUMNS``, of which only ``target`` is needed. Its paths are relative to where it lies.
        output: folder of the results, which need not exist.
        defaults: hold where a job says nothing.

    Raises:
        UserError: there is none, or one that makes no sense.
    """
    jobs, output = jobs.absolute(), output.absolute()
    if is_folder(jobs):
        found = list(targets_below(jobs, output))
        if not found:
            raise UserError(f"Folder '{jobs}': it contains no photo and no video. Give another folder, or a table.")
        for target, result in found:
            try:
                _check_encoder(result, defaults.settings)
            except UserError as error:
                raise UserError(f"{target.name}: {error}") from error
        return [
            Job(result.as_posix(), defaults.sources, target, output / result, defaults.people, defaults.settings)
            for target, result in found
        ]
    if not is_file(jobs):
        raise UserError(f"Jobs '{jobs}': there is no such file or folder. Give a folder of photos and videos.")
    reader = {".csv": _csv_rows, ".jsonl": _json_rows}.get(jobs.suffix.lower())
    if reader is None:
        raise UserError(
            f"Jobs '{jobs}': this is no table of jobs. Give a folder, or a file that ends in .csv or .jsonl."
        )
    rows = []
    for line, row in reader(jobs):
        try:
            rows.append((line, _job(row, jobs.parent, output, defaults)))
        except UserError as error:
            raise UserError(f"Jobs '{jobs}', line {line}: {error}") from error
    if not rows:
        raise UserError(f"Jobs '{jobs}': it has no line with a job. Add one, with a target.")
    return _named(jobs, rows, output)


def _job(row: Mapping[str, Any], place: Path, output: Path, defaults: Defaults) -> Job:
    """The job of a row; its output has no suffix where the row names none."""
    unknown = next((name for name in row if name not in COLUMNS), None)
    if unknown is not None:
        raise UserError(f"{values.shown(unknown)} is no column. Use some of these: {', '.join(COLUMNS)}.")
    if not row.get("target"):
        raise UserError("It has no target. Give a photo or a video.")
    sources = tuple(place / text for text in _texts("source", row.get("source")))
    people = tuple(_people(text, place) for text in _texts("map", row.get("map")))
    target = place / values.text("target", row["target"])
    given = {name: row[name] for name in SETTINGS if row.get(name) is not None}
    if given:
        check_settings({**vars(defaults.settings), **given})
    named = values.text("output", row.get("output") or "")
    return Job(
        str(row.get("id") or ""),
        sources or (() if people else defaults.sources),
        target,
        _inside(output, named) if named else output,
        people or (() if sources else defaults.people),
        replace(defaults.settings, **given) if given else defaults.settings,
    )


def _named(jobs: Path, rows: list[tuple[int, Job]], output: Path) -> list[Job]:
    """The jobs with a name and an output each, none of them twice."""
    used, names, done = Names(), dict[str, int](), []
    said = [job.output for _, job in rows if job.output != output]
    for path in said:
        text = path.relative_to(output).as_posix()
        if used.has(text):
            raise UserError(f"Jobs '{jobs}': two jobs write '{text}'. Give each an output of its own.")
        used.add(text)
    for line, job in rows:
        place = job.output if job.output != output else output / used.add(usual_name(job.target))
        name = job.name or place.relative_to(output).as_posix()
        if name in names:
            raise UserError(
                f"Jobs '{jobs}', line {line}: the id '{name}' is that of line {names[name]} too. Change one."
            )
        names[name] = line
        try:
            _check_encoder(place, job.settings)
        except UserError as error:
            raise UserError(f"Jobs '{jobs}', line {line}: {error}") from error
        done.append(replace(job, name=name, output=place))
    return done


def _check_encoder(output: Path, settings: JobSettings) -> None:
    if output.suffix.lower() in FORMATS:
        format_of(output.suffix, settings.encoder)


def _inside(output: Path, text: str) -> Path:
    path = Path(text)
    if path.is_absolute() or ".." in path.parts or path.parts[:1] in ((), (HIDDEN,)):
        raise UserError(f"Output '{text}': it must be a name in the folder of results. Leave out what leads elsewhere.")
    if path.suffix.lower() not in (*WRITABLE, *FORMATS):
        raise UserError(f"Output '{text}': its suffix names no supported format. Choose .png, .jpg, .webp or .mp4.")
    return output / path


def _people(text: str, place: Path) -> tuple[Path, Path]:
    source, equals, reference = text.partition("=")
    if not (source and equals and reference):
        raise UserError(f"map {values.shown(text)} is not a pair of photos. Give SRC=REF.")
    return place / source, place / reference


def _texts(name: str, value: Any) -> list[str]:
    """One text, or a list of them."""
    found = value if isinstance(value, list) else [value] if value else []
    return [values.text(name, text) for text in found]


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserError(f"Jobs '{path}', line {number}: this is not JSON ({error}). Correct it.") from error
        if not isinstance(row, dict):
            raise UserError(f"Jobs '{path}', line {number}: this is not an object. Write one in braces, with a target.")
        yield number, row


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(_lines(path))
    for row in reader:
        if None in row:
            raise UserError(
                f"Jobs '{path}', line {reader.line_num}: it has more cells than the first line. Correct it."
            )
        yield reader.line_num, {name.strip(): _cell(name.strip(), text) for name, text in row.items() if text}


def _cell(name: str, text: str) -> Any:
    """What a cell says, as the kind of value that its column holds."""
    text = text.strip()
    if name in ("source", "map", "keep"):
        return [part.strip() for part in text.split(SEPARATOR) if part.strip()]
    if name == "occluders":
        return _WORDS.get(text.lower(), text)
    if name in _NUMBERS:
        try:
            return int(text) if text.isdigit() else float(text)
        except ValueError:
            return text
    return text


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Jobs '{path}': it cannot be read as text ({error}). Save it as UTF-8.") from error
