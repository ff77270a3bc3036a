"""GFPGAN 1.4: sharpens faces with the generator's knowledge of faces; runs from whichever of its files is at hand."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32
from torch import Tensor

from swapper import hub
from swapper.faces.align import affine_scale, invert_affine, template_to_template
from swapper.models.gfpgan import GFPGANv1Clean
from swapper.onnx_session import open_session
from swapper.types import UserError

ONNX_WEIGHTS, CONVERTED_WEIGHTS = "gfpgan_1.4", "gfpgan"
PACKAGE_WEIGHTS = "https://github.com/TencentARC/GFPGAN/releases/download/v1.3.0/GFPGANv1.4.pth"

Engine = Callable[[Tensor], Tensor]


class GFPGANRestorer:
    """Restores faces at 512 px.

    Attributes:
        size: side at which the network works, in pixels.
    """

    def __init__(self, device: torch.device, engine: Engine | None = None, size: int = 512) -> None:
        """Find a GFPGAN that runs here.

        The user's own converted weights (``python -m swapper weights convert gfpgan``) come first, then the ONNX file
        from the Hub, then the ``gfpgan`` package.

        Args:
            device: where it runs.
            engine: restores a batch, RGB in [0, 1], ``ffhq`` template, ``size`` pixels; found here when None.
            size: side at which the engine works.

        Raises:
            UserError: none of the three is there.
        """
        self.device, self.size = device, size
        self._engine = engine or find_engine(device)

    @torch.inference_mode()
    def restore(self, faces: Float[Tensor, "b 3 s s"], template: str) -> Float[Tensor, "b 3 s s"]:
        """Restore a batch of face crops, at the size they came in.

        What lies outside GFPGAN's crop stays as it was.

        Args:
            faces: RGB in [0, 1].
            template: alignment of the crops, key of ``faces.align.TEMPLATES``.
        """
        matrix = template_to_template(template, faces.shape[-1], "ffhq", self.size)
        restored = self._engine(warp_batch(faces.to(self.device), matrix, self.size)).clamp(0, 1)
        inside = torch.ones_like(restored[:, :1])
        back = invert_affine(matrix)
        share = warp_batch(inside, back, faces.shape[-1], padding="zeros").to(faces)
        return share * warp_batch(restored, back, faces.shape[-1]).to(faces) + (1 - share) * faces


def warp_batch(
    faces: Float[Tensor, "b c s s"], matrix: Float32[np.ndarray, "2 3"], size: int, padding: str = "reflection"
) -> Float[Tensor, "b c t t"]:
    """Move crops by one affine map, bilinearly.

    Args:
        faces: any channels.
        matrix: their pixels to the result's pixels.
        size: side of the result.
        padding: what lies outside, as in ``grid_sample``.
    """
    old = faces.shape[-1]
    if affine_scale(matrix) < 0.6:  # average before thinning out
        factor = int(1 / affine_scale(matrix) + 0.5)
        if old % factor == 0:
            faces, old = F.avg_pool2d(faces, factor), old // factor
            shrink = np.diag(
                [factor, factor, 1.0]
            )  # small pixels to the crop's, whose centres lie (factor - 1) / 2 off
            shrink[:2, 2] = (factor - 1) / 2
            matrix = (matrix @ shrink).astype(np.float32)
    back = invert_affine(matrix)
    centre = torch.tensor([(size - 1) / 2, (size - 1) / 2])
    linear = torch.from_numpy(back[:, :2].copy())
    shift = linear @ centre + torch.from_numpy(back[:, 2].copy()) - (old - 1) / 2
    theta = torch.cat([linear * size / old, shift[:, None] * 2 / old], dim=1).to(faces)
    grid = F.affine_grid(theta.expand(len(faces), 2, 3), [len(faces), 1, size, size], align_corners=False)
    return F.grid_sample(faces, grid, mode="bilinear", padding_mode=padding, align_corners=False)


def find_engine(device: torch.device) -> Engine:
    """Open the first GFPGAN there is; see ``GFPGANRestorer``.

    Raises:
        UserError: there is none.
    """
    own = hub.own_folder()
    if own is not None and (own / f"{CONVERTED_WEIGHTS}.safetensors").is_file():
        network = hub.load_path(GFPGANv1Clean, own / f"{CONVERTED_WEIGHTS}.safetensors").to(device)
        return lambda faces: network(faces).image
    try:
        return _onnx_engine(device)
    except UserError:
        if find_spec("gfpgan") is None:
            raise
        return _package_engine(device)


def _onnx_engine(device: torch.device) -> Engine:
    session = open_session(hub.resolve(ONNX_WEIGHTS), device)
    name = session.get_inputs()[0].name

    def restore(faces: Tensor) -> Tensor:
        pixels = (faces * 2 - 1).float().cpu().numpy()
        restored = [np.asarray(session.run(None, {name: face[None]})[0]) for face in pixels]  # one face a run
        return torch.from_numpy(np.concatenate(restored)).to(faces) * 0.5 + 0.5

    return restore


def _package_engine(device: torch.device) -> Engine:
    """Use the original package, which a user may have installed; it fetches its own weights."""
    package = import_module("gfpgan")
    restorer = package.GFPGANer(PACKAGE_WEIGHTS, upscale=1, arch="clean", channel_multiplier=2, device=device)

    def restore(faces: Tensor) -> Tensor:
        images = (faces.permute(0, 2, 3, 1) * 255).round().byte().cpu().numpy()
        restored = [restorer.enhance(image[:, :, ::-1], has_aligned=True)[1][0][:, :, ::-1] for image in images]
        return torch.from_numpy(np.stack(restored)).to(faces).permute(0, 3, 1, 2) / 255

    return restore
