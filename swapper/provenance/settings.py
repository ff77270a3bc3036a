"""How files are marked, from environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from swapper.errors import UserError

DEFAULT_LABEL = "AI face swap"
_YES, _NO = ("1", "on", "true", "yes"), ("0", "off", "false", "no")


@dataclass(frozen=True)
class MarkSettings:
    """What is added to the files that are written.

    Attributes:
        mark: content credentials and the watermark; ``SWAPPER_MARK`` (on or off).
        label: words drawn into a corner of the picture, none when empty; ``SWAPPER_LABEL``.
        certificate: chain in PEM, the signer's own first, instead of the one made here; ``SWAPPER_CERTIFICATE``.
        key: its private key in PEM, unencrypted; ``SWAPPER_CERTIFICATE_KEY``.
        folder: where the installation's own certificate and key lie; ``SWAPPER_SIGNING_FOLDER``.
    """

    mark: bool = True
    label: str = ""
    certificate: Path | None = None
    key: Path | None = None
    folder: Path = field(default_factory=lambda: Path("~/.config/swapper/signing").expanduser())

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "MarkSettings":
        """The defaults, overridden by environment variables.

        Args:
            environ: variables; the process's own when None.

        Raises:
            UserError: a variable that cannot be used.
        """
        environ = os.environ if environ is None else environ
        certificate, key = (_file(environ, f"SWAPPER_{name}") for name in ("CERTIFICATE", "CERTIFICATE_KEY"))
        if (certificate is None) != (key is None):
            raise UserError("SWAPPER_CERTIFICATE and SWAPPER_CERTIFICATE_KEY: only one of them is set. Set both.")
        home = Path(environ.get("XDG_CONFIG_HOME") or "~/.config")
        return cls(
            mark=_switch(environ, "SWAPPER_MARK"),
            label=environ.get("SWAPPER_LABEL", ""),
            certificate=certificate,
            key=key,
            folder=Path(environ.get("SWAPPER_SIGNING_FOLDER") or home / "swapper" / "signing").expanduser(),
        )


def _switch(environ: Mapping[str, str], variable: str) -> bool:
    text = environ.get(variable, "").strip().lower() or "on"
    if text not in _YES + _NO:
        raise UserError(f"Environment variable {variable}: '{text}' must be on or off. Correct or unset it.")
    return text in _YES


def _file(environ: Mapping[str, str], variable: str) -> Path | None:
    if not environ.get(variable):
        return None
    path = Path(environ[variable]).expanduser()
    if not path.is_file():
        raise UserError(f"Environment variable {variable}: file '{path}' not found. Correct or unset it.")
    return path
