"""What the card of ``stylegan2-lite`` says."""

from trainers.publish.cards.card import Card

CARD = Card(
    network="generator",
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
)
