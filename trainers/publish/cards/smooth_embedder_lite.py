"""What the card of ``smooth-embedder-lite`` says."""

from trainers.publish.cards.card import Card

CARD = Card(
    network="embedder",
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
)
