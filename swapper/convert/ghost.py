"""GHOST's official checkpoints: AEI-Net with any encoder and depth, its discriminator, and the eye loss's network."""

from swapper.convert.sizes import State, lengths
from swapper.convert.systems import OfficialCheckpoint
from swapper.models.awl import FaceAlignmentNetwork, FaceAlignmentNetworkConfig
from swapper.models.discriminators import MultiscaleDiscriminator, MultiscaleDiscriminatorConfig
from swapper.models.ghost import AEINet, AEINetConfig
from swapper.registry.pipelines import PUBLISHED, SwapPipeline


def build_ghost(state: State) -> AEINet:
    """AEI-Net with the encoder, and in the sizes, that the tensors have."""
    widths = lengths(state, "generator.AADBlk{}.add_blocks.0.conv1.weight", first=1)
    blocks = lengths(state, "generator.AADBlk1.add_blocks.{}.conv1.weight", step=3)
    identity = state["generator.up1.weight"].shape[0]
    if "encoder.layer1.0.conv1.weight" in state:
        stages = lengths(state, "encoder.layer{}.0.conv3.weight", first=1)
        attributes = (state["encoder.conv1.weight"].shape[0], *stages)
        return AEINet(AEINetConfig("resnet", attributes, widths, len(blocks), identity))
    attributes = lengths(state, "encoder.conv{}.0.weight", first=1)
    joined = state["encoder.deconv2.deconv.weight"].shape[0] > state["encoder.deconv1.deconv.weight"].shape[1]
    return AEINet(AEINetConfig("unet" if joined else "linknet", attributes, widths, len(blocks), identity))


def build_discriminator(state: State) -> MultiscaleDiscriminator:
    """GHOST's discriminator in the sizes that the tensors have."""
    scales = lengths(state, "layer{}.0.weight")
    layers = [state[f"layer0.{index}.weight"].shape[0] for index in (0, 2, 5, 8, 11, 14)]
    return MultiscaleDiscriminator(MultiscaleDiscriminatorConfig(tuple(layers), len(scales)))


def build_eyes(state: State) -> FaceAlignmentNetwork:
    """Adaptive Wing Loss's network, whose eyes GHOST's loss looks at, in the sizes that the tensors have."""
    stacks, maps = lengths(state, "l{}.weight"), state["l0.weight"]
    depth = len(lengths(state, "m0.b1_{}.conv1.weight", first=1))
    config = FaceAlignmentNetworkConfig(maps.shape[0] - 1, len(stacks), depth, maps.shape[1])
    return FaceAlignmentNetwork(config)


def _needs(network: AEINet) -> SwapPipeline:
    return PUBLISHED["ghost"].cut(size=network.config.size)


GHOST = OfficialCheckpoint(build_ghost, AEINet.OFFICIAL_KEYS, pipeline=_needs)
GHOST_DISCRIMINATOR = OfficialCheckpoint(
    build_discriminator,
    MultiscaleDiscriminator.OFFICIAL_KEYS,
    licence=PUBLISHED["ghost"].licence,
    origin=PUBLISHED["ghost"].origin,
)
GHOST_EYES = OfficialCheckpoint(build_eyes, FaceAlignmentNetwork.OFFICIAL_KEYS, origin="protossw512/AdaptiveWingLoss")
