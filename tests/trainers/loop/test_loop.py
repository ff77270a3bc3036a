import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Generator, Tensor, nn

from swapper.types import UserError
from trainers.__main__ import parser
from trainers.loop.config import LoopConfig, StepFormat
from trainers.loop.loop import Run
from trainers.loop.trainer import Batch, Phase, image_grid
from trainers.training import choose_format


class LineTrainer:
    """Fits a line: the smallest trainer that uses everything the loop offers."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.networks: dict[str, nn.Module] = {"line": nn.Linear(4, 1), "other": nn.Linear(4, 1)}
        self.averaged = ("line",)
        self.phases = (Phase("A", ("line",), lr=0.05), Phase("B", ("other",), lr=0.05, interval=2))
        self.frozen: dict[str, nn.Module] = {}
        self.supply = None

    def draw(self, generator: Generator, count: int) -> Batch:
        return {"x": torch.randn(count, 4, generator=generator)}

    def batch(self, plan: Batch, device: torch.device, kimg: float) -> Batch:
        x = plan["x"].to(device)
        return {"x": x, "y": x.sum(1, keepdim=True)}

    def loss(self, phase: str, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        network = self.networks["line" if phase == "A" else "other"]
        error = (network(batch["x"]) - batch["y"]).square().mean()
        return error, {f"{phase}_error": error}

    def samples(self, networks: Mapping[str, nn.Module]) -> np.ndarray:
        return image_grid([[torch.rand(3, 4, 4)] * 2])

    def evaluate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        return {"weight": float(networks["line"].weight.mean())}


def config(out: Path, **changes) -> LoopConfig:
    settings = {"kimg": 0.8, "batch": 8, "bf16": False, "device": "cpu", "log_every": 1, "ema_kimg": 0.01} | changes
    return LoopConfig(out=out, **settings)


def test_the_loss_falls_and_the_run_folder_is_complete(tmp_path):
    progress = Run(LineTrainer(), config(tmp_path)).train()
    assert progress.step == 100
    assert progress.last["A_error"] < 0.05 * progress.first["A_error"]
    names = {path.name for path in tmp_path.iterdir()}
    assert {"log.jsonl", "last", "samples-000000.png", "tensorboard"} <= names
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["val_weight"] == pytest.approx(1, abs=0.2)


def test_a_resumed_run_continues_as_if_it_had_never_stopped(tmp_path):
    whole = Run(LineTrainer(), config(tmp_path / "whole"))
    expected = [float(whole.step()["A_error"]) for _ in range(20)]
    stopped = Run(LineTrainer(), config(tmp_path / "parts"))
    for _ in range(11):
        stopped.step()
    stopped.save()
    resumed = Run(LineTrainer(), config(tmp_path / "parts"))
    resumed.resume()
    assert [float(resumed.step()["A_error"]) for _ in range(9)] == expected[11:]


def test_a_crash_between_the_two_renames_loses_nothing(tmp_path):
    run = Run(LineTrainer(), config(tmp_path))
    run.step()
    run.save()
    (tmp_path / "last").rename(tmp_path / "last.old")
    again = Run(LineTrainer(), config(tmp_path))
    again.resume()
    assert again.progress.step == 1


def test_resuming_nothing_says_so(tmp_path):
    with pytest.raises(UserError, match="has no checkpoint"):
        Run(LineTrainer(), config(tmp_path)).resume()


def test_a_time_budget_stops_with_a_checkpoint(tmp_path):
    progress = Run(LineTrainer(), config(tmp_path, kimg=1e6, time_budget=0.5)).train()
    assert 0 < progress.step < 1e5
    assert (tmp_path / "last" / "progress.json").is_file()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_end_keeps_what_it_has(tmp_path, number):
    run = Run(LineTrainer(), config(tmp_path, kimg=1e6, time_budget=60.0))
    step = run.step

    def step_and_end() -> dict[str, Tensor]:
        if run.progress.step == 7:
            os.kill(os.getpid(), number)
        return step()

    run.step, before = step_and_end, signal.getsignal(number)
    assert run.train().step == 8
    assert run.stop.number == number and signal.getsignal(number) == before
    assert json.loads((tmp_path / "last" / "progress.json").read_text())["step"] == 8


def test_overfit_repeats_one_batch(tmp_path):
    run = Run(LineTrainer(), config(tmp_path, overfit=True))
    first = run.plan()["x"]
    run.step()
    assert torch.equal(run.plan()["x"], first)


def test_only_the_networks_of_a_phase_are_trained(tmp_path):
    trainer = LineTrainer()
    run = Run(trainer, config(tmp_path))
    run.progress.step = 1  # phase B is due on even steps only
    before = run.bare["other"].weight.clone()
    run.step()
    assert torch.equal(run.bare["other"].weight, before)


def test_a_phase_rests_until_it_begins(tmp_path):
    trainer = LineTrainer()
    trainer.phases = (Phase("A", ("line",), lr=0.05), Phase("B", ("other",), lr=0.05, begins=0.016))
    run = Run(trainer, config(tmp_path))
    assert ["B_loss" in run.step() for _ in range(3)] == [False, False, True]


def test_phases_share_an_optimiser_and_frozen_parameters_stay(tmp_path):
    trainer = LineTrainer()
    trainer.networks["line"].bias.requires_grad_(False)
    trainer.phases = (Phase("A", ("line",), lr=0.05), Phase("B", ("line",), lr=0.05, optimizer="A", clip=False))
    trainer.loss = lambda phase, batch: LineTrainer.loss(trainer, "A", batch)
    run = Run(trainer, config(tmp_path))
    before = run.bare["line"].bias.clone()
    terms = run.step()
    assert set(run.optimizers) == {"A"} and "A_grad" in terms and "B_grad" not in terms
    assert torch.equal(run.bare["line"].bias, before)


def test_the_learning_rate_rises_stays_and_falls(tmp_path):
    rates = [config(tmp_path, kimg=100).rate(k) for k in (0, 1, 2, 30, 65, 100)]
    assert rates == pytest.approx([0.001, 0.5, 1, 1, 0.5, 0], abs=1e-6)


_TWO = """
import sys; sys.path[:0] = [{tests!r}, {root!r}]
from test_loop import LineTrainer, config
from pathlib import Path
from trainers.loop.loop import Run
run = Run(LineTrainer(), config(Path({out!r})))
for _ in range(10): run.step()
run.save()
"""


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(tmp_path):
    one = Run(LineTrainer(), config(tmp_path / "one"))
    for _ in range(10):
        one.step()
    here = Path(__file__)
    script = tmp_path / "two.py"
    script.write_text(_TWO.format(tests=str(here.parent), root=str(here.parents[3]), out=str(tmp_path / "two")))
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launch += [
        "--num_machines",
        "1",
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
        "--num_cpu_threads_per_process",
        "1",
    ]
    subprocess.run([*launch, str(script)], check=True, timeout=200, capture_output=True)
    two = Run(LineTrainer(), config(tmp_path / "two"))
    two.resume()
    for a, b in zip(one.bare["line"].parameters(), two.bare["line"].parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_the_fastest_step_format_is_taken_and_the_trial_leaves_no_trace(tmp_path, monkeypatch):
    run, untried = Run(LineTrainer(), config(tmp_path)), Run(LineTrainer(), config(tmp_path))
    clock = iter([0.0, 9.0, 9.0, 16.0, 16.0, 17.0, 17.0, 20.0])
    with monkeypatch.context() as patched:
        patched.setattr("time.perf_counter", lambda: next(clock))
        seconds = run.choose_format()
    assert list(seconds.values()) == [9.0, 7.0, 1.0, 3.0]
    assert run.format == list(seconds)[2] == StepFormat(bf16=False, channels_last=True)
    assert [float(run.step()["A_error"]) for _ in range(3)] == [float(untried.step()["A_error"]) for _ in range(3)]


def test_a_checkpoint_goes_on_under_another_precision(tmp_path):
    run = Run(LineTrainer(), config(tmp_path))
    for _ in range(5):
        run.step()
    run.save()
    again = Run(LineTrainer(), config(tmp_path, bf16=True))
    again.resume()
    assert again.progress.step == 5
    in_bfloat16, in_float32 = float(again.step()["A_error"]), float(run.step()["A_error"])
    assert in_bfloat16 != in_float32 and in_bfloat16 == pytest.approx(in_float32, rel=0.05)


def test_the_command_line_says_which_format_it_takes(tmp_path, capsys):
    arguments = ["geometry", "--data", "DATA", "--out", str(tmp_path)]
    run = Run(LineTrainer(), config(tmp_path))
    choose_format(run, parser().parse_args([*arguments, "--fp32", "--contiguous"]))
    assert capsys.readouterr().out == ""
    choose_format(run, parser().parse_args([*arguments, "--bf16"]))
    said = capsys.readouterr().out
    assert said.startswith(f"Trains in {run.format}; ") and run.format.bf16 and "float32" not in said


def test_a_run_starts_from_published_weights(tmp_path):
    trainer = LineTrainer()
    trainer.networks["line"].weight.data.fill_(0.25)
    save_file(trainer.networks["line"].state_dict(), tmp_path / "line.safetensors")
    run = Run(LineTrainer(), config(tmp_path, start=str(tmp_path / "line.safetensors")))
    assert run.bare["line"].weight.eq(0.25).all() and run.averages["line"].module.weight.eq(0.25).all()
    assert not run.bare["other"].weight.eq(0.25).any()
