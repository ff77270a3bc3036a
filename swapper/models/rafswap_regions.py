"""RAFSwap's two identity branches: region by region (FRA), and from the whole face (SFA)."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.stylegan2_layers import EqualLinear, ScaledLeakyReLU


class RegionAwareTokenizer(nn.Module):
    """RAT: one token per region of the source, the mean of its features (Phi) and a linear layer.

    A region that is not visible gives the linear layer's bias, as in the official code.

    Args:
        channels: of the feature maps.
        width: length of a token.

    Source: RAFSwap (CVPR 2022), section 3.2. Masks are resized to the nearest pixel as in the official code; the paper
    says bilinear.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, width)

    def forward(
        self, features: Float[Tensor, "b c h w"], masks: Float[Tensor, "b l s s"]
    ) -> Float[Tensor, "b l width"]:
        """Pool a feature map over regions.

        Args:
            features: of the source.
            masks: of the source's regions, 0 or 1.
        """
        masks = _resize(masks, features).flatten(2)  # b l n
        means = masks @ features.flatten(2).transpose(1, 2) / masks.sum(2, keepdim=True).clamp_min(1e-3)
        return self.linear(means)


class RegionAwareTransformerLayer(nn.Module):
    """Pre-norm self-attention and feed-forward layer.

    Args:
        width: length of a token.
        heads: of the attention.

    Source: RAFSwap (CVPR 2022), section 3.2.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.expand, self.reduce = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        for layer in (self.qkv, self.project, self.expand, self.reduce):
            nn.init.trunc_normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Float[Tensor, "b n width"]) -> Float[Tensor, "b n width"]:
        """Let every token see all others."""
        qkv = self.qkv(self.norm1(tokens)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])  # b heads n d
        tokens = tokens + self.project(attended.transpose(1, 2).flatten(2))
        return tokens + self.reduce(F.gelu(self.expand(self.norm2(tokens)), approximate="tanh"))


class RegionAwareTransformer(nn.Module):
    """Lets the tokens of all scales and regions interact.

    Args:
        width: length of a token.
        heads: of the attention.
        depth: layers.

    Source: RAFSwap (CVPR 2022), section 3.2.
    """

    def __init__(self, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(RegionAwareTransformerLayer(width, heads) for _ in range(depth))

    def forward(self, tokens: Float[Tensor, "b n width"]) -> Float[Tensor, "b n width"]:
        """Apply all layers."""
        for layer in self.layers:
            tokens = layer(tokens)
        return tokens


class RegionAwareProjector(nn.Module):
    """RAP: every target pixel inside a region asks the source's tokens what to look like.

    Args:
        width: channels of the maps and length of a token.

    Source: RAFSwap (CVPR 2022), section 3.2. Pixels in no region get nothing, as in the official code. The official
    code mixes up the images of a batch larger than one here; this does not.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        for layer in (self.query, self.key, self.value):
            nn.init.xavier_normal_(layer.weight)

    def forward(
        self,
        features: Float[Tensor, "b c h w"],
        masks: Float[Tensor, "b l s s"],
        tokens: Float[Tensor, "b l c"],
    ) -> Float[Tensor, "b c h w"]:
        """Add the source's identity to a feature map.

        Args:
            features: of the target.
            masks: of the target's regions, 0 or 1.
            tokens: of the source at this scale.
        """
        inside = features * _resize(masks, features).mean(1, keepdim=True)
        logits = self.query(inside.flatten(2).transpose(1, 2)) @ self.key(tokens).transpose(1, 2)  # b n l
        weights = torch.softmax(logits / math.sqrt(features.shape[1]), dim=2) * (logits != 0)
        return features + (weights @ self.value(tokens)).transpose(1, 2).reshape(features.shape)


class FacialRegionAwareBranch(nn.Module):
    """FRA: local identity, region by region and at every scale.

    Args:
        tokenizers: one per scale, the largest map first.
        transformer: over the tokens of all scales.
        projectors: one per scale.

    Source: RAFSwap (CVPR 2022), section 3.2.
    """

    def __init__(
        self,
        tokenizers: list[RegionAwareTokenizer],
        transformer: RegionAwareTransformer,
        projectors: list[RegionAwareProjector],
    ) -> None:
        super().__init__()
        self.tokenizers, self.projectors = nn.ModuleList(tokenizers), nn.ModuleList(projectors)
        self.transformer = transformer

    def tokenise(self, sources: list[Tensor], masks: Float[Tensor, "b l s s"]) -> Float[Tensor, "b n width"]:
        """Turn a source's maps into tokens: all regions of the largest map, then of the next.

        Args:
            sources: maps of the source, the largest first.
            masks: of the source's regions, 0 or 1.
        """
        tokens = [tokenizer(x, masks) for tokenizer, x in zip(self.tokenizers, sources, strict=True)]
        return self.transformer(torch.cat(tokens, dim=1))

    def forward(
        self, targets: list[Tensor], masks: Float[Tensor, "b l s s"], tokens: Float[Tensor, "b n width"]
    ) -> list[Tensor]:
        """Add the source's tokens to the target's maps.

        Args:
            targets: maps of the target, the largest first.
            masks: of the target's regions, 0 or 1.
            tokens: made by ``tokenise``.
        """
        scales = tokens.chunk(len(targets), dim=1)
        return [project(x, masks, t) for project, x, t in zip(self.projectors, targets, scales, strict=True)]


class SourceFeatureAdaptiveBranch(nn.Module):
    """SFA: global identity, the mean of the source's smallest map, through a small MLP.

    Args:
        widths: channels of that map and length of the embedding, if any, then of every layer; one entry means no MLP.

    Source: RAFSwap (CVPR 2022), section 3.3. The paper has an MLP; the official code leaves it out. The embedding of a
    face recogniser is ours: an encoder that is trained briefly hardly finds by itself what people differ in.
    """

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels, out in pairwise(widths):
            layers += [ScaledLeakyReLU()] * bool(layers) + [EqualLinear(channels, out)]
        self.mlp = nn.Sequential(*layers)

    def forward(
        self, source: Float[Tensor, "b c h w"], embedding: Float[Tensor, "b d"] | None = None
    ) -> Float[Tensor, "b width"]:
        """Summarise a source.

        Args:
            source: smallest map.
            embedding: of a face recogniser, any length but zero.
        """
        mean = source.mean((2, 3))
        if embedding is not None:
            known = F.normalize(embedding) * math.sqrt(embedding.shape[1])  # entries of about unit variance
            mean = torch.cat([mean, known.to(mean.dtype)], dim=1)
        return self.mlp(mean)


def _resize(masks: Tensor, features: Tensor) -> Tensor:
    return F.interpolate(masks, size=features.shape[-2:], mode="nearest")
