"""From a run to shipped weights: scores, curves, cards."""
