"""Weights of which nobody can be sure: what is said of them, and that somebody has to trust them."""

from pathlib import Path

import pytest
from fake_hub import CONTENT, REPO, FakeHub, list_file

from swapper import hub
from swapper.cli.main import main
from swapper.registry import needed_weights
from swapper.types import UserError


def test_a_checksum_that_one_alone_states_is_checked_and_not_trusted(
    server: FakeHub, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    list_file(shipped, unverified="its SHA-256 is on record in one place only")
    server.files[REPO, "nets/net.onnx"] = CONTENT
    with pytest.raises(UserError, match=r"unverified, since its SHA-256 is on record in one place only \(nothing"):
        hub.resolve("net")
    with pytest.raises(UserError, match=r"If you trust someone/models, add --trust\."):
        hub.settle_trust(["net"], trust=False)
    assert not server.asked
    hub.settle_trust(["net", "mine"], trust=True)
    assert hub.resolve("net").read_bytes() == CONTENT
    assert main(["weights", "verify"]) == 0
    assert "net: here, but unverified: its SHA-256 is on record in one place only" in capsys.readouterr().out


def test_a_wrong_file_is_refused_even_where_it_is_trusted(server: FakeHub, shipped: Path) -> None:
    list_file(shipped, unverified="no commit of its publisher is on record")
    server.files[REPO, "nets/net.onnx"] = CONTENT[::-1]
    with pytest.raises(UserError, match="is corrupt or is a different file"):
        hub.settle_trust(["net"], trust=True)


def test_what_is_verified_needs_no_word(shipped: Path) -> None:
    list_file(shipped)
    hub.settle_trust(["net"], trust=False)
    assert hub.unverified(["net"]) == []


def test_choices_need_the_files_that_they_load() -> None:
    assert needed_weights([None, "warp", "nothing", "onnx:ghost_2_256"]) == [
        "ghost_2_256",
        "w600k_r50",
        "crossface_ghost",
    ]
    assert needed_weights(["onnx:uniface_256", "onnx:uniface_256"], ["none", None, "gfpgan"]) == [
        "uniface_256",
        "gfpgan",
        "gfpgan_1.4",
    ]


@pytest.mark.parametrize("command", ["image", "video", "compare", "interpolate", "batch", "bench"])
def test_every_command_asks_for_trust(
    command: str, portraits: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, out = str(portraits[0]), str(tmp_path / "out")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(portraits[1].read_bytes())
    folder = str(tmp_path / "photos")
    commands = {
        "image": ["image", photo, photo, "-o", f"{out}.png", "--method", "onnx:ghost_2_256"],
        "video": ["video", photo, str(tmp_path / "clip.mp4"), "-o", f"{out}.mp4", "--method", "onnx:ghost_2_256"],
        "compare": [
            "compare",
            "--sources",
            folder,
            "--targets",
            folder,
            "-o",
            out,
            "--methods",
            "warp,onnx:uniface_256",
        ],
        "interpolate": ["interpolate", photo, photo, photo, "-o", out, "--method", "onnx:ghost_2_256"],
        "bench": ["bench", "--quick", "--method", "onnx:ghost_2_256"],
        "batch": ["batch", folder, "-o", out, "--source", photo, "--method", "onnx:ghost_2_256"],
    }
    (tmp_path / "clip.mp4").write_bytes(b"not looked at before that")
    assert main(commands[command]) == 2
    said = capsys.readouterr().err
    assert "is unverified, since" in said and said.rstrip().endswith("add --trust.") and not Path(out).exists()
