"""Saved settings of a swap, method and restoration among them, as a file that app and command line take."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from swapper.compose.settings import BlendSettings, check_blend_setting
from swapper.errors import UserError
from swapper.registry import find_method, find_restorer
from swapper.registry.encoders import USUAL, check_encoder
from swapper.registry.upscalers import find_upscaler
from swapper.runtime import values

MARK = "swapper settings"  # key that tells such a file from others
VERSION = 1
OTHER_VERSION = "Settings '{name}': another version of the app saved them. Save them again in this one."
NOT_A_FILE = "Settings '{name}': this is not a file of saved settings. Save one under Settings in the app."
UNREADABLE = "Settings '{name}': the file cannot be read ({reason}). Check the path."
NO_SETTINGS = "Settings: {found} is not an object of settings by name. Give one."
NO_SETTING = "Settings: '{name}' does not exist. Choose from: {known}."
_MOST_BYTES = 100_000


@dataclass(frozen=True)
class Preset:
    """Saved settings.

    Raises:
        UserError: a value that cannot be.
    """

    method: str = ""  # the recommended one when empty
    restore: str = ""  # the usual one when empty
    blend: BlendSettings = field(default_factory=BlendSettings)
    steadiness: float = 1.0  # of faces in videos, 0..1
    quality: int = 18  # of videos, constant rate factor, 0 (best)..51
    fps: float = 0.0  # of videos, frames a second at most, 1..240; 0 as in the video
    encoder: str = USUAL  # of videos
    upscale: str = "none"  # enlarges the whole result, of photos

    def __post_init__(self):
        if values.text("Method", self.method):
            find_method(self.method)
        if values.text("Restoration", self.restore):
            find_restorer(self.restore)
        find_upscaler(values.text("Upscaling", self.upscale))
        values.number("Steadiness", self.steadiness, 0, 1)
        values.whole("Quality", self.quality, 0, 51)
        if values.number("Frame rate", self.fps, 0, 240):
            values.number("Frame rate", self.fps, 1, 240)
        check_encoder(values.text("Encoder", self.encoder))

    @classmethod
    def from_values(cls, given: Any) -> "Preset":
        """From settings by name, those of blending among the others; what is left out is as usual.

        Args:
            given: anything.

        Raises:
            UserError: there is no such setting, or a value that cannot be.
        """
        if not isinstance(given, dict):
            raise UserError(NO_SETTINGS.format(found=values.shown(given)))
        own = [one.name for one in fields(cls) if one.name != "blend"]
        blend = [one.name for one in fields(BlendSettings)]
        for name, value in given.items():
            if name in blend:
                check_blend_setting(name, value)
            elif name not in own:
                raise UserError(NO_SETTING.format(name=str(name)[:40], known=", ".join([*own, *blend])))
        blending = BlendSettings(**{name: given[name] for name in blend if name in given})
        return cls(blend=blending, **{name: given[name] for name in own if name in given})

    def values(self) -> dict[str, Any]:
        """Settings by name, those of blending among the others; lists for tuples, as in the file."""
        whole = asdict(self)
        found = {**{name: value for name, value in whole.items() if name != "blend"}, **whole["blend"]}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}

    def write(self, path: Path) -> Path:
        """Write the file; returns its path.

        Args:
            path: of the file.
        """
        path.write_text(self.text(), encoding="utf-8")
        return path

    def text(self) -> str:
        """What is in the file."""
        return json.dumps({MARK: VERSION, **self.values()}, indent=2) + "\n"


def read_preset(path: Path) -> Preset:
    """Read a file of saved settings.

    Args:
        path: of the file.

    Raises:
        UserError: it cannot be read, is something else, or holds what cannot be.
    """
    try:
        text = path.read_bytes()[:_MOST_BYTES].decode("utf-8")
    except OSError as error:
        raise UserError(UNREADABLE.format(name=path, reason=error.strerror)) from error
    except UnicodeDecodeError as error:
        raise UserError(NOT_A_FILE.format(name=path)) from error
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(NOT_A_FILE.format(name=path)) from error
    version = given.pop(MARK, None) if isinstance(given, dict) else None
    if version is None:
        raise UserError(NOT_A_FILE.format(name=path))
    if version != VERSION:
        raise UserError(OTHER_VERSION.format(name=path))
    return Preset.from_values(given)
