"""What the card of ``arcface-mobile`` says."""

from trainers.publish.cards.card import Card

CARD = Card(
    network="embedder",
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
)
