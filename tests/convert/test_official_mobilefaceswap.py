"""The converted MobileFaceSwap against its published description, written down once more."""

from pathlib import Path

import torch
import torch.nn.functional as F
from official_keys import small_checkpoint, write_checkpoint
from torch import Tensor

from swapper.convert import read_official
from swapper.convert.paddle import read_paddle
from swapper.models.arcface import IdentityFeatures
from swapper.models.mobilefaceswap import MobileFaceSwap


def batch_norm(state: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    values = (state[f"{name}.{key}"] for key in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, *values)


def official_mobilefaceswap(state: dict[str, Tensor], z: Tensor, features: Tensor, target: Tensor) -> Tensor:
    """MobileFaceSwap written down once more, from the published description and on the official names."""

    def conv(name: str, x: Tensor, **options: int) -> Tensor:
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], **options)

    def activated(x: Tensor) -> Tensor:
        return F.leaky_relu(x, 0.1)

    def up(x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)

    def kernels(chain: str, x: Tensor, count: int) -> list[Tensor]:
        found = []
        for n in range(count):
            name = f"predictor.{chain}.{n}"
            x = activated(batch_norm(state, f"{name}.norm", conv(f"{name}.conv", x, padding=1)))
            found.append(conv(f"{name}.weight", x, padding=1).transpose(0, 1))
        return found

    def pointwise(name: str) -> Tensor:
        weight = (
            state[f"{name}.weight"]
            * (1 + F.linear(z, state[f"{name}.style.weight"], state[f"{name}.style.bias"]))[0, None, :, None, None]
        )
        return weight / torch.sqrt(weight.square().sum(1, keepdim=True) + 1e-16)

    stem = activated(batch_norm(state, "predictor.norm", conv("predictor.first", features)))
    encoder = kernels("encoder", stem, 5)[::-1]
    decoder = kernels(
        "decoder", activated(batch_norm(state, "predictor.decoder_norm", conv("predictor.first_decoder", stem))), 4
    )
    x, maps = (target - 0.5) / 0.5, []
    for n, kernel in enumerate(encoder):
        x = F.conv2d(x, kernel, stride=2, padding=1, groups=len(kernel))
        x = activated(F.conv2d(x, pointwise(f"EncoderModulation.{n}")))
        maps.append(x)
    m = x
    for n, kernel in enumerate(decoder):
        x = F.conv2d(up(x), kernel, padding=1, groups=len(kernel))
        x = activated(F.conv2d(x, pointwise(f"DecoderModulation.{n}")))
        x = torch.cat([x, maps[3 - n]], 1) if n < 3 else x
    x = activated(batch_norm(state, "final.2", conv("final.1", up(x))))
    x = activated(batch_norm(state, "final.5", conv("final.4", x, padding=1)))
    drawn = (torch.tanh(conv("final.7", x, padding=1)) + 1) / 2
    for n in range(5):
        m = conv(f"mask.{n}.1", up(m), padding=1, groups=m.shape[1])
        m = activated(batch_norm(state, f"mask.{n}.3", conv(f"mask.{n}.2", m)))
    mask = torch.sigmoid(conv("mask.5", m, padding=1))
    return mask * drawn + (1 - mask) * target


def test_converted_mobilefaceswap_computes_what_the_official_one_does(tmp_path: Path) -> None:
    _, arrays = small_checkpoint("mobilefaceswap", tmp_path)
    arrays["mask.5.weight"] *= 0.01  # random masks are all or nothing
    path = write_checkpoint("mobilefaceswap", arrays, tmp_path)
    network = read_official("mobilefaceswap", path)
    assert isinstance(network, MobileFaceSwap)
    generator = torch.Generator().manual_seed(0)
    z, features = torch.randn(1, 64, generator=generator), torch.randn(1, 64, 7, 7, generator=generator)
    target = torch.rand(1, 3, 64, 64, generator=generator)
    wanted = official_mobilefaceswap(read_paddle(path), F.normalize(z), features, target)
    found = network(IdentityFeatures(z, features), target).face
    assert (wanted - target).abs().mean() > 0.01
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)
