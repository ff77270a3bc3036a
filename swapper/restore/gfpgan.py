"""GFPGAN 1.4: sharpens faces with the generator's knowledge of faces; runs from whichever of its files is at hand."""

from importlib import import_module
from importlib.util import find_spec

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from swapper import hub
from swapper.faces.align import Placement
from swapper.models.gfpgan import GFPGANv1Clean
from swapper.registry import RESTORERS
from swapper.restore.aligned import RestorationNetwork, restore_aligned
from swapper.restore.onnx_hub import onnx_network
from swapper.types import UserError

CONVERTED_WEIGHTS, ONNX_WEIGHTS = RESTORERS["gfpgan"].weights
PACKAGE_WEIGHTS = "https://github.com/TencentARC/GFPGAN/releases/download/v1.3.0/GFPGANv1.4.pth"


class GFPGANRestorer:
    """Restores faces at 512 px.

    Attributes:
        size: side at which the network works, in pixels.
        strength: share of its change that is made.
    """

    def __init__(
        self, device: torch.device, network: RestorationNetwork | None = None, size: int = 512, strength: float = 0.8
    ) -> None:
        """Find a GFPGAN that runs here.

        The user's own converted weights (``python -m swapper weights convert gfpgan``) come first, then the ONNX file
        from the Hub, then the ``gfpgan`` package.

        Args:
            device: where it runs.
            network: restores a batch, RGB in [0, 1], ``ffhq`` template, ``size`` pixels; found here when None.
            size: side at which the network works.
            strength: share of its change that is made, in [0, 1]; the whole of it makes everybody a little more alike.

        Raises:
            UserError: none of the three is there.
        """
        self.device, self.size, self.strength = device, size, strength
        self._network = network or find_network(device, size)

    @torch.inference_mode()
    def restore(self, faces: Float[Tensor, "b 3 s s"], template: Placement) -> Float[Tensor, "b 3 s s"]:
        """Restore a batch of face crops, at the size they came in.

        Args:
            faces: RGB in [0, 1].
            template: alignment of the crops: key of ``faces.align.TEMPLATES``, or where the face lies in them.
        """
        return restore_aligned(faces.to(self.device), template, self._network, self.size, self.strength)


def find_network(device: torch.device, size: int) -> RestorationNetwork:
    """Open the first GFPGAN there is; see ``GFPGANRestorer``.

    Args:
        device: where it runs.
        size: side of the faces that the ONNX file takes, pixels.

    Raises:
        UserError: there is none.
    """
    if hub.find(CONVERTED_WEIGHTS):
        network = hub.load(GFPGANv1Clean, CONVERTED_WEIGHTS).to(device)
        return lambda faces: network(faces).image
    try:
        return onnx_network(hub.resolve(ONNX_WEIGHTS), device, size)
    except UserError as missing:
        if find_spec("gfpgan") is None:
            raise
        return _package_network(device, missing)


def _package_network(device: torch.device, missing: UserError) -> RestorationNetwork:
    """Use the original package, which a user may have installed; it fetches its own weights.

    Args:
        device: where it runs.
        missing: what there is to say about the ONNX file, which would have come first.
    """
    try:
        package = import_module("gfpgan")
        restorer = package.GFPGANer(PACKAGE_WEIGHTS, upscale=1, arch="clean", channel_multiplier=2, device=device)
    except (ImportError, OSError) as error:
        raise UserError(f"{missing} The installed gfpgan package cannot be used either ({error}).") from error

    def restore(faces: Tensor) -> Tensor:
        images = (faces.flip(1).permute(0, 2, 3, 1) * 255).round().byte().cpu().numpy()  # BGR
        restored = [restorer.enhance(np.ascontiguousarray(image), has_aligned=True)[1][0] for image in images]
        return torch.from_numpy(np.stack(restored)).to(faces).permute(0, 3, 1, 2).flip(1) / 255

    return restore
