"""The mobile identity network as a trunk: encoders start from it, and its early maps are a perceptual distance."""

from jaxtyping import Float
from torch import Tensor, nn

from swapper import hub
from swapper.models.arcface import MobileFaceNet
from swapper.models.trunks import MobileTrunk

WEIGHTS = "arcface-mobile"


def identity_trunk() -> MobileTrunk:
    """The shipped identity network without its embedding, frozen and in evaluation mode."""
    network = hub.load(MobileFaceNet, WEIGHTS)
    trunk = MobileTrunk(network.config)
    wanted = trunk.state_dict().keys()
    trunk.load_state_dict({name: value for name, value in network.state_dict().items() if name in wanted})
    return trunk.eval().requires_grad_(False)


class PerceptualFeatures(nn.Module):
    """Early maps of the identity network: strokes, textures and parts, but hardly who it is.

    In place of VGG's, which the papers use and whose weights are not ours to ship.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = identity_trunk()

    def forward(self, faces: Float[Tensor, "b 3 s s"]) -> list[Tensor]:
        """Maps of 1/2, 1/4 and 1/8 of the side.

        Args:
            faces: RGB in [0, 1], any template and size.
        """
        maps = [self.trunk.stem((faces * 255 - 127.5) / 128)]
        for start, end in self.trunk.stages[:2]:
            maps.append(self.trunk.blocks[start:end](maps[-1]))
        return maps
