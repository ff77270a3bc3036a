"""The command line's ``compare`` command: what it writes, and how it says no."""

import json
import shutil

import pytest

from swapper.cli.main import main


@pytest.fixture
def folders(portraits, tmp_path, monkeypatch) -> list[str]:
    """Options with a folder of one source and a folder of two targets, one of which is no picture."""
    monkeypatch.setenv("SWAPPER_MARK", "off")
    for name, photo in zip(("sources", "targets"), portraits[:2], strict=True):
        (tmp_path / name).mkdir()
        shutil.copy(photo, tmp_path / name)
    (tmp_path / "targets" / "notes.txt").write_text("no picture")
    return ["--sources", str(tmp_path / "sources"), "--targets", str(tmp_path / "targets")]


@pytest.mark.slow
def test_a_report_is_written(folders, tmp_path, capsys):
    report = tmp_path / "report"
    assert main(["compare", *folders, "--methods", "warp", "-o", str(report), "--device", "cpu"]) == 0
    names = {path.name for path in report.iterdir()}
    assert names == {"report.json", "report.md", "report.csv", "report.html", "contact_sheet.jpg"}
    data = json.loads((report / "report.json").read_text())
    assert [method["name"] for method in data["methods"]] == ["target unchanged", "source pasted", "warp"]
    assert data["about"]["pairs"] == 1
    captured = capsys.readouterr()
    assert "left out: Picture" in captured.err and "notes.txt" in captured.err
    assert "1 pairs of 1 sources and 1 targets" in captured.err and "swap 1 of 3" in captured.err
    assert "ID retrieval" in captured.out and "flatters that method" in captured.out and "Wilson" in captured.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--methods", "magic"], "Unknown method 'magic'. Choose one of: "),
        (["--methods", "warp", "--pairs", "0"], "--pairs must be 1 or more, not 0"),
        (["--methods", "warp", "--sources", "missing"], "Photos 'missing': folder not found"),
        (["--methods", "warp", "--device", "toaster"], "Unknown device 'toaster'"),
        (["--methods", "warp", "--result", "missing.png"], "missing.png"),
    ],
)
def test_unusable_options_end_with_2_and_no_file(folders, tmp_path, capsys, options, said):
    assert main(["compare", *folders, "-o", str(tmp_path / "report"), *options]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1 and said in captured.err
    assert not (tmp_path / "report").exists()


def test_one_photo_on_both_sides_is_refused(folders, tmp_path, capsys):
    same = ["--sources", folders[1], "--targets", folders[1]]
    assert main(["compare", *same, "--methods", "warp", "-o", str(tmp_path / "report")]) == 2
    assert "Sources and targets are the same photo." in capsys.readouterr().err
