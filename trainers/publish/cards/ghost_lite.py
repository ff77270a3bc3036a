"""What the card of ``ghost-lite`` says."""

from trainers.publish.cards.card import SWAP_LIMITS, Card

CARD = Card(
    network="generator",
    title="GHOST: narrow AEI-Net",
    what=(
        "Redraws a face with another person's identity: the target's attribute maps decide per pixel against the "
        "source's embedding. The structure is that of GHOST (IEEE Access 2022) and FaceShifter (CVPR 2020), the "
        "widths are smaller; trained from scratch with their losses in two stages, mostly on pairs whose answer is "
        "known because one photo was made from another by a warp (trainers/data/warped.py). The pupils' heatmaps "
        "come from `geometry-lite`, identity from `arcface-mobile`."
    ),
    use="Swapping faces of consenting people, and teaching `mobilefaceswap-lite`.",
    limits=SWAP_LIMITS,
    metadata={"template": "{template}", "size": "{size}"},
)
