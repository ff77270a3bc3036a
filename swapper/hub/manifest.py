"""The manifest: which weights files the project knows, where each lies on the Hub and what it must contain."""

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from swapper.errors import UserError
from swapper.registry.lookup import look_up
from swapper.runtime.whole_file import whole_file
from swapper.version import __version__

# The project's planned model repository; SWAPPER_REPO names a copy of it.
DEFAULT_REPO = "swapper-faces/swapper"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class WeightEntry:
    """One row of ``weights/manifest.json``.

    Attributes:
        name: what code asks for.
        file: path inside the Hub repository; its last part is the file's name in a local folder.
        sha256: of the file; None where the publisher states none and nobody has measured it.
        bytes: size; None where unknown.
        repo_id: model repository on the Hub.
        revision: commit, tag or branch that is asked for.
        licence: under which the weights may be used.
        preset: of the network, ``lite`` or ``paper``; None for networks that are not ours.
        trained_on: the data in one phrase.
        metrics: scores by name.
        also: SHA-256 of other files that are as good, such as the one that the authors publish themselves.
        unverified: why nobody can be sure that the file is the right one; empty where its SHA-256 is on record in
            several places and its revision is a commit.
    """

    name: str
    file: str
    sha256: str | None
    bytes: int | None
    repo_id: str
    revision: str
    licence: str
    preset: str | None = None
    trained_on: str = "not stated by the publisher"
    metrics: dict[str, float] = field(default_factory=dict)
    also: Sequence[str] = ()
    unverified: str = ""

    @property
    def doubt(self) -> str:
        """Half a sentence on why the file is unverified; empty where it is not."""
        return self.unverified or ("" if self.sha256 else "no SHA-256 of it is on record")

    @property
    def file_name(self) -> str:
        """The file's name in a local folder."""
        return self.file.rsplit("/", 1)[-1]


def project_repo() -> str:
    """The Hub repository of the project's own weights: ``$SWAPPER_REPO`` or the planned one."""
    return os.environ.get("SWAPPER_REPO") or DEFAULT_REPO


def shipped_folder() -> Path:
    """The project's ``weights`` folder: beside the package in a checkout, or where the wheel unpacked it."""
    checkout = Path(__file__).resolve().parents[2] / "weights"
    if (checkout / MANIFEST).is_file():
        return checkout
    try:
        installed = importlib.metadata.files("swapper") or []
    except importlib.metadata.PackageNotFoundError:
        installed = []
    for file in installed:
        if file.parts[-2:] == ("weights", MANIFEST):
            return Path(str(file.locate())).resolve().parent
    return checkout


def entries(folder: Path | None = None) -> list[WeightEntry]:
    """Every file the manifest lists.

    Args:
        folder: where the manifest lies; the shipped folder when None.

    Raises:
        UserError: the manifest is missing or unreadable.
    """
    path = (folder or shipped_folder()) / MANIFEST
    try:
        state = path.stat()
        found = _rows(path, state.st_mtime_ns, state.st_size)
    except FileNotFoundError:
        raise UserError(f"Weights manifest: {path} is missing. Install the project again.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"Weights manifest: {path} cannot be read ({error}). Restore the file.") from error
    return [replace(e, repo_id=project_repo()) if e.repo_id == DEFAULT_REPO else e for e in found]


@lru_cache(maxsize=8)
def _rows(path: Path, _changed: int, _bytes: int) -> list[WeightEntry]:
    """Read once for each state of the file: whatever loads a network asks for some rows."""
    return [WeightEntry(**row) for row in json.loads(path.read_text(encoding="utf-8"))["files"]]


def entry(name: str) -> WeightEntry:
    """The manifest's row for a name.

    Raises:
        UserError: the manifest has no such name.
    """
    return look_up({row.name: row for row in entries()}, name, "weights")


def add_entry(
    name: str,
    path: Path,
    licence: str,
    preset: str | None = None,
    trained_on: str = "",
    metrics: Mapping[str, float] | None = None,
    revision: str | None = None,
) -> WeightEntry:
    """Write a file of the project's own into the manifest that lies beside it, replacing a row of the same name.

    Args:
        name: what code will ask for.
        path: the file, in its final place; the manifest is made when the folder has none.
        licence: under which it may be used.
        preset: of the network.
        trained_on: the data in one phrase.
        metrics: scores by name.
        revision: tag or commit it will have on the Hub; the package's version as a tag when None.
    """
    row = WeightEntry(
        name=name,
        file=path.name,
        sha256=file_sha256(path),
        bytes=path.stat().st_size,
        repo_id=DEFAULT_REPO,
        revision=revision or f"v{__version__}",
        licence=licence,
        preset=preset,
        trained_on=trained_on,
        metrics=dict(metrics or {}),
    )
    manifest = path.parent / MANIFEST
    rows = json.loads(manifest.read_text(encoding="utf-8"))["files"] if manifest.is_file() else []
    said = {key: value for key, value in asdict(row).items() if value not in ((), "")}
    rows = [other for other in rows if other["name"] != name] + [said]
    rows.sort(key=lambda other: (other["repo_id"] != DEFAULT_REPO, other["name"]))
    with whole_file(manifest) as fresh:
        fresh.write_text(json.dumps({"files": rows}, indent=2) + "\n", encoding="utf-8")
    return row


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
