"""How close pictures come to what they should be, pixel by pixel and window by window.

Ours, because the published figures are: torchmetrics' and scikit-image's windows of SSIM are 11 px wide instead of 9,
which gives up to 0.003 more.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from trainers.data import augment


def peak_signal_to_noise(images: Float[Tensor, "b 3 s s"], truth: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b"]:
    """PSNR of each image in dB, pixels in [0, 1]."""
    return -10 * (images - truth).square().mean((1, 2, 3)).clamp(min=1e-10).log10()


def structural_similarity(images: Float[Tensor, "b 3 s s"], truth: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b"]:
    """SSIM of each image, at most 1; Gaussian window of 1.5 px, mean over pixels and colours.

    Source: Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004, eq. 13.
    """
    sigma = torch.full((len(images),), 1.5, device=images.device)

    def mean(x: Tensor) -> Tensor:
        return augment.gaussian_blur(x, sigma)

    mu, nu = mean(images), mean(truth)
    variance, other = mean(images * images) - mu * mu, mean(truth * truth) - nu * nu
    covariance = mean(images * truth) - mu * nu
    c1, c2 = 0.01**2, 0.03**2
    found = (2 * mu * nu + c1) * (2 * covariance + c2) / ((mu**2 + nu**2 + c1) * (variance + other + c2))
    return found.mean((1, 2, 3))
