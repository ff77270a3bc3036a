"""What the card of ``simswap-lite`` says."""

from trainers.publish.cards.card import SWAP_LIMITS, Card

CARD = Card(
    network="generator",
    preset="lite_128",
    title="SimSwap: narrow ID injection generator",
    what=(
        "Writes a person's identity into the features of a target face and draws them again. The structure is that "
        "of SimSwap (ACM MM 2020), the widths are smaller; trained from scratch with its losses (identity, "
        "reconstruction, weak feature matching, hinge GAN). Identity comes from `arcface-mobile`."
    ),
    use="Swapping faces of consenting people where expression and light matter more than likeness.",
    limits=SWAP_LIMITS,
    metadata={"template": "{template}", "size": "{size}"},
)
