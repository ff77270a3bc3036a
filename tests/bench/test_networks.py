from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from swapper.bench import networks
from swapper.models.idn import IdentityAwareDynamicNetwork, IdentityAwareDynamicNetworkConfig
from swapper.registry import SYSTEMS, NetworkInfo, System
from swapper.types import UserError


@dataclass(frozen=True)
class WindowConfig:
    """Sizes of ``Window``."""

    out: int = 4  # channels

    @classmethod
    def paper(cls) -> "WindowConfig":
        return cls(8)

    @classmethod
    def lite(cls) -> "WindowConfig":
        return cls()


class Window(nn.Module):
    Config = WindowConfig

    def __init__(self, config: WindowConfig) -> None:
        super().__init__()
        self.config = config
        self.conv = nn.Conv2d(3, config.out, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Unexportable(Window):
    def forward(self, x: Tensor) -> Tensor:
        return torch.special.bessel_j0(self.conv(x))  # ONNX has no such operator


def inputs(config: Any, batch: int) -> tuple[Tensor]:
    return (torch.rand(batch, 3, 12, 12),)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Networks that take no time, on one thread: a busy machine can take seconds to wake a second one."""
    monkeypatch.setattr(networks, "THREADS", (1,))
    config = IdentityAwareDynamicNetworkConfig((8, 8, 16, 16, 32), (16, 16, 8, 8), 4, (16, 8, 8, 4, 2), 32)
    rows = (
        NetworkInfo("window", Window, inputs, params=224, macs=21_600.0, source="somewhere"),
        NetworkInfo(
            "idn",
            IdentityAwareDynamicNetwork,
            lambda c, batch: (torch.rand(batch, 3, c.size, c.size),),
            {"paper": config, "lite": config},
        ),
    )
    systems = dict(SYSTEMS)
    SYSTEMS.clear()
    SYSTEMS["small"] = System("small", networks=rows)
    yield
    SYSTEMS.clear()
    SYSTEMS.update(systems)  # in their order, which says what is recommended


@pytest.mark.slow
def test_report_has_a_row_for_every_network_and_preset(small: None) -> None:
    said: list[tuple[int, int, str]] = []
    report = networks.models_report(seconds=0.0, paper=True, tell=lambda *now: said.append(now))
    assert said[0] == (0, 3, "matrix product") and said[-1] == (2, 3, "idn, paper = lite")
    rows = {(row["network"], row["preset"]): row for row in report["rows"]}
    assert list(rows) == [("window", "paper"), ("window", "lite"), ("idn", "paper = lite")]
    paper, lite = rows["window", "paper"], rows["window", "lite"]
    assert (paper["params"], lite["params"]) == (8 * 28, 4 * 28)
    assert paper["GMAC"] == pytest.approx(8 * 27 * 100 / 1e9, abs=1e-4)
    assert (paper["published_params"], paper["published"]) == (224, "somewhere")
    assert (lite["published_params"], lite["published"]) == (None, "")
    for row in rows.values():
        assert row["note"] == "" and not any(key.startswith("_") for key in row)
        assert row["eager_1"] > 0 and row["ort_1"] > 0
    assert [(row["library"], row["threads"]) for row in report["gemm"]] == [("torch", 1), ("onnxruntime", 1)]


def test_only_small_presets_are_measured_and_few_exported_where_nothing_more_is_asked(small: None) -> None:
    rows = networks.models_report(seconds=0.0, quick=True)["rows"]
    assert [(row["network"], row["preset"]) for row in rows] == [("window", "lite"), ("idn", "paper = lite")]
    assert rows[0]["ort_1"] is None and "--quick" in rows[0]["note"] and rows[1]["ort_1"] > 0


def test_dynamic_network_is_told_in_frames_and_as_a_share_of_the_machine(small: None) -> None:
    report = networks.models_report("idn", seconds=0.0)
    (row,) = report["rows"]
    assert len(report["idn"]) == 2
    peak = max(row["GMAC/s"] for row in report["gemm"])
    for part in report["idn"]:
        assert part["fps"] == pytest.approx(1e3 / row[f"{part['path']}_{part['threads']}"], abs=0.1)
        assert part["fps_best"] >= part["fps"]
        assert part["share_of_gemm"] == pytest.approx(part["GMAC/s"] / peak, abs=0.01)


def test_network_that_cannot_be_exported_is_said(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SYSTEMS, "odd", System("odd", networks=(NetworkInfo("window", Unexportable, inputs),)))
    row = networks.network_row("window", "lite", WindowConfig(), seconds=0.0)
    assert row["note"].startswith("no ONNX export: ")
    assert row["ort_1"] is None and row["eager_1"] > 0


def test_unknown_network_is_refused() -> None:
    with pytest.raises(UserError, match=r"Unknown network 'nope'\. Choose one of: .*mobilefaceswap-idn"):
        networks.models_report("nope")


def test_slow_calls_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    clock = SimpleNamespace(now=0.0, perf_counter=lambda: clock.now)
    monkeypatch.setattr(networks, "time", clock)

    def run(lasts: float) -> None:
        clock.now += lasts
        calls.append(1)

    for lasts, seconds, expected in ((0.5, 60, 5), (9.0, 60, 5), (9.0, 20, 4), (11.0, 60, 1)):
        calls.clear()
        assert networks.milliseconds(lambda lasts=lasts: run(lasts), seconds, at_most=4) == (1e3 * lasts, 1e3 * lasts)
        assert len(calls) == expected
