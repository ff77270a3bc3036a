"""What is said about each published network, and the model card made of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from swapper.models.arcface import MobileFaceNet, MobileFaceNetConfig
from swapper.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig


@dataclass(frozen=True)
class Card:
    """Facts about one published network.

    Attributes:
        network: its name in the trainer.
        build: makes it with the published sizes.
        title: heading of the card.
        what: what it does, and where it comes from.
        use: what it is meant for.
        limits: where it fails.
        example: shape of an input batch for the ONNX export; None for no export.
        outputs: names of the ONNX outputs.
        metadata: stored in the weights file (template, size); ``{name}`` stands for that setting of the recipe.
    """

    network: str
    build: Callable[[], nn.Module]
    title: str
    what: str
    use: str
    limits: str
    example: tuple[int, ...] | None = None
    outputs: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


CARDS: dict[str, Card] = {
    "geometry-lite": Card(
        network="landmarks",
        build=lambda: LandmarkNetwork(LandmarkNetworkConfig.lite()),
        title="478-point face mesh network",
        what=(
            "Regresses 478 face mesh points (x, y, z; ten of them on the irises) and a face-presence logit from a "
            "128 px crop. Trained from scratch on labels made with the MediaPipe face mesh."
        ),
        use="Alignment, region masks, head pose, gaze and tracking inside Swapper.",
        limits=(
            "Heads turned beyond about 50 degrees are rare in its training data. The depth of hidden points is a "
            "guess. Labels are a model's output, not hand-made."
        ),
        example=(2, 3, 128, 128),
        outputs=("points", "presence"),
        metadata={"template": "ffhq", "size": "128"},
    ),
    "arcface-mobile": Card(
        network="embedder",
        build=lambda: MobileFaceNet(MobileFaceNetConfig.lite()),
        title="Mobile ArcFace encoder",
        what=(
            "A MobileFaceNet that tells people apart: 512 numbers a face, and the 512x7x7 map that MobileFaceSwap "
            "needs. Fine-tuned from, and distilled against, the MobileFaceNet of the npm package "
            "faceplugin-face-recognition-js 0.0.1 (MIT licence, model fr_feature), on crops that are cut by "
            "landmarks as well as by the detector, with blur, coding loss, noise and occlusion."
        ),
        use="Choosing faces by identity, conditioning the swappers, and measuring identity in their results.",
        limits=(
            "Much smaller than the networks used in the papers. It inherits the biases of the data behind the "
            "network it started from, which are not documented. Not for identifying people."
        ),
        example=(2, 3, 112, 112),
        outputs=("embedding", "feature_map"),
        metadata={"template": "arcface", "size": "112"},
    ),
}


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
`python -m trainers {settings["system"]} --preset lite --data DIR --out RUN`

```json
{json.dumps(settings["recipe"], indent=1)}
```
"""
