import cv2
import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from swapper.faces.align import TEMPLATES, invert_affine, template_to_template, transform_points
from swapper.restore.aligned import restore_aligned, warp_batch


def smooth(batch: int, size: int, seed: int = 0) -> Tensor:
    coarse = torch.rand(batch, 3, 6, 6, generator=Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic").clamp(0, 1)


@pytest.mark.parametrize("scale", [0.3, 0.55, 0.9, 1.0, 1.7])
def test_warp_moves_pixels_as_opencv_does(scale: float) -> None:
    matrix = np.array([[scale, 0.1 * scale, 4.3], [-0.1 * scale, scale, 7.9]], dtype=np.float32)
    picture, size = smooth(1, 96), round(96 * scale)
    ours = warp_batch(picture, matrix, size)[0].permute(1, 2, 0).numpy()
    image = picture[0].permute(1, 2, 0).contiguous().numpy()
    theirs = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    assert theirs.std() > 0.1
    inside = slice(size // 8, -size // 8)
    off = np.abs(ours - theirs)[inside, inside]
    assert off.mean() < 0.01 and off.max() < 0.05


def test_points_land_where_the_template_says() -> None:
    matrix = template_to_template("tight", 128, "ffhq", 256)
    picture = torch.zeros(1, 1, 128, 128)
    x, y = (round(v * 128) for v in TEMPLATES["tight"][0].tolist())
    picture[0, 0, y, x] = 1
    moved = warp_batch(picture, matrix, 256)[0, 0]
    peak = divmod(int(moved.argmax()), 256)
    expected = transform_points(np.array([[x, y]], dtype=np.float32), matrix)[0]
    assert abs(peak[1] - expected[0]) < 1 and abs(peak[0] - expected[1]) < 1


def test_shrinking_averages_instead_of_skipping() -> None:
    board = (torch.arange(256)[:, None] + torch.arange(256)).remainder(2).float().expand(1, 1, 256, 256)
    matrix = np.array([[0.25, 0, 0], [0, 0.25, 0]], dtype=np.float32)
    shrunk = warp_batch(board, matrix, 64)[0, 0, 8:-8, 8:-8]
    torch.testing.assert_close(shrunk, torch.full_like(shrunk, 0.5), atol=0.02, rtol=0)


@pytest.mark.parametrize("template", ["ffhq", "tight", "arcface"])
@pytest.mark.parametrize("size", [96, 128, 256])
def test_what_is_left_alone_stays_exactly_as_it_was(template: str, size: int) -> None:
    faces = torch.rand(2, 3, size, size, generator=Generator().manual_seed(1))
    assert torch.equal(restore_aligned(faces, template, lambda seen: seen, 192, 1.0), faces)


@pytest.mark.parametrize("template", ["ffhq", "tight", "arcface"])
def test_the_network_sees_the_ffhq_template(template: str) -> None:
    seen: list[Tensor] = []
    faces = smooth(1, 160)

    def network(batch: Tensor) -> Tensor:
        seen.append(batch)
        return batch

    restore_aligned(faces, template, network, 128, 1.0)
    assert seen[0].shape == (1, 3, 128, 128)
    back = invert_affine(template_to_template(template, 160, "ffhq", 128))
    for point in TEMPLATES["ffhq"] * 128:
        x, y = (round(v) for v in point.tolist())
        u, v = transform_points(np.array([[x, y]], dtype=np.float32), back)[0].round().astype(int)
        torch.testing.assert_close(seen[0][0, :, y, x], faces[0, :, v, u], atol=0.08, rtol=0)


def test_change_arrives_in_full_or_in_part() -> None:
    faces = smooth(2, 128) * 0.5 + 0.2
    full, half, none = (restore_aligned(faces, "tight", lambda seen: seen + 0.1, 256, share) for share in (1, 0.5, 0))
    inner = (..., slice(8, -8), slice(8, -8))
    torch.testing.assert_close((full - faces)[inner], torch.full_like(faces, 0.1)[inner], atol=1e-4, rtol=0)
    torch.testing.assert_close((half - faces)[inner], torch.full_like(faces, 0.05)[inner], atol=1e-4, rtol=0)
    assert torch.equal(none, faces)


def test_result_is_a_picture() -> None:
    faces = smooth(1, 64)
    for change, expected in ((7, 1.0), (-7, 0.0)):
        restored = restore_aligned(faces, "ffhq", lambda seen, change=change: seen + change, 64, 1.0)
        torch.testing.assert_close(restored, torch.full_like(faces, expected), atol=1e-5, rtol=0)
        assert restored.min() >= 0 and restored.max() <= 1


def test_sharpening_sharpens_the_right_place() -> None:
    faces = torch.full((1, 3, 128, 128), 0.5)

    def network(seen: Tensor) -> Tensor:
        drawn = seen.clone()
        x, y = (TEMPLATES["ffhq"][2] * 256).round().astype(int)
        drawn[:, :, y - 3 : y + 4, x - 3 : x + 4] = 0.9
        return drawn

    changed = restore_aligned(faces, "tight", network, 256, 1.0)[0, 0] - 0.5
    rows, columns = (changed.sum(axis) @ torch.arange(128.0) / changed.sum() for axis in (1, 0))
    nose = TEMPLATES["tight"][2] * 128
    assert abs(float(columns) - nose[0]) < 0.5 and abs(float(rows) - nose[1]) < 0.5
