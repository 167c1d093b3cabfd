"""Parts of 3D networks with skips: residual units with group normalisation, and the way up to a finer level.

Group normalisation sees one sample at a time, so that several processes train as one.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Residual(nn.Module):
    """x + convolution of the normalised and rectified x (He et al. 2016, with one convolution)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = group_norm(width)
        self.conv = nn.Conv3d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, N, N, N) to the same shape."""
        return x + self.conv(F.relu(self.norm(x)))  # type: ignore[no-any-return]


class Up(nn.Module):
    """Double the resolution and merge the skip by concatenation."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.norm = group_norm(coarse)
        self.narrow = nn.Conv3d(coarse, fine, 1)
        self.merge = nn.Conv3d(2 * fine, fine, 1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Map (B, C, N, N, N) and the skip (B, F, 2N, 2N, 2N) to (B, F, 2N, 2N, 2N)."""
        doubled = F.interpolate(self.narrow(F.relu(self.norm(x))), scale_factor=2.0, mode="nearest")
        return self.merge(torch.cat([doubled, skip], 1))  # type: ignore[no-any-return]


def residual_units(width: int, count: int) -> nn.Sequential:
    """Return ``count`` residual units, one after the other."""
    return nn.Sequential(*(Residual(width) for _ in range(count)))


def group_norm(width: int) -> nn.GroupNorm:
    """Return a normalisation over groups of 16 channels; fewer than 16 are one group."""
    return nn.GroupNorm(max(width // 16, 1), width)
