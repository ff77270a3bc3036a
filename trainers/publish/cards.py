"""What is said about each published network, and the model card made of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from swapper.models.arcface import MobileFaceNet, MobileFaceNetConfig
from swapper.models.ghost import AEINet, AEINetConfig
from swapper.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig
from swapper.models.mobilefaceswap import IdentityInjectionNetworkConfig, MobileFaceSwap
from swapper.models.ncsnpp import NCSNppConfig
from swapper.models.occlusion import OcclusionNetwork, OcclusionNetworkConfig
from swapper.models.quality import QualityNetwork, QualityNetworkConfig
from swapper.models.rafswap import RAFSwap, RAFSwapConfig
from swapper.models.renovation import RenovationGenerator, RenovationGeneratorConfig
from swapper.models.simswap import SimSwapGenerator, SimSwapGeneratorConfig
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder, SmoothIdentityEmbedderConfig
from swapper.models.stylegan2 import StyleGAN2Config, StyleGAN2Generator


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


_SWAP_LIMITS = (
    "Learned from a few thousand photographs by networks much smaller than the papers': likeness, sharpness and teeth "
    "fall short of published results, which the scores below state. Faces turned far to the side and hands or hair in "
    "front of the face are rare in its data. It inherits the biases of its data and of its identity network."
)

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
    "occlusion-lite": Card(
        network="occlusion",
        build=lambda: OcclusionNetwork(OcclusionNetworkConfig.lite()),
        title="Face occlusion network",
        what=(
            "Tells what lies in front of a face (glasses, hair, hands, microphones, masks) from the face, pixel by "
            "pixel, in a 128 px crop: a small U-Net. It has seen drawn things only, over photographs."
        ),
        use="Keeping what is in front of a face there when the face is swapped.",
        limits=(
            "Things unlike any of those drawn may be missed, and deep shadows or heavy make-up taken for something. "
            "Where nobody labelled photographs, its scores are those on drawn things."
        ),
        example=(2, 3, 128, 128),
        outputs=("logits",),
        metadata={"template": "tight", "size": "128"},
    ),
    "ghost-lite": Card(
        network="generator",
        build=lambda: AEINet(AEINetConfig.lite()),
        title="GHOST: narrow AEI-Net",
        what=(
            "Redraws a face with another person's identity: the target's attribute maps decide per pixel against the "
            "source's embedding. The structure is that of GHOST (IEEE Access 2022) and FaceShifter (CVPR 2020), the "
            "widths are smaller; trained from scratch with their losses in two stages, mostly on pairs whose answer is "
            "known because one photo was made from another by a warp (trainers/data/warped.py). The pupils' heatmaps "
            "come from `geometry-lite`, identity from `arcface-mobile`."
        ),
        use="Swapping faces of consenting people, and teaching `mobilefaceswap-lite`.",
        limits=_SWAP_LIMITS,
        metadata={"template": "{template}", "size": "{size}"},
    ),
    "simswap-lite": Card(
        network="generator",
        build=lambda: SimSwapGenerator(SimSwapGeneratorConfig.lite_128()),
        title="SimSwap: narrow ID injection generator",
        what=(
            "Writes a person's identity into the features of a target face and draws them again. The structure is that "
            "of SimSwap (ACM MM 2020), the widths are smaller; trained from scratch with its losses (identity, "
            "reconstruction, weak feature matching, hinge GAN). Identity comes from `arcface-mobile`."
        ),
        use="Swapping faces of consenting people where expression and light matter more than likeness.",
        limits=_SWAP_LIMITS,
        metadata={"template": "{template}", "size": "{size}"},
    ),
    "mobilefaceswap-lite": Card(
        network="student",
        build=lambda: MobileFaceSwap(IdentityInjectionNetworkConfig.lite()),
        title="MobileFaceSwap: IDN of the published size, narrow IIN",
        what=(
            "Writes, once per person, the weights of a half-million-parameter network that then swaps this person onto "
            "any face in real time. The structure is that of MobileFaceSwap (AAAI 2022); trained from scratch. The "
            "recipe below says whether directly or by distillation. Identity comes from `arcface-mobile`."
        ),
        use="Swapping faces of consenting people in video and live on ordinary machines.",
        limits=_SWAP_LIMITS,
        metadata={"template": "{template}", "size": "{size}"},
    ),
    "quality-lite": Card(
        network="quality",
        build=lambda: QualityNetwork(QualityNetworkConfig.lite()),
        title="Q-Net: how far a teacher's training had come",
        what=(
            "A narrow ResNet that tells from a swapped face at which share of the teacher's training it was drawn. "
            "MobileFaceSwap (AAAI 2022), section 3.3, weighs the teacher's pictures with it."
        ),
        use="Weighing samples when a student is distilled from the same teacher.",
        limits="Knows the flaws of one teacher only. It is no measure of picture quality in general.",
    ),
    "smooth-embedder-lite": Card(
        network="embedder",
        build=lambda: SmoothIdentityEmbedder(SmoothIdentityEmbedderConfig.lite()),
        title="Smooth identity embedder",
        what=(
            "Tells who a whole face shows, as a unit vector that changes little by little from person to person. "
            "Trained with the supervised contrastive loss of Smooth-Swap (CVPR 2022), section 3.1; its trunk starts "
            "from the mobile ArcFace encoder's, and the relations between photos that this one sees are held on to."
        ),
        use="Steering Smooth-Swap, interpolating between two people, and judging swaps by another eye than ArcFace's.",
        limits=(
            "Few people were there to learn from (232 with names), thousands in the paper. It sees hair and "
            "background too. Not for identifying people."
        ),
        metadata={"template": "ffhq", "size": "256"},
    ),
    "smoothswap-lite": Card(
        network="generator",
        build=lambda: NCSNppGenerator(NCSNppConfig.lite()),
        title="Smooth-Swap, narrow",
        what=(
            "Draws the target anew as another person, the shape of the face too: an NCSN++ U-Net steered by the "
            "smooth identity embedder. Smooth-Swap (CVPR 2022): identity, change and adversarial loss; for want of "
            "images also pairs with a known answer, and ArcFace as a second judge."
        ),
        use="Face swapping in Swapper, on consenting people, marked as such; interpolating between two people.",
        limits=(
            "Narrow and trained on few photos, a hundredth of the paper's steps: its faces look natural and are less "
            "like the source than other methods'. Not for identifying people."
        ),
        metadata={"template": "{template}", "size": "{size}"},
    ),
    "stylegan2-lite": Card(
        network="generator",
        build=lambda: StyleGAN2Generator(StyleGAN2Config.lite()),
        title="StyleGAN2, narrow",
        what=(
            "Draws faces of people who do not exist. StyleGAN2 (CVPR 2020), trained from scratch with adaptive "
            "augmentation (NeurIPS 2020)."
        ),
        use="The prior of RAFSwap, and portraits for examples.",
        limits=(
            "Trained on few photos: little variety, visible flaws. `likeness` says how near its pictures come to "
            "training photos by identity, `likeness_val` how near other people do."
        ),
        metadata={"template": "ffhq"},
    ),
    "rafswap-lite": Card(
        network="rafswap",
        build=lambda: RAFSwap(RAFSwapConfig.lite()),
        title="RAFSwap, narrow",
        what=(
            "Carries the source's lips, nose, brows and eyes over region by region, the rest of the identity as a "
            "whole, draws with StyleGAN2 and says itself where the face is, which nobody told it. RAFSwap (CVPR 2022), "
            "with what a network without a strong prior needs: maps of the encoder also enter the generator, an "
            "embedding by `arcface-mobile` joins the whole, and where the recipe names no prior the generator learns "
            "along, on pairs whose answer is known (trainers/data/warped.py) and before a discriminator."
        ),
        use="Face swapping in Swapper, on consenting people, marked as such.",
        limits="Skin is soft, and glasses, rare poses and open mouths fail first.",
        metadata={"template": "{template}", "size": "{size}"},
    ),
    "renovation-lite": Card(
        network="generator",
        build=lambda: RenovationGenerator(RenovationGeneratorConfig.lite()),
        title="Face renovation, narrow",
        what=(
            "Sharpens a face of 256 px without changing its size: a LIP-SPADE network as in GHOST (IEEE Access 2022) "
            "and HiFaceGAN (ACM MM 2020), trained to undo blur, lost resolution, noise and JPEG."
        ),
        use="The last step of a swap (`--restore renovation`).",
        limits="It refines what is there. Detail that is lost stays lost; heavy damage is beyond it.",
        metadata={"template": "ffhq", "size": "{network[size]}"},
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
