"""Networks built in the sizes that an official checkpoint's tensors have.

Every function takes tensors by official name and raises KeyError where one is missing that tells a size.
"""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from swapper.models.arcface import IRSE, IResNet, IResNetConfig, IRSEConfig
from swapper.models.discriminators import StyleGAN2Discriminator, StyleGAN2DiscriminatorConfig
from swapper.models.gfpgan import GFPGANv1Clean, GFPGANv1CleanConfig
from swapper.models.ghost import AEINet, AEINetConfig
from swapper.models.idn import IdentityAwareDynamicNetworkConfig
from swapper.models.mobilefaceswap import IdentityInjectionNetworkConfig, MobileFaceSwap
from swapper.models.ncsnpp import NCSNppConfig
from swapper.models.rafswap import RAFSwap, RAFSwapConfig
from swapper.models.renovation import RenovationGenerator, RenovationGeneratorConfig
from swapper.models.simswap import SimSwapGenerator, SimSwapGeneratorConfig
from swapper.models.smoothswap import NCSNppGenerator
from swapper.models.stylegan2 import StyleGAN2Config, StyleGAN2Generator

State = Mapping[str, Tensor]


def _outs(state: State, pattern: str, first: int = 0, step: int = 1, axis: int = 0) -> tuple[int, ...]:
    """Lengths of one axis, the output channels as a rule, of the numbered tensors that the pattern names."""
    lengths = []
    number = first
    while pattern.format(number) in state:
        lengths.append(state[pattern.format(number)].shape[axis])
        number += step
    return tuple(lengths)


def _stages(state: State) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Blocks and channels of the four stages of a residual network."""
    outs = [_outs(state, f"layer{stage}.{{}}.conv2.weight") for stage in range(1, 5)]
    return tuple(len(stage) for stage in outs), _outs(state, "layer{}.0.conv2.weight", first=1)


def build_arcface(state: State) -> IResNet:
    """ArcFace's residual network of any depth."""
    return IResNet(IResNetConfig(*_stages(state), state["fc.weight"].shape[0]))


def build_arcface_se(state: State) -> IRSE:
    """ArcFace's network with squeeze-and-excitation."""
    blocks, widths = _stages(state)
    reduction = widths[0] // state["layer1.0.se.fc.0.weight"].shape[0]
    return IRSE(IRSEConfig(blocks, widths, reduction, state["fc.weight"].shape[0]))


def build_mobilefaceswap(state: State) -> MobileFaceSwap:
    """MobileFaceSwap: IIN, and the IDN's own parts."""
    idn = IdentityAwareDynamicNetworkConfig(
        encoder=_outs(state, "EncoderModulation.{}.weight"),
        decoder=_outs(state, "DecoderModulation.{}.weight"),
        final=state["final.1.weight"].shape[0],
        mask=_outs(state, "mask.{}.2.weight"),
    )
    stem, feature_map = state["predictor.first.weight"].shape[:2]
    config = IdentityInjectionNetworkConfig(
        idn=idn,
        feature_map=feature_map,
        embedding=state["EncoderModulation.0.style.weight"].shape[1],
        stem=stem,
        encoder=_outs(state, "predictor.encoder.{}.conv.weight")[::-1],
        decoder=_outs(state, "predictor.decoder.{}.conv.weight"),
    )
    return MobileFaceSwap(config)


def build_gfpgan(state: State) -> GFPGANv1Clean:
    """GFPGANv1Clean."""
    start = state["stylegan_decoder.constant_input.weight"].shape[1]
    outs = _outs(state, "stylegan_decoder.style_convs.{}.modulated_conv.weight", step=2, axis=1)
    mapping = _outs(state, "stylegan_decoder.style_mlp.{}.weight", first=1, step=2)
    style = state["final_linear.weight"].shape[0] // (2 * len(outs) + 2)
    return GFPGANv1Clean(GFPGANv1CleanConfig((start, *outs), style, len(mapping)))


def build_ghost(state: State) -> AEINet:
    """AEI-Net with any encoder and depth."""
    widths = _outs(state, "generator.AADBlk{}.add_blocks.0.conv1.weight", first=1)
    blocks = _outs(state, "generator.AADBlk1.add_blocks.{}.conv1.weight", step=3)
    identity = state["generator.up1.weight"].shape[0]
    if "encoder.layer1.0.conv1.weight" in state:
        attributes = (state["encoder.conv1.weight"].shape[0], *_outs(state, "encoder.layer{}.0.conv3.weight", first=1))
        return AEINet(AEINetConfig("resnet", attributes, widths, len(blocks), identity))
    attributes = _outs(state, "encoder.conv{}.0.weight", first=1)
    joined = state["encoder.deconv2.deconv.weight"].shape[0] > state["encoder.deconv1.deconv.weight"].shape[1]
    return AEINet(AEINetConfig("unet" if joined else "linknet", attributes, widths, len(blocks), identity))


