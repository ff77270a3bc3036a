import torch
from torch import Generator

from swapper.faces import mesh
from trainers.facial_components import (
    ComponentDiscriminator,
    component_discriminator_loss,
    component_generator_loss,
    cut_components,
)


def landmarks(count: int) -> torch.Tensor:
    points = torch.tensor(mesh.canonical_face())[None]
    centred = (points - points.mean(1, keepdim=True)) / (points.amax(1) - points.amin(1)).amax() * 0.7
    centred[..., 1] *= 1 if points[0, mesh.CHIN, 1] > points[0, mesh.FOREHEAD, 1] else -1
    return (centred + 0.5).repeat(count, 1, 1)


def test_components_show_the_places_they_are_named_after():
    points, images = landmarks(1), torch.zeros(1, 3, 200, 200)
    for channel, loop in enumerate((mesh.LEFT_EYE, mesh.RIGHT_EYE, mesh.LIPS_OUTER)):
        x, y = (points[0, list(loop), :2].mean(0) * 200).round().long().tolist()
        images[0, channel, y - 3 : y + 4, x - 3 : x + 4] = 1
    eyes, mouths = cut_components(images, points)
    assert eyes.shape == (2, 3, 48, 48) and mouths.shape == (1, 3, 48, 48)
    for crop, channel in ((eyes[0], 0), (eyes[1], 1), (mouths[0], 2)):
        assert crop[channel, 24, 24] > 0.9 and crop[channel].sum() == crop.sum()


def test_the_right_eye_is_mirrored():
    points, images = landmarks(1), torch.zeros(1, 3, 200, 200)
    for loop, outwards in ((mesh.LEFT_EYE, -1), (mesh.RIGHT_EYE, 1)):
        x, y = (points[0, list(loop), :2].mean(0) * 200).round().long().tolist()
        images[0, :, y - 2 : y + 3, x + outwards * 8 - 2 : x + outwards * 8 + 3] = 1
    eyes, _ = cut_components(images, points)
    assert eyes[0].sum() > 0
    torch.testing.assert_close(eyes[0], eyes[1], atol=0.35, rtol=0)


def test_gradients_reach_the_drawing_and_the_discriminator():
    torch.manual_seed(0)
    discriminator = ComponentDiscriminator()
    drawn = torch.rand(3, 3, 96, 96, generator=Generator().manual_seed(1)).requires_grad_(True)
    component_generator_loss(discriminator, cut_components(drawn, landmarks(3))).backward()
    assert drawn.grad is not None and drawn.grad.abs().sum() > 0
    discriminator.zero_grad()
    real, fake = (cut_components(torch.rand(3, 3, 96, 96), landmarks(3)) for _ in range(2))
    loss, terms = component_discriminator_loss(discriminator, discriminator, real, fake, penalty_weight=1.0)
    loss.backward()
    assert all(parameter.grad is not None for parameter in discriminator.parameters())
    assert set(terms) == {"component_real", "component_fake", "component_r1"}
