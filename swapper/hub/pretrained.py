"""Networks in repositories of their own: a folder or a repository on the Hub with ``config.json`` and weights.

``swapper.models.pretrained`` gives every network the methods that end here.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

import torch
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import (
    HFValidationError,
    HTTPError,  # pyright: ignore[reportPrivateImportUsage] (its home moved between versions of the client)
)
from safetensors import SafetensorError
from safetensors.torch import load_model
from torch import nn

from swapper import registry
from swapper.errors import UserError
from swapper.hub.files import fetch, find, resolve, verify
from swapper.hub.manifest import WeightEntry, entries, file_sha256
from swapper.hub.networks import load_path, read_config, save
from swapper.registry import Listing
from swapper.runtime.whole_file import whole_file

M = TypeVar("M", bound=nn.Module)

CONFIG, WEIGHTS, CARD = constants.CONFIG_NAME, constants.SAFETENSORS_SINGLE_FILE, "README.md"
_SHA256 = re.compile("[0-9a-f]{64}")

PRETRAINED: Mapping[str, Any] = Listing(
    registry.SYSTEMS, lambda system: [(info.class_name, info.network) for info in system.networks]
)
"""Every network by its class's name; ``PRETRAINED["AEINet"].from_pretrained(folder)``, or a repository's name."""


def load_pretrained(
    cls: type[M], name: str | Path, revision: str | None = None, map_location: str = "cpu", **access: Any
) -> M:
    """Build a network; see ``Pretrained.from_pretrained``.

    Args:
        cls: the network's class.
        name: a folder, a repository, or weights of the manifest.
        revision: of a repository.
        map_location: device.
        access: how a repository is asked, see ``files.fetch``.
    """
    if Path(name).is_dir():
        folder = Path(name)
        network = _read(cls, folder / CONFIG, folder / WEIGHTS, _entry(str(name), None))
    elif find(str(name)) or any(row.name == name for row in entries()):
        network = load_path(cls, resolve(str(name))).requires_grad_(True)
    else:
        row = _entry(str(name), revision)
        config = fetch(replace(row, file=CONFIG), **access)
        row = replace(row, revision=config.parent.name)  # the commit, so that both files are of the same one
        network = _read(cls, config, fetch(row, **access), row)
    return network.to(map_location).eval()


def _entry(name: str, revision: str | None) -> WeightEntry:
    """The weights of a repository, as a row of a manifest."""
    return WeightEntry(
        name, WEIGHTS, None, None, repo_id=name, revision=revision or constants.DEFAULT_REVISION, licence=""
    )


def _read(cls: type[M], config: Path, weights: Path, row: WeightEntry) -> M:
    """Build a network from the two files of its repository."""
    for path in (config, weights):
        if not path.is_file():
            raise UserError(f"Network '{row.name}': {path.name} is missing. Give a folder that save_pretrained wrote.")
    try:
        said = json.loads(config.read_text(encoding="utf-8"))
        holds, sizes, crops, stated = said["network"], said["sizes"], said.get("crops") or {}, said.get("sha256")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"Network '{row.name}': {CONFIG} is not one of ours ({error!r}). Give another name.") from error
    if holds != cls.__name__:
        raise UserError(f"Network '{row.name}': it contains {holds}, not {cls.__name__}. Use {holds}.from_pretrained.")
    blob = weights.resolve().name  # the Hub's client names large files in its cache by their SHA-256
    for sha256 in (stated, blob if _SHA256.fullmatch(blob) else None):
        verify(replace(row, sha256=sha256), weights)
    try:
        network = cls(read_config(cast(Any, cls).Config, sizes))
        load_model(network, weights)
    except (TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise UserError(
            f"Network '{row.name}': it does not fit this version's {cls.__name__} ({error}). Use the revision that "
            "belongs to this version."
        ) from error
    cast(Any, network).crops = dict(crops)
    return network


def save_pretrained(
    network: nn.Module, folder: str | Path, crops: Mapping[str, str] | None = None, repo_id: str = ""
) -> None:
    """Write a network's repository; see ``Pretrained.save_pretrained``.

    Args:
        network: one of ours.
        folder: made when missing.
        crops: ``template`` and ``size`` of the faces it takes; those it has when None.
        repo_id: what the card calls the repository.
    """
    folder, given = Path(folder), cast(Any, network)
    crops = dict(given.crops if crops is None else crops)
    save(network, folder / WEIGHTS, crops, dtype=torch.float32)
    said = {
        "network": type(network).__name__,
        "sizes": asdict(given.config),
        "crops": crops,
        "sha256": file_sha256(folder / WEIGHTS),
    }
    with whole_file(folder / CONFIG) as fresh:
        fresh.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    if not (folder / CARD).exists():
        heading = f"---\nlibrary_name: swapper\ntags: [face-swapping]\n---\n# {type(network).__name__}\n"
        with whole_file(folder / CARD) as fresh:
            fresh.write_text(heading + usage_text(network, repo_id or str(folder)), encoding="utf-8")


def usage_text(network: nn.Module, name: str) -> str:
    """The part of a repository's card that says how to load it.

    Args:
        network: in it.
        name: of the repository.
    """
    kind = type(network)
    return f"""
## Load it
```python
from {kind.__module__} import {kind.__name__}

network = {kind.__name__}.from_pretrained("{name}")
print(network.crops)  # alignment and size of the faces it takes
```
"""


def push_to_hub(
    network: nn.Module,
    repo_id: str,
    commit_message: str,
    private: bool | None,
    token: str | None,
    branch: str | None,
    create_pr: bool | None,
) -> str:
    """Upload a network's repository; see ``Pretrained.push_to_hub``."""
    api = HfApi(token=token)
    try:
        repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
        with TemporaryDirectory() as folder:
            save_pretrained(network, folder, repo_id=repo_id)
            return api.upload_folder(
                repo_id=repo_id,
                folder_path=folder,
                commit_message=commit_message,
                revision=branch,
                create_pr=create_pr,
            )
    except (OSError, HTTPError, HFValidationError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"Repository '{repo_id}': the Hub rejects it ({why}). Check its name and HF_TOKEN.") from error
