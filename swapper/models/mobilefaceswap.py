"""MobileFaceSwap: a network that writes the weights of a small swapping network for each source person.

Source: MobileFaceSwap (AAAI 2022). Where the paper and the authors' code differ, this follows the code: the modulation
multiplies by 1 + s and has one linear layer; depthwise kernels are predicted from the identity network's feature map,
while the modulation reads its unit-length embedding.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.arcface import IdentityFeatures
from swapper.models.idn import (
    IdentityAwareDynamicNetwork,
    IdentityAwareDynamicNetworkConfig,
    IdentityWeights,
    ImageHead,
    LayerWeights,
    SemanticFusionModule,
    SwappedFaces,
    draw_swap,
    separable_conv,
)
from swapper.models.pretrained import Pretrained

_SLOPE = 0.1


@dataclass(frozen=True)
class IdentityInjectionNetworkConfig:
    """Sizes of ``IdentityInjectionNetwork``."""

    idn: IdentityAwareDynamicNetworkConfig = field(default_factory=IdentityAwareDynamicNetworkConfig)  # written for
    feature_map: int = 512  # channels of the identity network's 7x7 map
    embedding: int = 512  # length of its embedding
    stem: int = 512  # channels of the two maps the predictions start from
    encoder: tuple[int, ...] = (3, 32, 64, 128, 256)  # channels of the prediction of each encoder layer's kernels
    decoder: tuple[int, ...] = (512, 512, 256, 128)  # channels of the prediction of each decoder layer's kernels
    identity_length: float = 1.0  # that the embedding is brought to; more lets the modulation learn faster

    def __post_init__(self) -> None:
        if len(self.encoder) != len(self.idn.encoder) or len(self.decoder) != len(self.idn.decoder):
            raise ValueError("every layer of the dynamic network needs one width of its prediction")

    @classmethod
    def paper(cls) -> "IdentityInjectionNetworkConfig":
        """Return the published widths."""
        return cls()

    @classmethod
    def lite(cls) -> "IdentityInjectionNetworkConfig":
        """Return narrow predictions for the dynamic network of the published size."""
        return cls(stem=64, encoder=(64,) * 5, decoder=(64,) * 4, identity_length=8.0)


class WeightPrediction(nn.Module):
    """Predict a layer's depthwise kernels (F_p): the map's pixels become the kernel's taps.

    Source: MobileFaceSwap, section 3.1, weights prediction.
    """

    def __init__(self, channels: int, width: int, kernels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.head = nn.Conv2d(width, kernels, 3, padding=1)

    def forward(self, features: Float[Tensor, "b c k k"]) -> tuple[Float[Tensor, "b w k k"], Float[Tensor, "b i k k"]]:
        """Return the features for the next layer's prediction, and this layer's kernels."""
        features = F.leaky_relu(self.norm(self.conv(features)), _SLOPE)
        return features, self.head(features)


class WeightModulation(nn.Module):
    """Scale a shared 1x1 convolution by the identity, then bring its rows back to unit length (F_m).

    Source: MobileFaceSwap, section 3.1, weights modulation; 1 + s and one linear layer as in the official code.
    """

    def __init__(self, embedding: int, channels: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(out, channels)))
        self.style = nn.Linear(embedding, channels)

    def forward(self, embedding: Float[Tensor, "b d"]) -> Float[Tensor, "b o i"]:
        """Modulate.

        Args:
            embedding: identity vectors, all of one length.
        """
        weight = self.weight * (1 + self.style(embedding))[:, None]
        return weight * (weight.square().sum(2, keepdim=True) + 1e-16).rsqrt()


class IdentityInjectionModule(nn.Module):
    """Predict the weights of one layer of the dynamic network (IIM)."""

    def __init__(self, prediction: WeightPrediction, modulation: WeightModulation) -> None:
        super().__init__()
        self.prediction = prediction
        self.modulation = modulation

    def forward(
        self, features: Float[Tensor, "b c k k"], embedding: Float[Tensor, "b d"]
    ) -> tuple[Float[Tensor, "b w k k"], LayerWeights]:
        """Return the features for the next module, and this layer's weights."""
        features, depthwise = self.prediction(features)
        return features, LayerWeights(depthwise, self.modulation(embedding))


