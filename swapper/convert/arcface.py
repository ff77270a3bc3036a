"""Official checkpoints of ArcFace's networks: plain residual ones, and those with squeeze-and-excitation."""

from swapper.convert.arcface_onnx import read_arcface_onnx
from swapper.convert.sizes import State, lengths
from swapper.convert.systems import OfficialCheckpoint
from swapper.models.arcface import IRSE, IResNet, IResNetConfig, IRSEConfig


def build_arcface(state: State) -> IResNet:
    """ArcFace's residual network of any depth."""
    return IResNet(IResNetConfig(*_stages(state), state["fc.weight"].shape[0]))


def build_arcface_se(state: State) -> IRSE:
    """ArcFace's network with squeeze-and-excitation."""
    blocks, widths = _stages(state)
    reduction = widths[0] // state["layer1.0.se.fc.0.weight"].shape[0]
    return IRSE(IRSEConfig(blocks, widths, reduction, state["fc.weight"].shape[0]))


def _stages(state: State) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Blocks and channels of the four stages of a residual network."""
    outs = [lengths(state, f"layer{stage}.{{}}.conv2.weight") for stage in range(1, 5)]
    return tuple(len(stage) for stage in outs), lengths(state, "layer{}.0.conv2.weight", first=1)


ARCFACE = OfficialCheckpoint(build_arcface, read_onnx=read_arcface_onnx)
ARCFACE_SE = OfficialCheckpoint(build_arcface_se)
