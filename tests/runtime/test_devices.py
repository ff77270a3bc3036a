"""Devices by name: those that exist, and one sentence for those that do not."""

import pytest
import torch

from swapper.runtime.devices import choose_device
from swapper.types import UserError


@pytest.mark.parametrize("name", ["cpu", "cpu:0"])
def test_the_cpu(name):
    assert choose_device(name) == torch.device(name)


@pytest.mark.parametrize(
    "name", ["cpu:foo", "cpu:", "cpu:-1", "cpu:0:0", "cpu:1.5", "cpu:²", "cuda:x", "toaster", "", ":", "CPU", "xpu"]
)
def test_no_names_of_devices(name):
    with pytest.raises(UserError, match=f"Unknown device '{name}'. Choose auto, cpu, cuda or mps."):
        choose_device(name)


@pytest.mark.parametrize("name", ["cpu:1", "cpu:99", "mps:7", "cuda:64", "cuda:99999999999999999999"])
def test_devices_that_are_not_there(name):
    with pytest.raises(UserError, match=f"Device '{name}' is not on this machine. Choose auto or cpu."):
        choose_device(name)


def test_graphics_cards_are_counted(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda:1") and choose_device("cuda") == torch.device("cuda")
    with pytest.raises(UserError, match="'cuda:2' is not on this machine"):
        choose_device("cuda:2")
