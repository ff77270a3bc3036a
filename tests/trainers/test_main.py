"""The trainers' command line: settings by name, runs that go on as they were begun, and how it ends when stopped."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from swapper.registry import find_trainer, named, trainer_commands
from swapper.runtime.program import StopRequest
from swapper.types import UserError
from trainers import __main__ as program
from trainers import training
from trainers.loop.config import LoopConfig, TrainingProgress
from trainers.loop.run_settings import begin_run, resume_run

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Recipe:
    batch: int = 8
    lr: float = 1e-4
    name: str = "a"
    flips: bool = True
    sizes: tuple[int, ...] = (64, 128)
    kimg: float = 10.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("batch=16", 16),
        ("batch=16.0", 16),
        ("lr=1", 1.0),
        ("lr=2e-3", 2e-3),
        ("flips=False", False),
        ("name=1.5", "1.5"),
        ("sizes=(32,)", (32,)),
        ("sizes=[32, 64]", (32, 64)),
    ],
)
def test_settings_take_the_type_of_their_default(text, value):
    found = training.overrides([text], Recipe())[text.partition("=")[0]]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "batch=1.5",
        "batch=True",
        "batch='8'",
        "batch=1e999",
        "batch=",
        "batch=many",
        "lr='1'",
        "lr=True",
        "lr=[1]",
        "flips=1",
        "flips=0.0",
        "flips=yes",
        "sizes=64",
        "sizes=(64.5,)",
        "sizes='64'",
    ],
)
def test_values_of_another_type_are_refused(text):
    with pytest.raises(UserError, match=r"Setting \w+: '.*' must be a \w+ like the default"):
        training.overrides([text], Recipe())


@pytest.mark.parametrize(("kimg", "batch"), [(0, 8), (-1, 8), (10, 0), (float("nan"), 8)])
def test_a_run_of_nothing_is_refused(tmp_path, kimg, batch):
    with pytest.raises(UserError, match="give more than 0 of both"):
        LoopConfig(out=tmp_path, kimg=kimg, batch=batch)


def settings(lr: float = 1e-4, seed: int = 0, device: str = "cpu") -> dict:
    loop = {"seed": seed, "device": device, "kimg": 10.0, "batch": 8, "start": "" if seed else "weights"}
    return {"system": "ghost", "preset": "lite", "recipe": {"lr": lr, "kimg": 10.0, "batch": 8}, "loop": loop}


def written(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text())


def test_a_run_goes_on_as_it_was_begun_only(tmp_path):
    begin_run(tmp_path, settings())
    assert written(tmp_path) == settings()
    assert resume_run(tmp_path, settings(), []) == []
    assert resume_run(tmp_path, settings(device="cuda"), []) == [], "where it runs is free"
    with pytest.raises(UserError, match=r"begun with other settings \(seed was 0, now 5; lr was 0\.0001, now 0\.1\)"):
        resume_run(tmp_path, settings(lr=0.1, seed=5), [])
    assert written(tmp_path) == settings(), "the record stays"


def test_what_is_named_may_change_and_the_record_keeps_both(tmp_path):
    begin_run(tmp_path, settings())
    assert resume_run(tmp_path, settings(lr=0.1), ["lr"]) == ["lr changes from 0.0001 to 0.1"]
    assert written(tmp_path) == {**settings(lr=0.1), "earlier": [settings()]}
    assert resume_run(tmp_path, settings(lr=0.1), ["lr"]) == [], "the same command again"
    with pytest.raises(UserError, match=r"lr was 0\.1, now 0\.0001"):
        resume_run(tmp_path, settings(), [])


def test_a_run_is_not_begun_over_another(tmp_path):
    (tmp_path / "last").mkdir()
    with pytest.raises(UserError, match=r"it has begun already\. Add --resume"):
        begin_run(tmp_path, settings())


@pytest.mark.parametrize("text", ['{"model_type": "other"}', "{", "[]", "3"])
def test_settings_of_another_program_stay(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UserError, match=r"its config\.json is not a run's\. Give a new folder"):
        begin_run(tmp_path, settings())
    assert (tmp_path / "config.json").read_text() == text


def test_a_run_that_kept_nothing_is_begun_again(tmp_path):
    begin_run(tmp_path, settings())
    begin_run(tmp_path, settings(lr=0.1))
    assert written(tmp_path) == settings(lr=0.1)


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        resume_run(tmp_path, settings(), [])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_says_so_in_one_line(tmp_path, monkeypatch, capsys, number, code):
    class StoppedRun:
        def __init__(self, _trainer, _loop):
            self.device = SimpleNamespace(type="cuda")
            self.stop = StopRequest()

        def train(self):
            self.stop.number = number
            return TrainingProgress()

    monkeypatch.setattr(training, "build", lambda _args: (None, Recipe()))
    monkeypatch.setattr(training, "Run", StoppedRun)
    assert program.main(["ghost", "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == code
    said = capsys.readouterr()
    assert said.err == "Stopped. Run the same command with --resume to go on.\n" and not said.out


@pytest.mark.parametrize("system", trainer_commands())
def test_every_setting_of_every_recipe_can_be_given(system):
    config = named(find_trainer(system, "").cls).Config.lite()
    found = {field.name: getattr(config, field.name) for field in fields(config)}
    sizes = {name for name, value in found.items() if is_dataclass(value)}  # of networks, which presets choose
    for name in sizes:
        with pytest.raises(UserError, match=f"Setting {name}: '5' must be"):
            training.overrides([f"{name}=5"], config)
    found = {name: value for name, value in found.items() if name not in sizes}
    pairs = [f"{name}={value if isinstance(value, str) else repr(value)}" for name, value in found.items()]
    assert training.overrides(pairs, config) == found


@pytest.mark.slow
def test_a_real_run_is_stopped_keeps_its_work_and_goes_on_as_it_was_begun(tiny_faces, tmp_path):
    run = tmp_path / "run"
    arguments = [
        "occlusion",
        "--preset",
        "tiny",
        "--data",
        str(tiny_faces),
        "--out",
        str(run),
        "--cache",
        str(tmp_path),
    ]
    arguments += ["--device", "cpu", "--fp32", "--contiguous", "--kimg", "1000"]
    command = [sys.executable, "-m", "trainers", *arguments]
    begun = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (run / "log.jsonl").is_file() or not (run / "log.jsonl").read_text():
        assert begun.poll() is None, begun.stderr.read() if begun.stderr else ""
        time.sleep(0.1)
    begun.send_signal(signal.SIGTERM)
    _, said = begun.communicate(timeout=120)
    assert begun.returncode == 143, said
    assert said.splitlines()[-1] == "Stopped. Run the same command with --resume to go on."
    assert (run / "last" / "progress.json").is_file()
    record = (run / "config.json").read_bytes()
    for changed, sentence in (([], "it has begun already"), (["--resume", "--seed", "3"], "seed was 0, now 3")):
        done = subprocess.run([*command, *changed], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 2 and sentence in done.stderr
        assert (run / "config.json").read_bytes() == record
    steps = json.loads((run / "last" / "progress.json").read_text())["step"]
    more = [*command, "--resume", "--time-budget", "4"]  # a busy machine may take no step in one second
    done = subprocess.run(more, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads((run / "last" / "progress.json").read_text())["step"] > steps
