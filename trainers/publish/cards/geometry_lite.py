"""What the card of ``geometry-lite`` says."""

from trainers.publish.cards.card import Card

CARD = Card(
    network="landmarks",
    title="478-point face mesh network",
    what=(
        "Regresses 478 face mesh points (x, y, z; ten of them on the irises) and a face-presence logit from a "
        "128 px crop. Trained from scratch on labels made with the MediaPipe face mesh."
    ),
    use="Alignment, region masks, head pose, gaze and tracking inside Swapper.",
    limits=(
        "Heads turned beyond about 50 degrees are rare in its training data. The depth of hidden points is a "
        "guess. Labels are a model's output, not hand-made."
    ),
    example=(2, 3, 128, 128),
    outputs=("points", "presence"),
    metadata={"template": "ffhq", "size": "128"},
)
