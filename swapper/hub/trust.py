"""Unverified weights: which a choice needs, and that somebody has to say that they trust whoever publishes them."""

from collections.abc import Iterable

from swapper.hub.files import resolve, untrusted
from swapper.hub.manifest import WeightEntry, entries


def unverified(weights: Iterable[str]) -> list[WeightEntry]:
    """The rows of weights of which nobody can be sure that they are the right files.

    Args:
        weights: names; those that the manifest does not list are the user's own, and count as trusted.
    """
    rows = {row.name: row for row in entries()}
    return [rows[name] for name in dict.fromkeys(weights) if name in rows and rows[name].doubt]


def settle_trust(weights: Iterable[str], trust: bool) -> None:
    """Refuse unverified weights that nobody trusts, and download those that somebody does.

    Args:
        weights: names.
        trust: somebody has said so.

    Raises:
        UserError: one of them is unverified and not trusted, or cannot be downloaded.
    """
    for row in unverified(weights):
        if not trust:
            raise untrusted(row, "add --trust.")
        resolve(row.name, trust=True)
