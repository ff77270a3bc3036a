import pytest
import torch
import torch.nn.functional as F

from trainers import losses


def test_identity_loss_is_zero_for_the_same_direction_and_two_for_the_opposite():
    z = torch.randn(3, 8)
    assert losses.identity_loss(z, 5 * z) == pytest.approx(0, abs=1e-6)
    assert losses.identity_loss(z, -z) == pytest.approx(2, abs=1e-6)


def test_residual_identity_is_what_the_target_is_liked_more_than_the_source():
    source, target = torch.eye(4)[:1], torch.eye(4)[1:2]
    assert losses.residual_identity_loss(source, target, 2 * target) == pytest.approx(1)
    assert losses.residual_identity_loss(source, target, source - target) == 0
    assert losses.residual_identity_loss(source, source, source) == 0


def test_reconstruction_counts_only_pairs_of_one_person():
    target = torch.zeros(2, 3, 4, 4)
    result = torch.stack([torch.full((3, 4, 4), 0.5), torch.ones(3, 4, 4)])
    assert losses.reconstruction_loss(result, target, torch.tensor([1.0, 0.0])) == pytest.approx(0.5)
    assert losses.reconstruction_loss(result, target, torch.zeros(2)) == 0


def test_attribute_loss_halves_the_sum_over_levels():
    a, b = [torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 2, 2)], [torch.ones(1, 2, 4, 4), 2 * torch.ones(1, 4, 2, 2)]
    assert losses.attribute_loss(a, b) == pytest.approx(0.5 * (1 + 4))


def test_landmark_loss_forgives_a_shift_but_not_a_smile():
    target = torch.rand(2, 10, 2)
    scale = torch.ones(2)
    assert losses.landmark_loss(target, target + 0.3, scale) == pytest.approx(0, abs=1e-6)
    bent = target.clone()
    bent[:, 0] += 0.3
    assert losses.landmark_loss(target, bent, scale) > 0.01


def test_color_loss_sees_light_and_not_texture():
    target = torch.full((1, 3, 64, 64), 0.5)
    checker = target + 0.2 * (torch.arange(64) % 2 * 2 - 1)
    assert losses.color_loss(checker, target) == pytest.approx(0, abs=1e-6)
    assert losses.color_loss(target + 0.1, target) == pytest.approx(0.1, abs=1e-6)


def test_hinge_losses():
    real, fake = [torch.tensor([2.0])], [torch.tensor([-2.0])]
    assert losses.hinge_discriminator_loss(fake, real) == 0
    assert losses.hinge_discriminator_loss(real, fake) == pytest.approx(3.0)
    assert losses.hinge_generator_loss(fake) == pytest.approx(2.0)
    assert losses.hinge_discriminator_loss(real * 3, fake * 3) == pytest.approx(9.0), "a sum over scales"
    assert losses.hinge_generator_loss(fake * 3) == pytest.approx(6.0)
    assert losses.ghost_generator_loss([torch.tensor([0.5, 3.0])]) == pytest.approx(0.25)


def test_gradient_penalty_of_a_linear_score_is_half_its_squared_slope():
    real = torch.rand(2, 3, 4, 4, requires_grad=True)
    score = real.flatten(1).sum(1, keepdim=True)
    assert losses.gradient_penalty(real, [score]) == pytest.approx(0.5 * 48)


def test_a_masked_difference_looks_at_its_pixels_only():
    where, mask = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    where[..., :2], mask[..., 2:] = 1, 1
    assert losses.masked_difference(mask, torch.zeros_like(mask), where) == 0
    assert losses.masked_difference(1 - mask, torch.zeros_like(mask), where) == 1


def test_teacher_reweighting_squares_the_cosine_and_never_trusts_the_wrong_person():
    z = F.normalize(torch.randn(1, 8), dim=1)
    assert losses.teacher_reweighting(z, z, torch.tensor([0.5])) == pytest.approx(0.5)
    assert losses.teacher_reweighting(z, -z, torch.tensor([1.0])) == 0


def test_supervised_contrastive_loss_matches_its_formula():
    generator = torch.Generator().manual_seed(0)
    z = F.normalize(torch.randn(6, 4, generator=generator), dim=1)
    identity = torch.tensor([0, 0, 0, 1, 1, 2])
    expected = []
    for i in range(5):  # the last one has no positive
        positives = [p for p in range(6) if p != i and identity[p] == identity[i]]
        others = torch.stack([z[i] @ z[a] / 0.1 for a in range(6) if a != i]).logsumexp(0)
        expected.append(-sum(z[i] @ z[p] / 0.1 - others for p in positives) / len(positives))
    torch.testing.assert_close(losses.supervised_contrastive_loss(z, identity, 0.1), torch.stack(expected).mean())


def test_perceptual_loss_is_a_share_of_the_teachers_features_and_weighs_samples():
    teacher = [torch.ones(2, 3, 4, 4), torch.full((2, 5), 10.0)]
    student = [torch.full((2, 3, 4, 4), 2.0), torch.full((2, 5), 10.0)]
    assert losses.perceptual_loss(teacher, student, torch.tensor([1.0, 0.5])) == pytest.approx(0.75)
    assert losses.perceptual_loss(teacher, teacher, torch.ones(2)) == 0


def test_path_lengths_of_a_linear_picture_are_its_slopes():
    latents = torch.zeros(2, 3, 4, requires_grad=True)
    slopes = torch.tensor([2.0, 5.0])
    images = (slopes[:, None] * latents.sum((1, 2))[:, None]).reshape(2, 1, 1, 1).expand(2, 3, 4, 4)
    noise = torch.full((2, 3, 4, 4), 1 / 12)  # sums to 4, the side
    lengths = losses.path_lengths(images, latents, noise)
    torch.testing.assert_close(lengths, slopes * 2)  # the root of four equal entries in each row


def test_identity_loss_stops_asking_once_there_is_enough():
    source = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    result = torch.tensor([[0.8, 0.6], [0.5, 0.75**0.5]])
    assert losses.identity_loss(source, result, enough=0.7) == pytest.approx(0.1)  # nothing, and 0.2


def test_attention_counts_pixels_more_than_once():
    result, target = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    where = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    assert losses.reconstruction_loss(result, target, torch.ones(1), 2 * where) == pytest.approx(1.5)


def test_the_norm_of_styles_is_taken_over_all_rows():
    """18 rows of 512 numbers that are 1 off are sqrt(18 x 512) away, not sqrt(512)."""
    average = torch.linspace(-1, 1, 512)
    latents = average.expand(2, 18, 512) + 1
    assert losses.style_norm_loss(latents, average) == pytest.approx((18 * 512) ** 0.5)
