import json
from pathlib import Path

import pytest
import torch

from swapper import hub
from swapper.models.ghost import AEINet
from trainers.__main__ import main
from trainers.ghost import GhostConfig
from trainers.quality import load_states


@pytest.fixture
def teacher_run(tmp_path: Path) -> Path:
    """A run that kept three states of a generator, whose pictures get brighter."""
    torch.manual_seed(0)
    config, run = GhostConfig.tiny(), tmp_path / "teacher"
    network = AEINet(config.network)
    for kimg in (1, 2, 4):
        with torch.no_grad():
            for block in network.generator.blocks[-1].main:
                block.aad.beta_att.bias += 0.1 * kimg
                block.conv.weight.abs_()
        hub.save(network, run / "kept" / f"generator-{kimg:08.2f}.safetensors", extra={"kimg": str(kimg)})
    (run / "config.json").write_text(json.dumps({"recipe": {"template": config.template, "size": config.size}}))
    return run


@pytest.mark.slow
def test_progress_is_counted_from_the_last_kept_state(teacher_run):
    teachers, progress = load_states(teacher_run)
    assert progress.tolist() == [0.25, 0.5, 1.0]
    assert [teacher.size for teacher in teachers] == [64] * 3


@pytest.mark.slow
def test_it_learns_to_tell_the_states_apart(teacher_run, tiny_faces, tmp_path):
    arguments = ["quality", "--data", str(tiny_faces), "--out", str(tmp_path / "run"), "--cache", str(tmp_path)]
    arguments += ["--set", f"teacher={teacher_run}", "--overfit", "--kimg", "0.16", "--batch", "4", "--device", "cpu"]
    assert main([*arguments, "--fp32"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    errors = [row["error"] for row in rows if "error" in row]
    assert errors[-1] < 0.4 * errors[0]
    assert {"val_error", "val_correlation", "val_real"} <= set(rows[-1])
    assert (tmp_path / "run" / "samples-000000.png").is_file()


def test_a_run_that_kept_nothing_is_refused(tiny_faces, tmp_path, capsys):
    arguments = ["quality", "--data", str(tiny_faces), "--out", str(tmp_path / "run"), "--cache", str(tmp_path)]
    assert main([*arguments, "--set", f"teacher={tmp_path}"]) == 2
    assert "--keep-every" in capsys.readouterr().err
