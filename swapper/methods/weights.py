"""Opening a method's weights: the network, how faces are cut for it, and the network that measures the source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper import hub
from swapper.faces.align import TEMPLATES
from swapper.faces.fitting import cut_again
from swapper.methods.identity_files import identity_path, load_identity
from swapper.registry import METHODS, SYSTEMS
from swapper.registry.pipeline_reading import read_pipeline
from swapper.registry.pipelines import KEY, PUBLISHED, TRAINED, IdentityNeeds, SwapPipeline
from swapper.runtime.there import is_file, is_folder
from swapper.types import Crop, UserError


@dataclass(frozen=True)
class OpenedWeights:
    """What a method runs.

    Attributes:
        network: that draws.
        pipeline: what it needs.
        path: its file; None of a network that was made by the caller.
        own: name of the file where it is one of the user's.
    """

    network: Any
    pipeline: SwapPipeline
    path: Path | None = None
    own: str = ""

    @property
    def space(self) -> str:
        """What its identities are measured with: the identity network, or the file of a network that does it itself."""
        if self.pipeline.identity is not None:
            return self.pipeline.identity.weights
        return "" if self.path is None else str(self.path) if self.own else self.path.stem


def find_weights(weights: str | Path) -> Path:
    """A weights file of the user's.

    Args:
        weights: its path, or the name of a file in ``$SWAPPER_WEIGHTS`` or of the manifest.

    Raises:
        UserError: there is none.
    """
    path = Path(weights).expanduser()
    if is_file(path):
        return path
    if is_folder(path):
        raise UserError(f"Weights '{weights}': this is a folder. Give the file in it.")
    if str(weights).startswith(("http:/", "https:/")):
        raise UserError(f"Weights '{weights}': this is an address. Download the file, and give its path.")
    if path.suffix or path.name != str(weights):
        raise UserError(f"Weights '{weights}': file not found. Check the path.")
    return hub.resolve(str(weights))


def weights_system(path: Path) -> str:
    """Name of the method that a weights file is for.

    Args:
        path: the file.

    Raises:
        UserError: it is no file of weights, or of no method.
    """
    said = hub.read_metadata(path)
    for system, network in _networks().items():
        if said.get("network") == network.__name__:
            return system
    holds = f"contains {said['network']}, which does not swap faces" if "network" in said else "does not say what it is"
    raise UserError(
        f"{path}: {holds}. Give a file that 'python -m swapper weights convert' made for {', '.join(_networks())}."
    )


def own_swappers() -> list[str]:
    """The files in ``$SWAPPER_WEIGHTS`` that say what a swap with them needs, each as ``METHOD@WEIGHTS``."""
    folder, listed = hub.own_folder(), {row.file_name for row in hub.entries()}
    found = []
    for path in sorted(folder.glob("*.safetensors")) if folder is not None else []:
        if path.name in listed:
            continue
        try:
            said, system = hub.read_metadata(path), weights_system(path)
            pipeline = read_pipeline(said, system, str(path), 0) if KEY in said else None
            if pipeline is not None and pipeline.identity is not None:
                identity_path(pipeline.identity, path)
        except UserError:
            continue  # of no method, or not complete: what is wrong is said where somebody asks for it by name
        if pipeline is not None:
            found.append(f"{system}@{path.stem}")
    return found


def _networks() -> dict[str, type[nn.Module]]:
    """The class of each system's swapping network."""
    return {name: info.network for name in TRAINED for info in SYSTEMS[name].networks if info.weights == f"{name}-lite"}


def open_weights(
    system: str,
    cls: type[nn.Module],
    weights: str | Path | None,
    network: nn.Module | None = None,
    identity: nn.Module | None = None,
    template: str | None = None,
    size: int | None = None,
) -> OpenedWeights:
    """Load a method's network, and what it needs, and check that they belong together.

    Args:
        system: name of the method.
        cls: class of its network.
        weights: file of the user's; the shipped one when None.
        network: use this one; its ``crops`` say what it needs, where they do.
        identity: identity network of the caller's, which then tells how a bare network is used.
        template: instead of what the file says.
        size: instead of what the file says.

    Raises:
        UserError: a file that is missing, of another method, or does not say what it needs.
    """
    if network is not None:
        return OpenedWeights(network, _of_network(system, network, identity).cut(template, size))
    path = hub.resolve(METHODS[system].weights[0]) if weights is None else find_weights(weights)
    said = hub.read_metadata(path)
    if weights is not None and said.get("network") != cls.__name__:
        other = weights_system(path)
        raise UserError(f"{path}: it contains weights of '{other}', not of '{system}'. Choose the method '{other}'.")
    loaded = hub.load_path(cls, path)
    pipeline = read_pipeline(said, system, str(path), _native_size(loaded)).cut(template, size)
    if KEY in said:
        _agree(pipeline, loaded, path)
    return OpenedWeights(loaded, pipeline, path, "" if weights is None else path.stem)


