"""Commands that load networks settle first how many threads those get."""

from pathlib import Path

import pytest

from swapper.cli.main import main
from swapper.errors import UserError

PORTRAITS = Path(__file__).parents[2] / "examples" / "portraits"
SOURCE = str(PORTRAITS / "02.jpg")
COMMANDS = {
    "image": [SOURCE, SOURCE, "-o", "out.png"],
    "video": [SOURCE, "in.mp4", "-o", "out.mp4"],
    "export": [SOURCE, "-o", "out.onnx"],
    "gallery": [str(PORTRAITS), "-o", "out.safetensors"],
    "bench": [],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_threads_are_settled_before_networks_are_loaded(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def settle() -> None:
        raise UserError("settled")

    def load(*_: object, **__: object) -> None:
        raise UserError("loaded")

    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.mp4").write_bytes(b"a video")
    monkeypatch.setattr("swapper.runtime.threads.settle_threads", settle)
    for cls in ("swapper.pipeline.FaceSwapper", "swapper.methods.mobilefaceswap.MobileFaceSwapMethod"):
        monkeypatch.setattr(f"{cls}.__init__", load)
    assert main([command, *COMMANDS[command]]) == 2
    assert "settled" in capsys.readouterr().err