class IdentityInjectionNetwork(nn.Module, Pretrained):
    """Turn who somebody is into the weights of a swapping network (IIN); runs once per source person.

    The encoder's modules are a chain from the last layer to the first, the decoder's from the first to the last.

    Source: MobileFaceSwap, section 3.1; layers as in the official code.
    """

    Config = IdentityInjectionNetworkConfig

    def __init__(self, config: IdentityInjectionNetworkConfig) -> None:
        super().__init__()
        self.config = config
        idn = config.idn
        self.encoder_stem = _stem(config.feature_map, config.stem, 4)
        self.decoder_stem = _stem(config.stem, config.stem, 2)
        deepest_first = _chain(config, idn.encoder_inputs[::-1], idn.encoder[::-1], config.encoder[::-1])
        self.encoder = nn.ModuleList(deepest_first[::-1])
        self.decoder = nn.ModuleList(_chain(config, idn.decoder_inputs, idn.decoder, config.decoder))

    def forward(self, source: IdentityFeatures) -> IdentityWeights:
        """Predict the weights for a batch of source persons.

        Args:
            source: of an ArcFace network; the embedding is brought to its length here.
        """
        embedding = F.normalize(source.embedding) * self.config.identity_length
        start = self.encoder_stem(source.feature_map)  # 4x4
        encoder = _predict(list(self.encoder)[::-1], start, embedding)
        decoder = _predict(self.decoder, self.decoder_stem(start), embedding)  # 3x3
        return IdentityWeights(encoder[::-1], decoder)


class MobileFaceSwap(nn.Module, Pretrained):
    """All that is trained: the IIN, and the two parts of the IDN that are the same for everybody.

    The state dict is what the official checkpoint holds.

    Source: MobileFaceSwap, section 3.
    """

    Config = IdentityInjectionNetworkConfig
    colour_range = "-1..1"

    def __init__(self, config: IdentityInjectionNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.iin = IdentityInjectionNetwork(config)
        self.final = ImageHead(config.idn.decoder[-1], config.idn.final)
        self.mask = SemanticFusionModule(config.idn.encoder[-1], config.idn.mask)

    def forward(self, source: IdentityFeatures, faces: Float[Tensor, "b 3 s s"]) -> SwappedFaces:
        """Swap a different person onto every face of a batch; the form to train.

        Args:
            source: one person per face.
            faces: targets, RGB in [0, 1], side a multiple of 32.
        """
        weights = self.iin(source)
        encoder = [partial(separable_conv, weights=layer, stride=2) for layer in weights.encoder]
        decoder = [partial(separable_conv, weights=layer, stride=1) for layer in weights.decoder]
        faces = faces.contiguous(memory_format=torch.channels_last)  # upsampling is 10 to 30 times faster on a CPU
        return draw_swap(faces, encoder, decoder, self.final, self.mask)

    @torch.no_grad()
    def inject(self, source: IdentityFeatures) -> IdentityAwareDynamicNetwork:
        """Make the plain network of one person, frozen and in evaluation mode.

        Args:
            source: one person (batch 1).

        Raises:
            ValueError: several persons.
        """
        if len(source.embedding) != 1:
            raise ValueError(f"one person gives one network, not {len(source.embedding)}")
        weights = self.iin(source)
        with torch.device("meta"):
            network = IdentityAwareDynamicNetwork(self.config.idn)
        like = next(self.parameters())
        empty = {name: like.new_empty(value.shape) for name, value in network.state_dict().items()}
        network.load_state_dict(empty, assign=True)  # to_empty does the same, and loads a second's worth of modules
        network.inject(weights)
        network.final, network.mask = deepcopy(self.final), deepcopy(self.mask)
        return network.eval().requires_grad_(False)


def _stem(channels: int, width: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, kernel), nn.BatchNorm2d(width), nn.LeakyReLU(_SLOPE))


def _chain(
    config: IdentityInjectionNetworkConfig, inputs: Sequence[int], outs: Sequence[int], widths: Sequence[int]
) -> list[nn.Module]:
    """Build the modules of layers with these channels in the order in which features pass through them."""
    modules: list[nn.Module] = []
    channels = config.stem
    for layer_in, layer_out, width in zip(inputs, outs, widths, strict=True):
        prediction = WeightPrediction(channels, width, layer_in)
        modules.append(IdentityInjectionModule(prediction, WeightModulation(config.embedding, layer_in, layer_out)))
        channels = width
    return modules


def _predict(modules: Iterable[nn.Module], features: Tensor, embedding: Tensor) -> list[LayerWeights]:
    layers: list[LayerWeights] = []
    for module in modules:
        features, layer = module(features, embedding)
        layers.append(layer)
    return layers
