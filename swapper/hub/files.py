"""Weights by name: found in a local folder or on the Hub, verified, and loaded into networks.

A name is looked up in ``$SWAPPER_WEIGHTS``, then in the folder that ships with the project, then on the Hub at the
manifest's revision. Whatever has a known checksum is verified before anything reads it, once per process.
"""

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

import torch
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,  # pyright: ignore[reportPrivateImportUsage] (its home moved between versions of the client)
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from swapper.hub.manifest import WeightEntry, entries, entry, file_sha256, shipped_folder
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError

M = TypeVar("M", bound=nn.Module)
C = TypeVar("C")

# Files whose checksum matched in this process: path -> (modification time in ns, size, sha256).
_VERIFIED: dict[Path, tuple[int, int, str]] = {}


def resolve(name: str) -> Path:
    """Where a weights file lies on this machine; it is downloaded when it is nowhere yet.

    Args:
        name: a name of the manifest, or of a user's own ``NAME.safetensors`` or ``NAME.onnx`` in ``$SWAPPER_WEIGHTS``.

    Raises:
        UserError: the name is unknown, the file cannot be downloaded, or its checksum is wrong.
    """
    unlisted = _find_unlisted(name)
    if unlisted is not None:
        return unlisted
    row = entry(name)
    path = find_local(row) or find_cached(row) or _download(row)
    verify(row, path)
    return path


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
    """Those of the names that are neither on this machine nor in the manifest, so that nothing can fetch them."""
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
    if found != row.sha256:
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
        _probe(row)
        path = Path(hf_hub_download(row.repo_id, row.file, revision=row.revision))
        if row.sha256 is None:
            _check_companion(row, path)
        return path
    except (OSError, HTTPError) as error:
        raise UserError(
            f"Weights '{row.name}': {row.file_name} is not on this machine, and {_reason(row, error)}. "
            f"Download {hf_hub_url(row.repo_id, row.file, revision=row.revision)} on a machine with a connection and "
            f"put it into {own_folder() or shipped_folder()}."
        ) from error


def _probe(row: WeightEntry) -> None:
    """Ask the Hub once: without a connection the client's own download would try for half a minute."""
    try:
        get_hf_file_metadata(hf_hub_url(row.repo_id, row.file, revision=row.revision))
    except HfHubHTTPError:
        return  # the Hub answers; the download tries again what may pass and knows best what is wrong


def _reason(row: WeightEntry, error: Exception) -> str:
    """Half a sentence on why a download failed."""
    where = f"{row.repo_id} at revision {row.revision}"
    if isinstance(error, OfflineModeIsEnabled):
        return "it cannot be downloaded because HF_HUB_OFFLINE is set"
    if isinstance(error, GatedRepoError):
        return f"{row.repo_id} requires its terms to be accepted first (then set HF_TOKEN)"
    if isinstance(error, RepositoryNotFoundError):
        return f"the repository {row.repo_id} does not exist or is private (private: set HF_TOKEN)"
    if isinstance(error, RevisionNotFoundError):
        return f"there is no {where} on the Hub"
    if isinstance(error, RemoteEntryNotFoundError):
        return f"{where} does not contain it"
    if isinstance(error, LocalEntryNotFoundError) or not isinstance(error, OSError):
        return f"the Hub ({constants.ENDPOINT}) does not answer"
    return f"the download failed ({str(error).splitlines()[0] if str(error) else type(error).__name__})"


def _check_companion(row: WeightEntry, path: Path) -> None:
    """Compare with the CRC-32 some publishers put beside a file, which catches damage but not malice."""
    stem = row.file.rsplit(".", 1)[0]
    try:
        companion = hf_hub_download(row.repo_id, f"{stem}.hash", revision=row.revision)
    except RemoteEntryNotFoundError:
        return
    expected = Path(companion).read_text(encoding="ascii").strip().lower()
    found = f"{_crc32(path):08x}"
    if found != expected:
        raise UserError(f"Weights '{row.name}': {_mismatch(row, path, f'its CRC-32 is {found}, not {expected}')}")


def _crc32(path: Path) -> int:
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum


def metadata(name: str) -> dict[str, str]:
    """What a safetensors file says about itself: ``network``, ``config`` (JSON) and whatever its maker added.

    Raises:
        UserError: as ``resolve``, or the file is not safetensors.
    """
    return read_metadata(resolve(name))


def read_metadata(path: Path) -> dict[str, str]:
    """As ``metadata``, of a file by path."""
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except SafetensorError as error:
        raise UserError(f"{path}: not a readable safetensors file ({error}). Convert or download it again.") from error


def load(cls: type[M], name: str) -> M:
    """Build a network from its weights file: sizes from the file's metadata, every tensor matched by name.

    Args:
        cls: the network's class, with its configuration class as ``cls.Config``.
        name: as in ``resolve``.

    Returns:
        The network in float32 on the CPU, evaluating, without gradients.

    Raises:
        UserError: as ``resolve``, or the file holds another network.
    """
    return load_path(cls, resolve(name))


def load_path(cls: type[M], path: Path) -> M:
    """As ``load``, from a file by path."""
    said = read_metadata(path)
    if said.get("network") != cls.__name__:
        raise UserError(
            f"{path}: contains {said.get('network', 'no named network')}, not {cls.__name__}. Give the right file."
        )
    try:
        network = cls(read_config(cast(Any, cls).Config, json.loads(said["config"])))
        network.load_state_dict(load_file(path))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{path}: does not fit this version's {cls.__name__} ({error}). Use the file that belongs to this version."
        ) from error
    return network.float().eval().requires_grad_(False)


def read_config(config_class: type[C], values: Mapping[str, Any]) -> C:
    """Rebuild a configuration from JSON: lists become tuples, nested objects their own dataclasses.

    Args:
        config_class: a dataclass.
        values: its fields, as ``dataclasses.asdict`` and JSON leave them.

    Raises:
        TypeError: a field is unknown.
    """
    types = get_type_hints(config_class)
    return config_class(**{key: _from_json(types.get(key), value) for key, value in values.items()})


def _from_json(wanted: Any, value: Any) -> Any:
    if is_dataclass(wanted) and isinstance(value, dict):
        return read_config(cast(type, wanted), value)
    if isinstance(value, list):
        return tuple(_from_json(None, item) for item in value)
    return value


def save(
    module: nn.Module, path: Path, extra: Mapping[str, str] | None = None, dtype: torch.dtype = torch.float16
) -> None:
    """Write a network with its class name and sizes, whole or not at all.

    Normalisation statistics, and every tensor that ``dtype`` cannot hold, stay float32.

    Args:
        module: has its configuration, a dataclass, as ``module.config``.
        path: safetensors file to write.
        extra: more metadata.
        dtype: of the floating-point tensors in the file.
    """
    said = {**(extra or {}), "network": type(module).__name__, "config": json.dumps(asdict(cast(Any, module).config))}
    tensors = {key: _narrow(key, value, dtype) for key, value in module.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as fresh:
        save_file(tensors, fresh, metadata=said)
        fresh.chmod(0o644)  # the library writes for its own user only


def _narrow(key: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    value = value.detach().cpu()
    if value.is_floating_point():
        value = value.float()
        statistic = key.endswith(("running_mean", "running_var"))
        if not statistic and (value.numel() == 0 or bool(value.abs().max() <= torch.finfo(dtype).max)):
            value = value.to(dtype)
    return value.clone(memory_format=torch.contiguous_format)  # safetensors refuses tensors that share memory
