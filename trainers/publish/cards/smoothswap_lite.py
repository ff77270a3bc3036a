"""What the card of ``smoothswap-lite`` says."""

from trainers.publish.cards.card import Card

CARD = Card(
    network="generator",
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
)
