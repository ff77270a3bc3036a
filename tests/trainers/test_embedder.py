import pytest
import torch
import torch.nn.functional as F

from trainers.__main__ import main
from trainers.embedder import verification_auc


def test_auc_is_one_when_people_are_apart_and_half_for_noise():
    identity = torch.arange(60) % 10
    apart = F.one_hot(identity, 10).float()
    assert verification_auc(apart + 0.01 * torch.randn(60, 10), identity) == pytest.approx(1)
    noise = F.normalize(torch.randn(400, 64, generator=torch.Generator().manual_seed(0)), dim=1)
    assert verification_auc(noise, torch.arange(400) % 40) == pytest.approx(0.5, abs=0.05)


def test_auc_is_the_share_of_ordered_pairs_where_equals_count_half():
    identity = torch.arange(24) % 5
    vectors = torch.randint(-1, 2, (24, 3), generator=torch.Generator().manual_seed(0)).float()  # many are alike
    rows, columns = torch.triu_indices(24, 24, 1)
    cosine, same = (vectors @ vectors.T)[rows, columns], identity[rows] == identity[columns]
    more = cosine[same][:, None] - cosine[~same][None]
    assert (more == 0).any()
    wanted = ((more > 0).double() + 0.5 * (more == 0)).mean()
    assert verification_auc(vectors, identity) == pytest.approx(float(wanted))


@pytest.mark.slow
def test_overfitting_one_batch_brings_the_student_to_the_teacher(tiny_faces, shared_data, tmp_path):
    teacher = shared_data.parent / "models" / "arcface_mobile_teacher.onnx"
    arguments = ["embedder", "--mode", "arcface", "--data", str(tiny_faces), "--out", str(tmp_path / "run")]
    arguments += ["--cache", str(tmp_path), "--set", f"teacher={teacher.resolve()}", "--set", "lr=1e-3"]
    code = main([*arguments, "--overfit", "--kimg", "0.06", "--batch", "2", "--device", "cpu", "--fp32"])
    assert code == 0
    text = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    first, last = (float(row.split('"E_loss": ')[1].split(",")[0]) for row in text if "E_loss" in row)
    assert last < 0.5 * first
