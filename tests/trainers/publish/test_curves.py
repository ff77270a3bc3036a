import json

import pytest

from trainers.__main__ import main
from trainers.publish.curves import BINS, series_of


def write_run(folder, losses):
    folder.mkdir()
    rows = [{"kimg": i + 1.0, "id": value} for i, value in enumerate(losses)]
    rows.append({"kimg": float(len(losses)), "val_gain": 0.5})
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_curves_of_runs_share_a_chart_and_name_each_run(tmp_path):
    runs = [str(write_run(tmp_path / name, [1.0, 0.5, 0.2])) for name in ("smooth", "arcface<16>")]
    out = tmp_path / "page.html"
    assert main(["curves", *runs, "--terms", "id", "val_gain", "--out", str(out)]) == 0
    page = out.read_text(encoding="utf-8")
    assert main(["curves", *runs, "--terms", "id", "--out", str(out)]) == 2 and out.read_text(encoding="utf-8") == page
    log = str(tmp_path / "smooth" / "log.jsonl")
    assert main(["curves", *runs, "--terms", "id", "--out", log, "--overwrite"]) == 2, "an input"
    assert main(["curves", *runs, "--terms", "id", "--out", str(out), "--overwrite"]) == 0
    assert page.count("<svg class=") == 2 and "arcface&lt;16&gt;" in page and "smooth" in page


def test_losses_are_averaged_over_parts_and_scores_are_not():
    rows = [{"kimg": float(i), "id": float(i % 2), "val_gain": float(i)} for i in range(1, 1001)]
    assert len(series_of(rows, "id")) == BINS
    assert all(abs(value - 0.5) < 0.1 for _, value in series_of(rows, "id"))
    assert series_of(rows, "val_gain")[2] == (3.0, 3.0)


@pytest.mark.parametrize(("terms", "said"), [(["nose"], "Unknown term"), (["id"], "no log.jsonl")])
def test_what_is_missing_is_said_and_nothing_is_written(terms, said, tmp_path, capsys):
    run = tmp_path / "empty" if said == "no log.jsonl" else write_run(tmp_path / "run", [1.0])
    assert main(["curves", str(run), "--terms", *terms, "--out", str(tmp_path / "page.html")]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "page.html").exists()
