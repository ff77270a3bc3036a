import pytest
import torch
from skimage import metrics

from trainers.fidelity import peak_signal_to_noise, structural_similarity


def test_psnr_of_a_known_difference():
    truth = torch.full((2, 3, 8, 8), 0.5)
    assert peak_signal_to_noise(truth + 0.1, truth) == pytest.approx([20, 20], abs=1e-3)


def test_ssim_is_one_for_equal_images_and_falls_with_noise_more_than_with_light():
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(1, 3, 64, 64, generator=generator)
    noisy = truth + 0.05 * torch.randn(truth.shape, generator=generator)
    assert structural_similarity(truth, truth) == pytest.approx(1, abs=1e-4)
    assert 0.5 < structural_similarity(noisy, truth) < structural_similarity(truth + 0.05, truth) < 1


def test_ssim_of_flat_images_follows_its_formula():
    x, y = torch.full((1, 3, 32, 32), 0.4), torch.full((1, 3, 32, 32), 0.6)
    expected = (2 * 0.4 * 0.6 + 1e-4) / (0.4**2 + 0.6**2 + 1e-4)
    assert structural_similarity(x, y) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.2])
def test_a_library_says_nearly_the_same(noise):
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 16, 16, generator=generator)
    truth = torch.nn.functional.interpolate(coarse, scale_factor=8, mode="bicubic").clamp(0, 1)
    noisy = (truth + noise * torch.randn(truth.shape, generator=generator)).clamp(0, 1)
    pictures = [x[0].permute(1, 2, 0).double().numpy() for x in (truth, noisy)]
    decibels = metrics.peak_signal_noise_ratio(*pictures, data_range=1)
    assert peak_signal_to_noise(noisy, truth) == pytest.approx(decibels, abs=1e-3)
    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "full": True}
    _, everywhere = metrics.structural_similarity(*pictures, data_range=1, channel_axis=2, **wang)
    assert 0 < everywhere.mean() - float(structural_similarity(noisy, truth)) < 0.004
