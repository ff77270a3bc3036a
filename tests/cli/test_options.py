import pytest

from swapper.cli.main import parser
from swapper.cli.options import blend_settings
from swapper.compose.settings import BlendSettings
from swapper.restore.default import default_restorer
from swapper.types import UserError


@pytest.mark.parametrize(("command", "moving"), [("image", False), ("video", True)])
def test_restoration(command, moving, capsys):
    words = [command, "a.jpg", "b.mp4", "-o", "c.mp4"]
    assert parser().parse_args(words).restore == default_restorer(moving)
    assert parser().parse_args([*words, "--restore", "gfpgan"]).restore == "gfpgan"
    with pytest.raises(SystemExit):
        parser().parse_args([command, "--help"])
    assert f"{default_restorer(moving)} when not given" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", ["image", "video"])
def test_blend_options(command):
    words = [command, "a.jpg", "b.mp4", "-o", "c.mp4"]
    assert blend_settings(parser().parse_args(words)) == BlendSettings()
    args = parser().parse_args([*words, "--no-occluders", "--detail", "0.3"])
    assert blend_settings(args) == BlendSettings(occluders=False, detail=0.3)
    with pytest.raises(UserError, match="detail"):
        blend_settings(parser().parse_args([*words, "--detail", "7"]))
