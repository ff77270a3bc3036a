"""Heatmaps of landmarks for GHOST's eye loss: Adaptive Wing Loss's network, and maps drawn from known points.

Source: GHOST (IEEE Access 2022), section 3.2; Adaptive Wing Loss (ICCV 2019), sections 5 and 6.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.pretrained import Pretrained

PUPILS = (96, 97)  # of the 98 points of WFLW


@dataclass(frozen=True)
class FaceAlignmentNetworkConfig:
    """Sizes of ``FaceAlignmentNetwork``."""

    points: int = 98  # landmarks; one more map shows the face's boundary lines
    stacks: int = 4  # hourglasses in a row
    depth: int = 4  # halvings in each
    width: int = 256  # channels
    size: int = 256  # px; the maps have a quarter of it

    @classmethod
    def paper(cls) -> "FaceAlignmentNetworkConfig":
        """Return the published network for WFLW."""
        return cls()

    @classmethod
    def lite(cls) -> "FaceAlignmentNetworkConfig":
        """Return two narrow hourglasses for 128 px."""
        return cls(stacks=2, depth=3, width=96, size=128)


class FaceAlignmentNetwork(nn.Module, Pretrained):
    """Hourglasses in a row that know where each pixel is and, from the second on, where the last one saw boundaries.

    Source: Adaptive Wing Loss, section 5 (CoordConv with boundary information); FAN (ICCV 2017). Maps pass a ReLU,
    as GHOST runs the network.
    """

    Config = FaceAlignmentNetworkConfig

    OFFICIAL_KEYS: tuple[tuple[str, str], ...] = (
        (r"^conv1\.(conv\..+)$", r"stem.\1"),
        (r"^bn1\.(.+)$", r"stem_norm.\1"),
        *((rf"^conv{i + 2}\.(.+)$", rf"entry.{i}.\1") for i in range(3)),
        (r"^m(\d)\.coordconv\.(conv\..+)$", r"hourglasses.\1.coordinates.\2"),
        (r"^m(\d)\.b2_plus_1\.(.+)$", r"hourglasses.\1.bottom.\2"),
        *(
            (rf"^m(\d)\.{official}_(\d)\.(.+)$", rf"hourglasses.\1.{ours}.\2.\3")
            for official, ours in (("b1", "across"), ("b2", "down"), ("b3", "up"))
        ),
        (r"^top_m_(\d)\.(.+)$", r"heads.\1.block.\2"),
        (r"^conv_last(\d)\.(.+)$", r"heads.\1.conv.\2"),
        (r"^bn_end(\d)\.(.+)$", r"heads.\1.norm.\2"),
        (r"^l(\d)\.(.+)$", r"heads.\1.maps.\2"),
        (r"^bl(\d)\.(.+)$", r"feature_return.\1.\2"),
        (r"^al(\d)\.(.+)$", r"map_return.\1.\2"),
    )

    def __init__(self, config: FaceAlignmentNetworkConfig) -> None:
        super().__init__()
        self.config = config
        width, maps = config.width, config.points + 1
        self.stem = CoordConv(3, width // 4, config.size, kernel=7, stride=2)
        self.stem_norm = nn.BatchNorm2d(width // 4)
        self.entry = nn.ModuleList(
            (
                HierarchicalBlock(width // 4, width // 2),
                HierarchicalBlock(width // 2, width // 2),
                HierarchicalBlock(width // 2, width),
            )
        )
        self.hourglasses = nn.ModuleList(
            Hourglass(width, config.depth, config.size // 4, boundary=i > 0) for i in range(config.stacks)
        )
        self.heads = nn.ModuleList(_Head(width, maps) for _ in range(config.stacks))
        self.feature_return = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(config.stacks - 1))
        self.map_return = nn.ModuleList(nn.Conv2d(maps, width, 1) for _ in range(config.stacks - 1))

    def forward(self, faces: Float[Tensor, "b 3 s s"]) -> list[Tensor]:
        """Heatmaps (b, points + 1, s/4, s/4) of every hourglass, the last the best; the last map shows boundaries.

        Args:
            faces: RGB in [0, 1], side ``config.size``, cut somewhat wider than the face.
        """
        x = F.avg_pool2d(self.entry[0](torch.relu(self.stem_norm(self.stem(faces)))), 2)
        x = self.entry[2](self.entry[1](x))
        features, maps = self.heads[0](self.hourglasses[0](x))
        stacked = [maps]
        for i, (hourglass, head) in enumerate(zip(self.hourglasses[1:], self.heads[1:], strict=True)):
            x = x + self.feature_return[i](features) + self.map_return[i](maps)
            features, maps = head(hourglass(x, maps[:, -1:]))
            stacked.append(maps)
        return stacked

    def measure_pupils(self, faces: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 2 s/4 s/4"]:
        """Heatmaps of the two pupils from the last hourglass, what GHOST's eye loss compares.

        Args:
            faces: as for ``forward``.
        """
        return self(faces)[-1][:, PUPILS]


class CoordConv(nn.Module):
    """Convolution that is also told each pixel's row, column and distance from the centre, and where boundaries are.

    Source: CoordConv (NeurIPS 2018); Adaptive Wing Loss, section 5.
    """

    grid: Tensor

    def __init__(
        self, channels: int, out: int, side: int, kernel: int = 1, stride: int = 1, boundary: bool = False
    ) -> None:
        """Build the layer.

        Args:
            channels: of the input.
            out: channels of the output.
            side: of the input in pixels.
            kernel: side of the kernel.
            stride: of the convolution.
            boundary: expect a map of boundaries in ``forward``.
        """
        super().__init__()
        self.conv = nn.Conv2d(channels + (5 if boundary else 3), out, kernel, stride, kernel // 2)
        line = torch.linspace(-1, 1, side)
        row, column = torch.meshgrid(line, line, indexing="ij")
        grid = torch.stack([row, column, torch.hypot(row, column) / math.sqrt(2)])
        self.register_buffer("grid", grid[None], persistent=False)

    def forward(self, x: Float[Tensor, "b c s s"], boundary: Float[Tensor, "b 1 s s"] | None = None) -> Tensor:
        """Filter maps.

        Args:
            x: the maps.
            boundary: strength of boundary lines; places above 0.05 tell their row and column once more.
        """
        grid = self.grid.to(x.dtype).expand(len(x), -1, -1, -1)
        if boundary is None:
            return self.conv(torch.cat([x, grid], dim=1))
        return self.conv(torch.cat([x, grid, grid[:, :2] * (boundary > 0.05).to(x.dtype)], dim=1))


class HierarchicalBlock(nn.Module):
    """Three convolutions, each on the last one's result, side by side in the output; a residual block.

    Source: FAN (ICCV 2017), section 3, after "Binarized convolutional landmark localizers" (ICCV 2017).
    """

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, out // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out // 2)
        self.conv2 = nn.Conv2d(out // 2, out // 4, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(out // 4)
        self.conv3 = nn.Conv2d(out // 4, out // 4, 3, padding=1, bias=False)
        self.downsample = (
            nn.Identity()
            if channels == out
            else nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, out, 1, bias=False))
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o h w"]:
        """Filter maps."""
        first = self.conv1(torch.relu(self.bn1(x)))
        second = self.conv2(torch.relu(self.bn2(first)))
        third = self.conv3(torch.relu(self.bn3(second)))
        return torch.cat([first, second, third], dim=1) + self.downsample(x)


class Hourglass(nn.Module):
    """Down and up again, with a way across at every level; levels count down to 1 at the bottom.

    Source: Stacked Hourglass Networks (ECCV 2016), section 3.1.
    """

    def __init__(self, width: int, depth: int, side: int, boundary: bool) -> None:
        super().__init__()
        self.coordinates = CoordConv(width, width, side, boundary=boundary)
        levels = [str(level) for level in range(depth, 0, -1)]
        self.across = nn.ModuleDict({level: HierarchicalBlock(width, width) for level in levels})
        self.down = nn.ModuleDict({level: HierarchicalBlock(width, width) for level in levels})
        self.bottom = HierarchicalBlock(width, width)
        self.up = nn.ModuleDict({level: HierarchicalBlock(width, width) for level in levels})

    def forward(self, x: Float[Tensor, "b c s s"], boundary: Float[Tensor, "b 1 s s"] | None = None) -> Tensor:
        """Look at maps at every size.

        Args:
            x: the maps.
            boundary: as for ``CoordConv``.
        """
        x = self.coordinates(x, boundary)
        skips = []
        for level, block in self.down.items():
            skips.append(self.across[level](x))
            x = block(F.avg_pool2d(x, 2))
        x = self.bottom(x)
        for block, skip in zip(list(self.up.values())[::-1], skips[::-1], strict=True):
            x = skip + F.interpolate(block(x), scale_factor=2, mode="nearest")
        return x


class _Head(nn.Module):
    """An hourglass's features, and its heatmaps."""

    def __init__(self, width: int, maps: int) -> None:
        super().__init__()
        self.block = HierarchicalBlock(width, width)
        self.conv = nn.Conv2d(width, width, 1)
        self.norm = nn.BatchNorm2d(width)
        self.maps = nn.Conv2d(width, maps, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.norm(self.conv(self.block(x))))
        return x, torch.relu(self.maps(x))


def draw_heatmaps(points: Float[Tensor, "b n 2"], side: int = 64, sigma: float = 1.5) -> Float[Tensor, "b n side side"]:
    """Draw known points as such maps, 1 at the point; differentiable, so that points of a mesh can be compared too.

    Args:
        points: x, y as a share of the picture (0..1).
        side: of the maps in pixels.
        sigma: width of the bell curve in pixels of the maps.
    """
    centres = (torch.arange(side, device=points.device, dtype=points.dtype) + 0.5) / side
    offsets = (centres - points[..., None]) * (side / sigma)
    bell = torch.exp(-0.5 * offsets.square())  # b n 2 side
    return bell[:, :, 1, :, None] * bell[:, :, 0, None, :]
