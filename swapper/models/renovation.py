"""Face renovation: an encoder that pools what matters, and a decoder steered at every side by the damaged picture."""

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from swapper.models.pretrained import Pretrained

_SLOPE = 0.2
_LOGIT_SCALE = 12.0  # largest logit of local importance-based pooling (HiFaceGAN's official code)


@dataclass(frozen=True)
class RenovationGeneratorConfig:
    """Sizes of ``RenovationGenerator``."""

    widths: tuple[int, ...] = (48, 96, 192, 384, 768, 768)  # channels at the full side, 1/2, 1/4, 1/8, 1/16, 1/32
    hidden: int = 128  # most channels between the picture and a normalisation's scale and shift
    kernel: int = 3  # of the convolutions that make scale and shift
    norm: str = "batch"  # before scale and shift: batch, or image (statistics of each picture alone)
    residual: bool = False  # the network draws the change of the picture instead of the picture
    size: int = 256  # side of the training crops in pixels; any multiple of the smallest map's share runs

    def __post_init__(self) -> None:
        if self.norm not in _NORMS:
            raise ValueError(f"norm must be one of {', '.join(_NORMS)}, not {self.norm}")

    @classmethod
    def paper(cls) -> "RenovationGeneratorConfig":
        """Return GHOST's face enhancement network."""
        return cls()

    @classmethod
    def lite(cls) -> "RenovationGeneratorConfig":
        """Return a network of about 1 GMAC that starts from the picture as it is."""
        return cls(widths=(8, 16, 32, 48, 96, 160), hidden=12, kernel=1, norm="image", residual=True)


