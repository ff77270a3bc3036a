"""What the card of ``renovation-lite`` says."""

from trainers.publish.cards.card import Card

CARD = Card(
    network="generator",
    title="Face renovation, narrow",
    what=(
        "Sharpens a face of 256 px without changing its size: a LIP-SPADE network as in GHOST (IEEE Access 2022) "
        "and HiFaceGAN (ACM MM 2020), trained to undo blur, lost resolution, noise and JPEG."
    ),
    use="The last step of a swap (`--restore renovation`).",
    limits="It refines what is there. Detail that is lost stays lost; heavy damage is beyond it.",
    metadata={"template": "ffhq", "size": "{network[size]}"},
)
