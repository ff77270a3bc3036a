"""Our networks for the Hub's own client, under the name that cards and README give."""

from swapper.hub.pretrained import PRETRAINED

__all__ = ["PRETRAINED"]
