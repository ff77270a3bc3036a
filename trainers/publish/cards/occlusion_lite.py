"""What the card of ``occlusion-lite`` says."""

from trainers.publish.cards.card import Card

CARD = Card(
    network="occlusion",
    title="Face occlusion network",
    what=(
        "Tells what lies in front of a face (glasses, hair, hands, microphones, masks) from the face, pixel by "
        "pixel, in a 192 px crop: a small U-Net. It has seen drawn things only, over photographs."
    ),
    use="Keeping what is in front of a face there when the face is swapped.",
    limits=(
        "Things unlike any of those drawn may be missed, and deep shadows or heavy make-up taken for something. "
        "Where nobody labelled photographs, its scores are those on drawn things."
    ),
    example=(2, 3, 192, 192),
    outputs=("logits",),
    metadata={"template": "tight", "size": "192"},
)
