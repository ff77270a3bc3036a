import pytest

from swapper.cli.main import parser
from swapper.cli.options import blend_settings
from swapper.compose.settings import BlendSettings
from swapper.types import UserError


@pytest.mark.parametrize("command", ["image", "video"])
def test_blend_options(command):
    words = [command, "a.jpg", "b.mp4", "-o", "c.mp4"]
    assert blend_settings(parser().parse_args(words)) == BlendSettings()
    args = parser().parse_args([*words, "--no-occluders", "--detail", "0.3"])
    assert blend_settings(args) == BlendSettings(occluders=False, detail=0.3)
    with pytest.raises(UserError, match="detail"):
        blend_settings(parser().parse_args([*words, "--detail", "7"]))
