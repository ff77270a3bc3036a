"""Exports of the networks that have no contract file of their own; all run through onnxruntime, equal to 1e-3."""

import pytest
import torch
from network_checks import NetworkCase, check_onnx_export_agrees, faces
from torch import Generator

from swapper.models.arcface import (
    IRSE,
    IdentityFeatures,
    IResNet,
    IResNetConfig,
    IRSEConfig,
    MobileFaceNet,
    MobileFaceNetConfig,
)
from swapper.models.idn import IdentityAwareDynamicNetwork, IdentityAwareDynamicNetworkConfig
from swapper.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig
from swapper.models.mobilefaceswap import IdentityInjectionNetwork, IdentityInjectionNetworkConfig, MobileFaceSwap
from swapper.models.occlusion import OcclusionNetwork, OcclusionNetworkConfig

NARROW_IDN = IdentityAwareDynamicNetworkConfig((8, 8, 16, 16, 32), (16, 16, 8, 8), 4, (16, 8, 8, 4, 2), 32)
NARROW_IIN = IdentityInjectionNetworkConfig(NARROW_IDN, 16, 24, 16, (8,) * 5, (8,) * 4)


def person(batch: int, generator: Generator) -> tuple[IdentityFeatures]:
    return (
        IdentityFeatures(
            torch.randn(batch, NARROW_IIN.embedding, generator=generator),
            torch.randn(batch, NARROW_IIN.feature_map, 7, 7, generator=generator),
        ),
    )


def person_and_face(batch: int, generator: Generator) -> tuple[IdentityFeatures, torch.Tensor]:
    return *person(batch, generator), torch.rand(batch, 3, 32, 32, generator=generator)


CASES = {
    "arcface-mobile": NetworkCase(
        lambda: MobileFaceNet(MobileFaceNetConfig(8, (8, 16, 16), (16, 16, 16), (16, 16, 16), (1, 1, 1), 32, 24)),
        faces(112),
    ),
    "arcface-iresnet": NetworkCase(lambda: IResNet(IResNetConfig((1, 1, 2, 1), (8, 8, 16, 16), 24)), faces(112)),
    "arcface-irse": NetworkCase(lambda: IRSE(IRSEConfig((1, 1, 1, 1), (8, 8, 16, 16), 4, 24)), faces(112)),
    "landmarks": NetworkCase(
        lambda: LandmarkNetwork(LandmarkNetworkConfig(32, 8, ((8, 1), (16, 2)), 2, 4, 16)), faces(32)
    ),
    "occlusion": NetworkCase(lambda: OcclusionNetwork(OcclusionNetworkConfig(32, (8, 8, 16))), faces(32)),
    "mobilefaceswap-idn": NetworkCase(lambda: IdentityAwareDynamicNetwork(NARROW_IDN), faces(64)),
    "mobilefaceswap-iin": NetworkCase(lambda: IdentityInjectionNetwork(NARROW_IIN), person),
    "mobilefaceswap": NetworkCase(lambda: MobileFaceSwap(NARROW_IIN), person_and_face),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_export_agrees(case: NetworkCase) -> None:
    check_onnx_export_agrees(case)