class RenovationGenerator(nn.Module, Pretrained):
    """LIP-SPADE generator: restores a face without changing its size.

    Source: GHOST (IEEE Access 2022), super-resolution stage; HiFaceGAN (ACM MM 2020), sections 3.1 and 3.2. GHOST's
    code runs it in training mode, that is with the statistics of the batch at hand; ``norm="image"`` does that for one
    picture at a time. Parts of the official network that its output does not depend on are left out.
    """

    Config = RenovationGeneratorConfig

    OFFICIAL_KEYS: tuple[tuple[str, str], ...] = (
        (r"^lip_encoder\.model\.0\.weight$", r"stem.weight"),
        *(
            pair
            for i in range(5)
            for pair in (
                (rf"^lip_encoder\.model\.{4 * i + 3}\.logit\.(.+)$", rf"down.{i}.pool.logit.\1"),
                (rf"^lip_encoder\.model\.{4 * i + 4}\.(.+)$", rf"down.{i}.conv.\1"),
            )
        ),
        *(
            pair
            for official, ours in (
                ("head_0", "head"),
                *((f"G_middle_{i}", f"middle.{i}") for i in range(2)),
                *((rf"ups\.{i}", f"up.{i}") for i in range(4)),
            )
            for pair in (
                (rf"^{official}\.conv_(\w)\.bias$", rf"{ours}.conv_\1.bias"),
                (rf"^{official}\.conv_(\w)\.weight_orig$", rf"{ours}.conv_\1.parametrizations.weight.original"),
                (rf"^{official}\.conv_(\w)\.weight_([uv])$", rf"{ours}.conv_\1.parametrizations.weight.0._\2"),
                (rf"^{official}\.norm_(\w)\.param_free_norm\.(.+)$", rf"{ours}.norm_\1.norm.\2"),
                (rf"^{official}\.norm_(\w)\.mlp_shared\.0\.(.+)$", rf"{ours}.norm_\1.hidden.\2"),
                (rf"^{official}\.norm_(\w)\.mlp_(gamma|beta)\.weight$", rf"{ours}.norm_\1.\2.weight"),
            )
        ),
        (r"^to_rgbs\.3\.(.+)$", r"to_rgb.\1"),
    )
    OFFICIAL_IGNORED: tuple[str, ...] = (r"^fc\.", r"^to_rgbs\.[012]\.")  # never used

    def __init__(self, config: RenovationGeneratorConfig) -> None:
        super().__init__()
        self.config = config
        first, rising = config.widths[0], config.widths[-2::-1]
        self.stem = nn.Conv2d(3, first, 3, padding=1, bias=False)
        self.down = nn.ModuleList(_Down(i, o) for i, o in pairwise(config.widths))
        self.head = SPADEResBlock(config.widths[-1], config.widths[-1], config)
        self.middle = nn.ModuleList(
            (SPADEResBlock(config.widths[-1], rising[0], config), SPADEResBlock(rising[0], rising[0], config))
        )
        self.up = nn.ModuleList(SPADEResBlock(i, o, config) for i, o in pairwise(rising))
        self.to_rgb = nn.Conv2d(first, 3, 3, padding=1)
        if config.residual:
            nn.init.zeros_(self.to_rgb.weight)
            nn.init.zeros_(self.to_rgb.bias)  # pyright: ignore[reportArgumentType] (there is one)

    def forward(self, faces: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 3 s s"]:
        """Restore faces.

        Args:
            faces: RGB in [0, 1].

        Returns:
            RGB, about [0, 1], not clamped.
        """
        x = _normalise(self.stem(faces))
        for level in self.down:
            x = level(torch.relu(x))
        x = self.head(x, faces)
        x = self.middle[0](_double(x), faces)
        x = self.middle[1](x, faces)
        for block in self.up:
            x = block(_double(x), faces)
        drawn = torch.tanh(self.to_rgb(F.leaky_relu(x, _SLOPE)))
        return faces + drawn if self.config.residual else drawn


class PictureNorm(nn.GroupNorm):
    """Instance normalisation as groups of one channel: the same values, several times as fast on a CPU.

    Args:
        channels: of the map.
        affine: learn a scale and a shift per channel.
    """

    def __init__(self, channels: int, affine: bool) -> None:
        super().__init__(channels, channels, affine=affine)


class LIPPooling(nn.Module):
    """Half the side by weighted means; the weights say how important each pixel is (local importance-based pooling).

    Source: HiFaceGAN, section 3.2; LIP (ICCV 2019), section 3.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.logit = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), PictureNorm(channels, affine=True)
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c i j"]:
        """Pool a map."""
        # Counted down from the largest weight, which divides out: half precision could not hold e to the 12th.
        weight = torch.exp(_LOGIT_SCALE * (torch.sigmoid(self.logit(x).float()) - 1))
        pooled = F.avg_pool2d(x.float() * weight, 3, 2, 1) / F.avg_pool2d(weight, 3, 2, 1)
        return pooled.to(x.dtype)


class SPADE(nn.Module):
    """Spatially adaptive normalisation: scale and shift at each pixel come from the damaged picture.

    Source: HiFaceGAN, section 3.1; SPADE (CVPR 2019), equation 1, without the one that others add to the scale.
    """

    def __init__(self, channels: int, config: RenovationGeneratorConfig) -> None:
        super().__init__()
        inner, padding = min(channels, config.hidden), config.kernel // 2
        self.norm = _NORMS[config.norm](channels, affine=False)
        self.hidden = nn.Conv2d(3, inner, 3, padding=1)
        self.gamma = nn.Conv2d(inner, channels, config.kernel, padding=padding, bias=False)
        self.beta = nn.Conv2d(inner, channels, config.kernel, padding=padding, bias=False)

    def forward(self, x: Float[Tensor, "b c h w"], picture: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b c h w"]:
        """Normalise a map and steer it.

        Args:
            x: the map.
            picture: RGB in [0, 1].
        """
        hidden = self.hidden(F.interpolate(picture, size=x.shape[-2:], mode="nearest")).relu_()
        return torch.addcmul(self.beta(hidden), self.norm(x), self.gamma(hidden))


class SPADEResBlock(nn.Module):
    """Residual block with SPADE before its spectrally normalised convolutions.

    Source: HiFaceGAN, section 3.1; SPADE (CVPR 2019), appendix A.
    """

    def __init__(self, channels: int, out: int, config: RenovationGeneratorConfig) -> None:
        super().__init__()
        inner = min(channels, out)
        self.norm_0, self.norm_1 = SPADE(channels, config), SPADE(inner, config)
        self.conv_0 = spectral_norm(nn.Conv2d(channels, inner, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(inner, out, 3, padding=1))
        self.norm_s = None if channels == out else SPADE(channels, config)
        self.conv_s = None if channels == out else spectral_norm(nn.Conv2d(channels, out, 1, bias=False))

    def forward(self, x: Float[Tensor, "b c h w"], picture: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b d h w"]:
        """Pass a map on; arguments as for ``SPADE``."""
        # In place where nothing is lost: on a CPU most of the time goes into getting memory for new maps.
        y = self.conv_0(F.leaky_relu_(self.norm_0(x, picture), _SLOPE))
        y = self.conv_1(F.leaky_relu_(self.norm_1(y, picture), _SLOPE))
        if self.norm_s is not None and self.conv_s is not None:
            x = self.conv_s(self.norm_s(x, picture))
        return y.add_(x)


class _Down(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.pool = LIPPooling(channels)
        self.conv = nn.Conv2d(channels, out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return _normalise(self.conv(self.pool(x)))


_NORMS: dict[str, type[nn.BatchNorm2d] | type[PictureNorm]] = {"batch": nn.BatchNorm2d, "image": PictureNorm}


def _normalise(x: Tensor) -> Tensor:
    return F.group_norm(x, x.shape[1])


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
