"""Options of the commands that say how a swapped face is blended in."""

import argparse
from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swapper.compose.settings import BlendSettings

_AMOUNTS = (  # name, unit, what it says
    ("likeness", "AMOUNT", "0 keeps the target's identity, 1 uses the source's, up to 1.5 exaggerates it"),
    (
        "expression",
        "SHARE",
        "how closely lids, irises, brows and lips in photos follow the target's, 0 to 1",
    ),
    ("light", "SHARE", "how closely tint and, in photos, light and shade follow the target's, 0 to 1"),
    ("detail", "SHARE", "share of the target's pores, lashes and grain that the face takes on, 0 to 1"),
)


def add_blend_options(p: argparse.ArgumentParser) -> None:
    """Add ``--likeness``, ``--expression``, ``--light``, ``--detail`` and ``--no-occluders``.

    ``blend_settings`` reads them.

    Args:
        p: of a command that swaps.
    """
    for name, unit, does in _AMOUNTS:
        p.add_argument(f"--{name}", type=float, default=argparse.SUPPRESS, metavar=unit, help=f"{does} (default: 1)")
    p.add_argument(
        "--no-occluders",
        dest="occluders",
        action="store_false",
        help="also swap over glasses, hair, hands and other things in front of a face",
    )


def blend_settings(args: argparse.Namespace) -> "BlendSettings":
    """The settings that a command was given.

    Args:
        args: of a parser with ``add_blend_options``.

    Raises:
        UserError: a value out of its range.
    """
    from swapper.compose.settings import BlendSettings

    given = {field.name: getattr(args, field.name) for field in fields(BlendSettings) if field.name in args}
    return BlendSettings(**given)
