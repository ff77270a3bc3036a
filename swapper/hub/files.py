"""Weights by name: found in a local folder or on the Hub, and verified.

A name is looked up in ``$SWAPPER_WEIGHTS``, then in the folder that ships with the project, then on the Hub at the
manifest's revision. Whatever has a known checksum is verified before anything reads it, once per process.
"""

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from huggingface_hub import constants, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import HFValidationError, RemoteEntryNotFoundError

from swapper.errors import UserError
from swapper.hub.download import FAILURES, Access, download, fetch_small, reason
from swapper.hub.manifest import WeightEntry, entries, entry, file_sha256, shipped_folder

# Files whose checksum matched in this process: path -> (modification time in ns, size, sha256).
_VERIFIED: dict[Path, tuple[int, int, str]] = {}


def resolve(name: str, trust: bool = False) -> Path:
    """Path of a weights file on this machine; it is downloaded if it is missing.

    Args:
        name: a name of the manifest, or of a user's own ``NAME.safetensors`` or ``NAME.onnx`` in ``$SWAPPER_WEIGHTS``.
        trust: download it also if its row is unverified, so that nobody can be sure that it is the right file.

    Raises:
        UserError: the name is unknown, the file cannot be downloaded, its checksum is wrong, or it is unverified.
    """
    unlisted = _find_unlisted(name)
    if unlisted is not None:
        return unlisted
    row = entry(name)
    path = find_local(row) or find_cached(row)
    if path is None and row.doubt and not trust:
        raise untrusted(row, f"download it with: python -m swapper weights pull {name} --trust")
    path = path or _download(row)
    verify(row, path)
    return path


def untrusted(row: WeightEntry, then: str) -> UserError:
    """What is said of an unverified file that nobody has said they trust.

    Args:
        row: of the file.
        then: what to do for those who do trust it.
    """
    return UserError(
        f"Weights '{row.name}': {row.file_name} is unverified, since {row.doubt} (nothing in it can run code). If you "
        f"trust {row.repo_id}, {then}"
    )


def find(name: str) -> Path | None:
    """Where ``resolve`` finds a file without a download, unverified; None where it is absent or unknown."""
    row = next((row for row in entries() if row.name == name), None)
    return _find_unlisted(name) if row is None else find_local(row) or find_cached(row)


def _find_unlisted(name: str) -> Path | None:
    own = own_folder()
    if own is None or name in {row.name for row in entries()} or Path(name).name != name:
        return None
    return next((path for end in ("safetensors", "onnx") if (path := own / f"{name}.{end}").is_file()), None)


def unpublished(names: Iterable[str]) -> list[str]:
    """Those of the names that are neither on this machine nor in the manifest, so they cannot be downloaded."""
    return [name for name in names if find(name) is None and all(row.name != name for row in entries())]


def own_folder() -> Path | None:
    """The user's folder of weights, ``$SWAPPER_WEIGHTS``; None where it is not set."""
    value = os.environ.get("SWAPPER_WEIGHTS")
    return Path(value).expanduser() if value else None


def find_local(row: WeightEntry) -> Path | None:
    """The entry's file in the user's or the shipped folder, unverified; None where neither holds it."""
    for folder in (own_folder(), shipped_folder()):
        if folder is not None and (folder / row.file_name).is_file():
            return folder / row.file_name
    return None


def find_cached(row: WeightEntry) -> Path | None:
    """The entry's file in the Hub client's cache, unverified; None where absent. Asks no network."""
    path = try_to_load_from_cache(row.repo_id, row.file, revision=row.revision)
    return Path(path) if isinstance(path, str) else None


def verify(row: WeightEntry, path: Path) -> None:
    """Check a file against its row; a file without a known checksum passes.

    Raises:
        UserError: the checksum differs. The file is removed when it lies in the Hub client's cache.
    """
    if row.sha256 is None:
        return
    state = path.stat()
    if _VERIFIED.get(path) == (state.st_mtime_ns, state.st_size, row.sha256):
        return
    found = file_sha256(path)
    if found not in (row.sha256, *row.also):
        raise UserError(f"Weights '{row.name}': {_mismatch(row, path, f'its SHA-256 is {found}, not {row.sha256}')}")
    _VERIFIED[path] = (state.st_mtime_ns, state.st_size, row.sha256)


def _mismatch(row: WeightEntry, path: Path, found: str) -> str:
    """Say what is wrong with a file and what to do; drop it from the Hub client's cache."""
    if path.is_relative_to(constants.HF_HUB_CACHE):
        _remove_cached(path)
        return f"the download of {row.file_name} is corrupt or is a different file: {found}. It was removed; try again."
    with path.open("rb") as stream:
        if stream.read(40).startswith(b"version https://git-lfs"):
            return f"{path} is a Git LFS pointer, not the file itself. Run 'git lfs pull'."
    return f"{path} is corrupt or is a different file: {found}. Delete it and try again."


def _remove_cached(path: Path) -> None:
    blob = path.resolve()
    path.unlink()
    blob.unlink(missing_ok=True)


def _download(row: WeightEntry) -> Path:
    try:
        path = download(row)
        if row.sha256 is None:
            _check_companion(row, path)
        return path
    except FAILURES as error:
        what, then = reason(row, error)
        raise UserError(
            f"Weights '{row.name}': {row.file_name} is not on this machine, and {what}. {then}, or download "
            f"{hf_hub_url(row.repo_id, row.file, revision=row.revision)} on a machine with a connection and put it "
            f"into {own_folder() or shipped_folder()}."
        ) from error


def _check_companion(row: WeightEntry, path: Path) -> None:
    """Compare with the CRC-32 some publishers put beside a file, which catches damage but not malice."""
    stem = row.file.rsplit(".", 1)[0]
    try:
        companion = fetch_small(row, f"{stem}.hash")
    except RemoteEntryNotFoundError:
        return
    expected = companion.read_text(encoding="ascii").strip().lower()
    found = f"{_crc32(path):08x}"
    if found != expected:
        raise UserError(f"Weights '{row.name}': {_mismatch(row, path, f'its CRC-32 is {found}, not {expected}')}")


def _crc32(path: Path) -> int:
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum


def fetch(row: WeightEntry, token: str | bool | None, cache_dir: Path | None, again: bool, ask: bool) -> Path:
    """A file of any repository: the Hub's present one, or the cached one where the Hub cannot be asked.

    Args:
        row: names repository, file and revision.
        token: of the Hub; as its client finds it when None.
        cache_dir: where downloads are kept; where the Hub's client keeps them when None.
        again: download it even if it is in the cache.
        ask: the Hub; otherwise only the cache is looked at.

    Raises:
        UserError: the file cannot be downloaded.
    """
    cached, then = None, "Give another name"
    try:
        cached = try_to_load_from_cache(row.repo_id, row.file, cache_dir, row.revision)
        if ask:
            return download(row, Access(token, cache_dir, again))
        why = "only local files were asked for"
    except HFValidationError:
        why = "this is neither a folder, nor the name of weights, nor that of a repository (OWNER/NAME)"
    except FAILURES as error:
        why, then = reason(row, error)
    if isinstance(cached, str) and not again:
        return Path(cached)
    raise UserError(
        f"Network '{row.repo_id}': {row.file} is not on this machine, and {why}. {then}, or give the folder of a copy."
    )
