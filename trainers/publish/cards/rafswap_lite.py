"""What the card of ``rafswap-lite`` says."""

from trainers.publish.cards.card import Card

CARD = Card(
    network="rafswap",
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
)