def _of_network(system: str, network: nn.Module, identity: nn.Module | None) -> SwapPipeline:
    """What a network needs that was made by the caller: as its file said, or as its system publishes it."""
    said = getattr(network, "crops", {})
    if said:
        return read_pipeline(said, system, type(network).__name__, _native_size(network))
    published = PUBLISHED[system]
    needs = published.identity
    if needs is not None and type(identity).__name__ != needs.network:
        needs = TRAINED[system].identity
    return replace(published.cut(size=_native_size(network)), identity=needs)


def _native_size(network: nn.Module) -> int:
    """Side of the crops that a network's configuration names, px."""
    config: Any = network.config
    return int(getattr(config, "size", 0) or getattr(getattr(config, "idn", None), "size", 256))


def _agree(pipeline: SwapPipeline, network: nn.Module, path: Path) -> None:
    """Refuse a file whose words and tensors differ."""
    computes = getattr(network, "colour_range", "own")
    if pipeline.range != computes:
        raise UserError(
            f"{path}: it says that its network computes with colours of {pipeline.range}, but they are {computes}. "
            "Convert the official checkpoint again."
        )
    for cut in (pipeline.alignment, pipeline.identity.alignment if pipeline.identity else pipeline.alignment):
        if cut.template not in TEMPLATES:
            raise UserError(f"{path}: its template '{cut.template}' is unknown here. Use another file.")


class SourceReader:
    """Measures who source photos show, as the swapping network was trained to be told."""

    def __init__(self, needs: IdentityNeeds, network: nn.Module, device: torch.device) -> None:
        """Use a network that is loaded.

        Args:
            needs: what it is given.
            network: the identity network.
            device: where it runs.
        """
        self.needs, self.network, self.device = needs, network.to(device).eval(), device

    @classmethod
    def open(
        cls, opened: OpenedWeights, length: int, device: torch.device, network: nn.Module | None = None
    ) -> "SourceReader":
        """The identity network that weights need.

        Args:
            opened: the weights.
            length: of the identity vector that the swapping network takes.
            device: where it runs.
            network: use this one.

        Raises:
            UserError: it is missing, or is another network than the weights were trained with.
        """
        needs = opened.pipeline.identity
        assert needs is not None, "this network measures sources itself"
        found = network or load_identity(needs, opened.path)
        embedding = getattr(getattr(found, "config", None), "embedding", length)
        if embedding != length:
            raise UserError(
                f"Identity network '{needs.weights}': its vectors have {embedding} numbers, and the swapping network "
                f"takes {length}. Give the one that the swapping network was trained with: {needs.made_by}"
            )
        computes = getattr(found, "colour_range", needs.range)
        if network is None and computes != needs.range:
            raise UserError(
                f"Identity network '{needs.weights}': it computes with colours of {computes}, and the weights say "
                f"{needs.range}. Convert the official checkpoint again."
            )
        return cls(needs, found, device)

    @torch.no_grad()
    def read(self, crops: Sequence[Crop]) -> Any:
        """What the network says of the photos.

        Args:
            crops: in the ``ffhq`` template.
        """
        return self.network(self.faces(crops))

    def vectors(self, crops: Sequence[Crop]) -> Float[Tensor, "b d"]:
        """The photos' identity vectors as the network gives them.

        Args:
            crops: in the ``ffhq`` template.
        """
        said = self.read(crops)
        return said if isinstance(said, Tensor) else said.embedding

    def faces(self, crops: Sequence[Crop]) -> Float[Tensor, "b 3 s s"]:
        """The photos as the network takes them, RGB in [0, 1].

        Args:
            crops: in the ``ffhq`` template.
        """
        pixels = np.stack([cut_again(crop, self.needs.alignment).image for crop in crops])
        faces = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2).float() / 255
        return shrunk(faces, self.needs.side, self.needs.shrink)


def shrunk(faces: Float[Tensor, "b 3 s s"], side: int, how: str) -> Float[Tensor, "b 3 t t"]:
    """Crops at the size an identity network takes.

    Args:
        faces: RGB.
        side: wanted, px.
        how: key of ``registry.pipelines.SHRINKS``.
    """
    if faces.shape[-1] == side:
        return faces
    if how == "nearest":
        return F.interpolate(faces, (side, side), mode="nearest")
    if how == "corners":
        return F.interpolate(faces, (side, side), mode="bilinear", align_corners=True)
    smaller = F.interpolate(faces, (side, side), mode="bilinear")
    return torch.floor(smaller * 255 + 0.5 + 1e-3) / 255  # a picture of bytes again, as OpenCV would leave it
