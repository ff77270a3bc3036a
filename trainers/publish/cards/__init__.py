"""What is said about each published network, one file for each: ``ghost-lite`` is ``ghost_lite.py``."""

from collections.abc import Mapping

from swapper import registry
from swapper.registry import Listing, named
from trainers.publish.cards.card import Card, card_text

__all__ = ["CARDS", "Card", "card_text"]

CARDS: Mapping[str, Card] = Listing(
    registry.SYSTEMS,
    lambda system: [
        (info.weights, named(f"{__name__}.{info.weights.replace('-', '_')}:CARD"))
        for info in system.networks
        if info.weights
    ],
)
"""By the name of the weights."""