def build_simswap(state: State, normalised: bool = False) -> SimSwapGenerator:
    """SimSwap's generator with three, four or the outer level; those with a fourth inner one are all of the new kind.

    Args:
        state: by official name.
        normalised: the newer training code's network, which the tensors do not tell from the older one.
    """
    inner = _outs(state, "down{}.0.weight", first=1)
    config = SimSwapGeneratorConfig(
        widths=(state["down1.0.weight"].shape[1], *inner),
        outer=state["first_layer.1.weight"].shape[0] if "down0.0.weight" in state else 0,
        blocks=len(_outs(state, "BottleNeck.{}.conv1.1.weight")),
        identity=state["BottleNeck.0.style1.linear.weight"].shape[1],
        size=224 if len(inner) == 3 and "down0.0.weight" not in state else 512,
        normalised=normalised or len(inner) == 4,
    )
    return SimSwapGenerator(config)


def build_renovation(state: State) -> RenovationGenerator:
    """GHOST's face enhancement network, one picture at a time: GHOST's code does not use its running statistics."""
    stem = state["lip_encoder.model.0.weight"].shape[0]
    _, hidden, kernel, _ = state["head_0.norm_0.mlp_gamma.weight"].shape
    widths = (stem, *_outs(state, "lip_encoder.model.{}.weight", first=4, step=4))
    return RenovationGenerator(RenovationGeneratorConfig(widths, hidden, kernel, norm="image"))


def build_smoothswap(state: State) -> NCSNppGenerator:
    """NCSN++ for 256 px without its time embedding: what Smooth-Swap's generator starts from."""
    identity = state["all_modules.4.Dense_0.weight"].shape[1]
    width = state["all_modules.3.weight"].shape[0]
    return NCSNppGenerator(replace(NCSNppConfig.paper(), width=width, embedding=identity))


def build_stylegan2(state: State, prefix: str = "") -> StyleGAN2Generator:
    """StyleGAN2's generator; the names of its tensors begin with the prefix."""
    return StyleGAN2Generator(_stylegan2(state, prefix))


def build_stylegan2_discriminator(state: State) -> StyleGAN2Discriminator:
    """StyleGAN2's discriminator."""
    widths = (state["convs.0.0.weight"].shape[0], *_outs(state, "convs.{}.conv2.1.weight", first=1))
    return StyleGAN2Discriminator(StyleGAN2DiscriminatorConfig(widths[::-1]))


def build_rafswap(state: State) -> RAFSwap:
    """RAFSwap as its official code has it; an attention head has 64 channels, which the tensors do not show."""
    width = state["encoder.token.0.fc.0.weight"].shape[0]
    trunk = _outs(state, "encoder.body.{}.res_layer.1.weight")
    trunk_widths = tuple(dict.fromkeys(trunk))
    generator = _stylegan2(state, "decoder.")
    heads = [len(_outs(state, f"encoder.styles.{row}.convs.{{}}.weight", step=2)) for row in range(generator.latents)]
    config = RAFSwapConfig(
        size=16 * 2 ** min(heads),
        trunk_blocks=tuple(trunk.count(channels) for channels in trunk_widths),
        trunk_widths=trunk_widths,
        reduction=trunk_widths[0] // state["encoder.body.0.res_layer.5.fc1.weight"].shape[0],
        width=width,
        depth=len(_outs(state, "encoder.trans.{}.norm1.weight")),
        heads=max(1, width // 64),
        styles=tuple((2 + min(heads) - depth, 1) for depth in heads),
        mask_sizes=tuple(8 * 2**n for n in range(len(_outs(state, "mask.convs.{}.0.weight", step=4)))),
        mask_widths=(state["mask.convs.0.0.weight"].shape[0], state["mask.to_mask.0.0.weight"].shape[0]),
        generator=generator,
    )
    return RAFSwap(config)


def _stylegan2(state: State, prefix: str) -> StyleGAN2Config:
    start = state[f"{prefix}input.input"].shape[1]
    return StyleGAN2Config(
        channels=(start, *_outs(state, prefix + "convs.{}.conv.weight", step=2, axis=1)),
        style=state[f"{prefix}style.1.weight"].shape[0],
        mapping=len(_outs(state, prefix + "style.{}.weight", first=1)),
    )
