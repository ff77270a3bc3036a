from pathlib import Path

import pytest

from swapper.cli.main import parser
from swapper.cli.options import blend_settings, saved_settings
from swapper.compose.preset import Preset, read_preset
from swapper.compose.settings import BlendSettings
from swapper.restore.default import default_restorer
from swapper.types import UserError
from swapper.video.job import VideoSettings


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


def test_videos_are_written_as_from_python_and_as_saved_settings_have_it():
    args, usual, saved_ones = parser().parse_args(["video", "a.jpg", "b.mp4", "-o", "c.mp4"]), VideoSettings(), Preset()
    assert VideoSettings(args.start, args.end, args.quality, args.steadiness, args.fps, args.encoder) == usual
    assert (saved_ones.quality, saved_ones.steadiness, saved_ones.encoder) == (
        usual.quality,
        usual.steadiness,
        usual.encoder,
    )


def saved(folder: Path, **settings) -> str:
    return str(Preset.from_values(settings).write(folder / "look.json"))


def test_saved_frame_rates_and_encoders_count(tmp_path):
    words = ["video", "a.jpg", "b.mp4", "-o", "c.mp4", "--settings"]
    for saving, more, expected in (
        ({"fps": 15, "encoder": "av1"}, [], (15, "av1")),
        ({"fps": 15, "encoder": "av1"}, ["--fps", "25", "--encoder", "h265"], (25, "h265")),
        ({"fps": 0}, [], (None, "usual")),
    ):
        given = [*words, saved(tmp_path, **saving), *more]
        args = parser("video", saved_settings(parser().parse_args(given))).parse_args(given)
        assert (args.fps, args.encoder) == expected
    given = ["image", "a.jpg", "b.jpg", "-o", "c.png", "--settings", saved(tmp_path, fps=15, encoder="av1")]
    assert {"fps", "encoder"}.isdisjoint(saved_settings(parser().parse_args(given)))
    for wrong in ({"fps": 0.5}, {"fps": 241}, {"encoder": "x264"}):
        with pytest.raises(UserError):
            saved(tmp_path, **wrong)


@pytest.mark.parametrize(("command", "quality"), [("image", None), ("video", 23), ("batch", 23)])
def test_saved_settings_count_less_than_what_is_said(command, quality, tmp_path):
    look = saved(tmp_path, method="warp", restore="none", feather=2.5, detail=0.1, occluders=False, quality=23)
    files = ["folder"] if command == "batch" else ["a.jpg", "b.mp4"]
    words = [command, *files, "-o", "c.mp4", "--detail", "0.4", "--settings", look]
    args = parser(command, saved_settings(parser().parse_args(words))).parse_args(words)
    assert (args.method, args.restore, getattr(args, "quality", None)) == ("warp", "none", quality)
    assert blend_settings(args) == BlendSettings(feather=2.5, detail=0.4, occluders=False)


def test_settings_of_another_kind_are_refused(tmp_path):
    for text, said in (
        ("", "not a file of saved settings"),
        ('{"feather": 1}', "not a file of saved settings"),
        ('{"swapper settings": 2, "feather": 1}', "another version of the app saved them"),
        ('{"swapper settings": 1, "feathers": 1}', "'feathers' does not exist"),
        ('{"swapper settings": 1, "feather": 9}', "feather"),
        ('{"swapper settings": 1, "method": "magic"}', "Unknown method 'magic'"),
        ('{"swapper settings": 1, "restore": "magic"}', "Unknown restoration 'magic'"),
    ):
        (tmp_path / "look.json").write_text(text)
        with pytest.raises(UserError, match=said):
            read_preset(tmp_path / "look.json")
    with pytest.raises(UserError, match="cannot be read"):
        read_preset(tmp_path / "none.json")


def test_saved_settings_come_back_as_they_were(tmp_path):
    look = Preset("warp", "none", BlendSettings(likeness=1.2, adapt=False, keep=("nose",)), 0.5, 28, 15, "h265")
    assert read_preset(look.write(tmp_path / "look.json")) == look
