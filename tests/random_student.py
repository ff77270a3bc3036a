"""A small student with random weights, for tests of what surrounds a learned method."""

from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor, nn

from swapper import hub
from swapper.hub import files
from swapper.models.arcface import IdentityFeatures
from swapper.models.mobilefaceswap import IdentityInjectionNetworkConfig, MobileFaceSwap

NAME = "mobilefaceswap-lite"


def random_student(people: IdentityFeatures, faces: Tensor) -> MobileFaceSwap:
    """Random weights whose swaps depend on the person, with the normalisation statistics of these people and faces."""
    torch.manual_seed(0)
    network = MobileFaceSwap(IdentityInjectionNetworkConfig.lite()).train()
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.momentum = 1.0
            nn.init.normal_(norm.weight, 1, 0.2)
            nn.init.normal_(norm.bias, 0, 0.5)
    with torch.no_grad():
        network(people, faces)
    return network.eval().requires_grad_(False)


def write_student(folder: Path) -> Path:
    """Write it where ``SWAPPER_WEIGHTS`` may point."""
    random = Generator().manual_seed(1)
    people = IdentityFeatures(torch.randn(4, 512, generator=random), torch.randn(4, 512, 7, 7, generator=random))
    network = random_student(people, torch.rand(4, 3, 64, 64, generator=random))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.safetensors"
    hub.save(network, path, {"template": "tight", "size": "64"})
    return path


def offer_student(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the random student the one that is found, whatever the manifest lists."""
    listed = files.entries
    monkeypatch.setattr(files, "entries", lambda: [row for row in listed() if row.name != NAME])
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(folder))
