"""Every network is saved for the Hub's client and loaded back by it."""

from dataclasses import asdict
from typing import Any

import pytest
import torch

from swapper.hub.pretrained import PRETRAINED, with_hub
from swapper.methods.ghost import GhostMethod
from swapper.methods.mobilefaceswap import MobileFaceSwapMethod
from swapper.methods.rafswap import RAFSwapMethod
from swapper.methods.simswap import SimSwapMethod
from swapper.methods.smoothswap import SmoothSwapMethod
from swapper.models.ghost import AEINet
from swapper.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.models.rafswap import RAFSwap
from swapper.models.simswap import SimSwapGenerator
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder, SmoothIdentityEmbedderConfig
from swapper.types import UserError

METHODS: dict[str, Any] = {
    "MobileFaceSwap": MobileFaceSwapMethod,
    "AEINet": GhostMethod,
    "SimSwapGenerator": SimSwapMethod,
    "NCSNppGenerator": SmoothSwapMethod,
    "RAFSwap": RAFSwapMethod,
}


@pytest.mark.parametrize("network", [MobileFaceSwap, AEINet, SimSwapGenerator, NCSNppGenerator, RAFSwap])
def test_every_method_loads_with_from_pretrained(network: Any, tmp_path):
    first = network(network.Config.lite()).eval()
    with_hub(first, {"template": "ffhq", "size": "256"}).save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {"config.json", "model.safetensors"}
    loaded: Any = PRETRAINED[network.__name__].from_pretrained(str(tmp_path))
    assert isinstance(loaded, network) and asdict(loaded.config) == asdict(first.config)
    assert loaded.crops == {"template": "ffhq", "size": "256"}
    for key, value in first.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[key]), key
    others: dict[str, Any] = {}
    if network is NCSNppGenerator:
        others["embedder"] = SmoothIdentityEmbedder(SmoothIdentityEmbedderConfig.lite())
    method = METHODS[network.__name__](torch.device("cpu"), loaded, template=loaded.crops["template"], **others)
    assert any(part is loaded for part in vars(method).values())


def test_a_folder_of_another_network_is_refused(tmp_path):
    with_hub(LandmarkNetwork(LandmarkNetworkConfig.lite())).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="holds a 'LandmarkNetwork', not AEINet"):
        PRETRAINED["AEINet"].from_pretrained(str(tmp_path))
