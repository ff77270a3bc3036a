"""The model card of a published network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Card:
    """Facts about one published network.

    Attributes:
        network: its name in the trainer.
        title: heading of the card.
        what: what it does, and where it comes from.
        use: what it is meant for.
        limits: where it fails.
        preset: what makes the published sizes in the class's ``Config``.
        example: shape of an input batch for the ONNX export; None for no export.
        outputs: names of the ONNX outputs.
        metadata: stored in the weights file (template, size); ``{name}`` stands for that setting of the recipe.
    """

    network: str
    title: str
    what: str
    use: str
    limits: str
    preset: str = "lite"
    example: tuple[int, ...] | None = None
    outputs: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


SWAP_LIMITS = (
    "Learned from a few thousand photographs by networks much smaller than the papers': likeness, sharpness and teeth "
    "fall short of published results, which the scores below state. Faces turned far to the side and hands or hair in "
    "front of the face are rare in its data. It inherits the biases of its data and of its identity network."
)


def card_text(
    name: str,
    card: Card,
    network: nn.Module,
    settings: Mapping[str, Any],
    scores: Mapping[str, float],
    licence: str,
    trained_on: str,
) -> str:
    """The model card in Markdown, with the Hub's front matter.

    Args:
        name: in the manifest.
        card: facts about the network.
        network: the published one.
        settings: the run's ``config.json``.
        scores: validation scores by name.
        licence: of the weights.
        trained_on: the data in one phrase.
    """
    rows = "\n".join(f"| {key} | {value} |" for key, value in scores.items())
    parameters = sum(p.numel() for p in network.parameters())
    mode = f" --mode {settings['recipe']['mode']}" if "mode" in settings["recipe"] else ""
    return f"""---
license: other
license_name: research-only
library_name: swapper
tags: [face-swapping]
---
# {card.title} (`{name}`)

{card.what}

- **Parameters**: {parameters:,}
- **Licence**: {licence}, because of the data.
- **Data**: {trained_on}; train split only. The photographs are not published.
- **Intended use**: {card.use}
- **Limits**: {card.limits}

## Scores (validation split: people the network has not seen)
| measure | value |
|---|---|
{rows}

## Recipe
`python -m trainers {settings["system"]}{mode} --preset {settings.get("preset", "lite")} --data DIR --out RUN`

```json
{json.dumps(settings["recipe"], indent=1)}
```
"""
