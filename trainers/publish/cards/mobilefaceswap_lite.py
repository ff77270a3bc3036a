"""What the card of ``mobilefaceswap-lite`` says."""

from trainers.publish.cards.card import SWAP_LIMITS, Card

CARD = Card(
    network="student",
    title="MobileFaceSwap: IDN of the published size, narrow IIN",
    what=(
        "Writes, once per person, the weights of a half-million-parameter network that then swaps this person onto "
        "any face in real time. The structure is that of MobileFaceSwap (AAAI 2022); trained from scratch. The "
        "recipe below says whether directly or by distillation. Identity comes from `arcface-mobile`."
    ),
    use="Swapping faces of consenting people in video and live on ordinary machines.",
    limits=SWAP_LIMITS,
    metadata={"template": "{template}", "size": "{size}"},
)
