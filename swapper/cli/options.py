"""Options of the commands that say how a swapped face is blended in."""

import argparse
from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swapper.compose.settings import BlendSettings

_AMOUNTS = (  # name, unit, what it says
    ("likeness", "AMOUNT", "0 leaves the target's identity, 1 gives the source's, up to 1.5 goes beyond it"),
    (
        "expression",
        "SHARE",
        "how far lids, irises, brows and lips in photos are moved to where the target has them, 0 to 1",
    ),
    ("light", "SHARE", "how far tints and, in photos, light and shade become the target's, 0 to 1"),
    ("detail", "SHARE", "of the target's pores, lashes and grain that a swapped face keeps, 0 to 1"),
)


def add_blend_options(p: argparse.ArgumentParser) -> None:
    """Add ``--likeness``, ``--expression``, ``--light``, ``--detail`` and ``--no-occluders``.

    ``blend_settings`` reads them.

    Args:
        p: of a command that swaps.
    """
    for name, unit, does in _AMOUNTS:
        p.add_argument(
            f"--{name}", type=float, default=argparse.SUPPRESS, metavar=unit, help=f"{does}; 1 when not given"
        )
    p.add_argument(
        "--no-occluders",
        dest="occluders",
        action="store_false",
        help="swap over glasses, hair, hands and other things in front of a face too",
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
