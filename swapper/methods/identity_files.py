"""Finding and opening the identity network that the weights of a swapping network need."""

import shlex
from pathlib import Path

from torch import nn

from swapper import hub
from swapper.registry.pipelines import IdentityNeeds
from swapper.types import UserError


def load_identity(needs: IdentityNeeds, beside: Path | None) -> nn.Module:
    """The identity network: of the manifest where it lists the name, else beside the swapping one or the user's own.

    Args:
        needs: what the swapping network was trained with.
        beside: the swapping network's file; None where it has none.

    Raises:
        UserError: it is missing, or it is another network.
    """
    path = identity_path(needs, beside)
    said = hub.read_metadata(path)
    if said.get("network") != needs.network:
        raise UserError(
            f"{path}: it contains {said.get('network', 'no named network')}, but the swapping network was trained with "
            f"{needs.network}. Make the right one with: {needs.made_by}"
        )
    network = hub.load_path(getattr(hub, needs.network), path)
    blocks = tuple(getattr(network.config, "blocks", ()))
    if needs.blocks and blocks != needs.blocks:
        raise UserError(
            f"{path}: its network has stages of {blocks} blocks, but the swapping network was trained with one of "
            f"{needs.blocks}. Make the right one with: {needs.made_by}"
        )
    return network


def identity_path(needs: IdentityNeeds, beside: Path | None) -> Path:
    """Where the identity network's file is.

    Args:
        needs: what the swapping network was trained with.
        beside: the swapping network's file, or a link to it; None where it has none.

    Raises:
        UserError: it is nowhere.
    """
    if any(row.name == needs.weights for row in hub.entries()):
        return hub.resolve(needs.weights)
    file = f"{needs.weights}.safetensors"
    for folder in () if beside is None else (beside.parent, beside.resolve().parent):
        if (folder / file).is_file():
            return folder / file
    found = hub.find(needs.weights)
    if found is None:
        folder = beside.parent if beside is not None else hub.own_folder() or hub.shipped_folder()
        raise UserError(
            f"Identity network '{needs.weights}': {file} is neither beside the weights nor in the folder given by "
            f"SWAPPER_WEIGHTS. Make it with: {command_for(needs, folder)}"
        )
    return found


def command_for(needs: IdentityNeeds, folder: Path) -> str:
    """The command that makes an identity network's file where it is looked for.

    Args:
        needs: what the swapping network was trained with.
        folder: where the swapping network's file lies.
    """
    file = f"{needs.weights}.safetensors"
    return needs.made_by.replace(f"-o {file}", f"-o {shlex.quote(str(folder / file))}")
