"""The command line's ``image`` command: what it writes, and how it says no."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from two_faces import TwoFaces, draw

from swapper.cli.main import main
from swapper.face_swap import networks


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two pictures in which the engine finds two faces each."""
    monkeypatch.setattr(networks, "CenterFaceDetector", TwoFaces)
    return [draw(tmp_path / f"{name}.png", seed=seed) for seed, name in enumerate(("source", "target"))]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_image_writes_a_picture_of_the_targets_size(photos, tmp_path, capsys, suffix):
    output = tmp_path / f"out{suffix}"
    assert main(["image", *photos, "-o", str(output), "--method", "warp", "--device", "cpu"]) == 0
    assert Image.open(output).size == (300, 200)
    printed = capsys.readouterr().out
    assert "swapped 2 of 2 faces on cpu" in printed and "swap " in printed


def test_several_sources_and_one_selected_face(photos, tmp_path):
    output = tmp_path / "out.png"
    assert main(["image", photos[0], *photos, "-o", str(output), "--select", "1", "--method", "warp", *UNMARKED]) == 0
    after, before = np.asarray(Image.open(output)), np.asarray(Image.open(photos[1]))
    assert np.array_equal(after[:, :100], before[:, :100])
    assert not np.array_equal(after, before)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": "missing.jpg"}, "missing.jpg': file not found"),
        ({"target": "missing.jpg"}, "missing.jpg': file not found"),
        ({"target": "notes.png"}, "notes.png': this is not a readable picture"),
        ({"source": "tiny.png"}, "tiny.png': no face was found"),
        ({"target": "tiny.png"}, "tiny.png': no face was found"),
        ({"output": "out.gif"}, "out.gif': the suffix"),
        ({"output": "out"}, "out': it has no suffix"),
        ({"output": "no/such/folder/out.png"}, "does not exist. Create it first"),
        ({"options": ["--method", "magic"]}, "Unknown method 'magic'. Choose one of: "),
        ({"options": ["--select", "2"]}, "2 faces were found, numbers 0 to 1"),
        ({"options": ["--select", "second"]}, "Give all, largest, or a face number"),
        ({"options": ["--device", "toaster"]}, "Unknown device 'toaster'"),
    ],
)
def test_unusable_input_ends_with_2_one_line_and_no_file(photos, tmp_path, capsys, change, said):
    (tmp_path / "notes.png").write_text("not a picture")
    draw(tmp_path / "tiny.png", 40, 40)
    there = set(tmp_path.iterdir())
    places = {name: str(tmp_path / change.get(name, usual)) for name, usual in PLACES.items()}
    arguments = [places["source"], places["target"], "-o", places["output"], "--method", "warp"]
    assert main(["image", *arguments, *change.get("options", [])]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
    assert said in captured.err
    assert not captured.out
    assert set(tmp_path.iterdir()) == there


UNMARKED = ["--no-mark", "--confirm-no-mark"]  # a watermark changes pixels everywhere
PLACES = {"source": "source.png", "target": "target.png", "output": "out.png"}


def test_an_existing_output_survives_a_failure(photos, tmp_path):
    output = tmp_path / "out.png"
    output.write_bytes(b"precious")
    assert main(["image", photos[0], str(tmp_path / "missing.png"), "-o", str(output)]) == 2
    assert output.read_bytes() == b"precious"


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_a_transparent_target_stays_transparent_where_the_format_holds_it(photos, tmp_path, capsys, suffix):
    before = np.dstack([np.asarray(Image.open(photos[1])), np.full((200, 300), 255, np.uint8)])
    before[:, 250:, 3] = 0
    before[150:, :, 3] = 100
    target, output = tmp_path / "cut out.png", tmp_path / f"out{suffix}"
    Image.fromarray(before).save(target)
    assert main(["image", photos[0], str(target), "-o", str(output), "--method", "warp", *UNMARKED]) == 0
    said, after = capsys.readouterr(), np.asarray(Image.open(output))
    if suffix == ".jpg":
        assert after.shape == (200, 300, 3) and (after[:140, 260:] > 245).all()
        assert "hold no transparency, so those parts are white in it. Choose PNG or WebP" in said.err
        return
    assert not said.err and (after[..., 3] == before[..., 3]).all()
    if suffix == ".png":
        assert (after[:, 250:] == before[:, 250:]).all(), "what is hidden stays as it is"
        assert (after[20:90, 20:90, :3] != before[20:90, 20:90, :3]).any()


def test_marks_and_label_on_a_transparent_picture(photos, tmp_path, capsys):
    before = np.dstack([np.asarray(Image.open(photos[1]).resize((600, 400))), np.zeros((400, 600), np.uint8)])
    before[:240, :, 3] = 255
    target, output = tmp_path / "cut out.png", tmp_path / "out.png"
    Image.fromarray(before).save(target)
    assert main(["image", photos[0], str(target), "-o", str(output), "--method", "warp", "--label"]) == 0
    after = np.asarray(Image.open(output))
    assert (after[380:395, 10:40, 3] == 255).any(), "the label is seen on transparent ground too"
    assert (after[:, 300:, 3] == before[:, 300:, 3]).all()
    capsys.readouterr()
    assert main(["provenance", str(output)]) == 0
    assert "watermark: found" in capsys.readouterr().out


def test_an_animation_says_that_its_first_frame_is_used(photos, tmp_path, capsys):
    frames = [Image.open(path) for path in (photos[1], photos[0])]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    target, output = str(tmp_path / "moving.gif"), str(tmp_path / "out.png")
    assert main(["image", photos[0], target, "-o", output, "--method", "warp"]) == 0
    assert "Its first one is used; swap it as a video for all" in capsys.readouterr().err


def test_kept_regions_stay_as_in_the_target(photos, tmp_path, capsys):
    usual, kept = tmp_path / "usual.png", tmp_path / "kept.png"
    command = ["image", *photos, "--method", "warp", "--restore", "none", *UNMARKED]
    assert main([*command, "-o", str(usual)]) == 0
    assert main([*command, "-o", str(kept), "--keep", "eyes", "skin"]) == 0
    before = np.asarray(Image.open(photos[1])).astype(int)
    changed = [(np.abs(np.asarray(Image.open(path)) - before).max(2) > 3).sum() for path in (usual, kept)]
    assert 0 < changed[1] < 0.6 * changed[0]
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main([*command, "-o", str(kept), "--keep", "ears"])
    assert main([*command, "-o", str(kept), "--overwrite", "--keep", "eyes", "brows", "nose", "mouth", "skin"]) == 2
    assert "every region is kept, so nothing would change" in capsys.readouterr().err
