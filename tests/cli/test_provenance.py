"""The ``provenance`` command and the options of ``image`` that say how the result is marked."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from textures import texture
from two_faces import TwoFaces, draw

from swapper.cli.main import main
from swapper.errors import UserError
from swapper.face_swap import networks
from swapper.provenance import Origin, sign_file, write_marked_image
from swapper.provenance.watermark import add_mark


@pytest.fixture
def image_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that writes out.png."""
    monkeypatch.setattr(networks, "CenterFaceDetector", TwoFaces)
    photos = [draw(tmp_path / f"{name}.png", seed=seed) for seed, name in enumerate(("source", "target"))]
    return ["image", *photos, "-o", str(tmp_path / "out.png"), "--method", "warp", "--device", "cpu"]


def test_the_image_command_marks_by_default(image_command, tmp_path, capsys):
    assert main(image_command) == 0
    assert capsys.readouterr().err == ""
    assert main(["provenance", str(tmp_path / "out.png")]) == 0
    credentials, watermark = capsys.readouterr().out.splitlines()
    assert credentials.startswith("content credentials: valid, signed by this installation; made with Swapper")
    assert "method warp, restoration renovation; composite" in credentials
    assert watermark.startswith("watermark: found, by Swapper, method warp (score ")


def test_no_mark_needs_a_confirmation(image_command, tmp_path, capsys):
    assert main([*image_command, "--no-mark"]) == 2
    assert "Add --confirm-no-mark" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()
    assert main([*image_command, "--no-mark", "--confirm-no-mark"]) == 0
    capsys.readouterr()
    assert main(["provenance", str(tmp_path / "out.png")]) == 3
    assert capsys.readouterr().out == "content credentials: none\nwatermark: none\n"


def test_label_option(image_command, tmp_path):
    unmarked = ["--no-mark", "--confirm-no-mark"]
    pictures = []
    for options in ([], ["--label"], ["--label", "made up"]):
        assert main([*image_command, *unmarked, *options, "--overwrite"]) == 0
        pictures.append(np.array(Image.open(tmp_path / "out.png")))
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[1], pictures[2])


def test_stripped_credentials_leave_the_watermark(tmp_path, capsys):
    path = write_marked_image(texture(3, 256), tmp_path / "a.png", Origin("ghost")).path
    Image.open(path).convert("RGB").save(tmp_path / "b.jpg", quality=80)
    assert main(["provenance", str(tmp_path / "b.jpg")]) == 0
    said = capsys.readouterr().out
    assert "content credentials: none" in said and "method ghost" in said


def test_tampering_ends_with_2(tmp_path, capsys):
    path = write_marked_image(texture(3, 256), tmp_path / "a.jpg", Origin("ghost")).path
    data = bytearray(path.read_bytes())
    data[-500] ^= 1
    path.write_bytes(data)
    assert main(["provenance", str(path)]) == 2
    assert "INVALID, the file was changed after signing" in capsys.readouterr().out


def test_credentials_moved_to_another_picture_are_invalid(tmp_path, capsys):
    genuine = write_marked_image(texture(3, 256), tmp_path / "a.png", Origin("ghost")).path.read_bytes()
    at = genuine.index(b"caBX") - 4
    part = genuine[at : at + int.from_bytes(genuine[at : at + 4], "big") + 12]
    Image.fromarray(texture(4, 256)).save(tmp_path / "b.png")
    other = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(other[:33] + part + other[33:])
    assert main(["provenance", str(tmp_path / "b.png")]) == 2
    assert "INVALID" in capsys.readouterr().out


def test_watermark_and_credentials_of_a_video(tmp_path, capsys):
    """H.264 at the encoder's default quality; a still picture that moves a little."""
    path, still, origin = tmp_path / "clip.mp4", texture(8, 352, 1.5), Origin("mobilefaceswap")
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 320
        stream.pix_fmt = "yuv420p"
        for step in range(12):
            frame = add_mark(np.ascontiguousarray(still[step : step + 320, 2 * step : 2 * step + 320]), origin.message)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    assert sign_file(path, origin) is None
    assert main(["provenance", str(path)]) == 0
    said = capsys.readouterr().out
    assert "content credentials: valid" in said
    assert "watermark: found, by Swapper, method mobilefaceswap" in said


def test_json(tmp_path, capsys):
    path = write_marked_image(texture(3, 256), tmp_path / "a.webp", Origin("ghost")).path
    assert main(["provenance", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["credentials"]["valid"] and said["credentials"]["swap"]["method"] == "ghost"
    assert said["watermark"]["message"] == 0x103


def test_help_tells_no_mark_from_wrong_usage(capsys):
    with pytest.raises(SystemExit):
        main(["provenance", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "3 when there is no mark; 2 when the file was changed" in said and "for wrong arguments" in said


def test_credentials_that_cannot_be_looked_for_are_not_absent(tmp_path, capsys, monkeypatch):
    def refuse(_path):
        raise UserError("Content credentials: c2pa-python cannot be used (none). Install it again.")

    monkeypatch.setattr("swapper.provenance.credentials.read_credentials", refuse)
    Image.new("RGB", (300, 200), "teal").save(tmp_path / "plain.png")
    assert main(["provenance", str(tmp_path / "plain.png")]) == 2
    assert "Install it again" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["missing.png", "notes.txt", "."])
def test_unusable_files_end_with_2_and_one_line(tmp_path, capsys, name):
    (tmp_path / "notes.txt").write_text("not a picture")
    assert main(["provenance", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
