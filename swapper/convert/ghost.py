"""GHOST's official checkpoint: AEI-Net with any encoder and depth."""

from swapper.convert.sizes import State, lengths
from swapper.convert.systems import OfficialCheckpoint
from swapper.models.ghost import AEINet, AEINetConfig


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


GHOST = OfficialCheckpoint(build_ghost, AEINet.OFFICIAL_KEYS)
