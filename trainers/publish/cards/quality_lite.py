"""What the card of ``quality-lite`` says."""

from trainers.publish.cards.card import Card

CARD = Card(
    network="quality",
    title="Q-Net: how far a teacher's training had come",
    what=(
        "A narrow ResNet that tells from a swapped face at which share of the teacher's training it was drawn. "
        "MobileFaceSwap (AAAI 2022), section 3.3, weighs the teacher's pictures with it."
    ),
    use="Weighing samples when a student is distilled from the same teacher.",
    limits="Knows the flaws of one teacher only. It is no measure of picture quality in general.",
)
