"""Strided 3D convolutions of few channels, rearranged so that a CPU computes them quickly.

A convolution of stride s sees the grid in blocks of s^3 cells. Each block becomes s^3 channels of one cell, and the
stride disappears: many channels and short kernels are what convolution libraries are written for, one channel and a
long kernel are not. The result is the same sum in another order. Measured in ``benchmarks/vconv_dae_speed.py``.
"""

from torch import Tensor
from torch.nn import functional as F


def block_conv3d(x: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int) -> Tensor:
    """Compute ``F.conv3d(x, weight, bias, stride)`` on blocks of cells.

    Args:
        x: (B, C, V, V, V), V a multiple of ``stride``.
        weight: (O, C, k, k, k); a kernel that is no multiple of ``stride`` is filled up with zeros.
        bias: (O,), or None.
        stride: s, cells.

    Returns:
        (B, O, N, N, N), N = (V - k) // s + 1.

    >>> import torch
    >>> x, weight = torch.ones(1, 1, 6, 6, 6), torch.ones(1, 1, 5, 5, 5)
    >>> block_conv3d(x, weight, torch.zeros(1), stride=2).flatten().item()
    125.0
    """
    assert x.shape[-1] % stride == 0, f"side {x.shape[-1]} is no multiple of stride {stride}"
    missing = -weight.shape[-1] % stride
    return F.conv3d(blocks_to_channels(x, stride), blocks_to_channels(F.pad(weight, (0, missing) * 3), stride), bias)


def block_conv_transpose3d(x: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int) -> Tensor:
    """Compute ``F.conv_transpose3d(x, weight, bias, stride)`` as a convolution that gives blocks of cells.

    Args:
        x: (B, C, N, N, N).
        weight: (C, O, k, k, k), k a multiple of ``stride``.
        bias: (O,), or None.
        stride: s, cells.

    Returns:
        (B, O, V, V, V), V = (N - 1) * s + k.

    >>> import torch
    >>> x, weight = torch.ones(1, 1, 2, 2, 2), torch.ones(1, 1, 4, 4, 4)
    >>> block_conv_transpose3d(x, weight, torch.zeros(1), stride=2)[0, 0, 0, 0]
    tensor([1., 1., 2., 2., 1., 1.])
    """
    assert weight.shape[-1] % stride == 0, f"kernel {weight.shape[-1]} is no multiple of stride {stride}"
    kernel = blocks_to_channels(weight, stride)  # (C, O * s^3, k / s, k / s, k / s)
    blocks = F.conv3d(x, kernel.flip(2, 3, 4).transpose(0, 1), padding=kernel.shape[-1] - 1)
    cells = channels_to_blocks(blocks, stride)
    return cells if bias is None else cells + bias[:, None, None, None]


def blocks_to_channels(x: Tensor, size: int) -> Tensor:
    """Rearrange (B, C, V, V, V) into (B, C * s^3, V / s, V / s, V / s), channels last in memory."""
    batch, channels, side = x.shape[:3]
    count = side // size
    x = x.reshape(batch, channels, count, size, count, size, count, size)
    x = x.permute(0, 2, 4, 6, 1, 3, 5, 7)  # (B, V/s, V/s, V/s, C, s, s, s)
    return x.reshape(batch, count, count, count, channels * size**3).permute(0, 4, 1, 2, 3)


def channels_to_blocks(x: Tensor, size: int) -> Tensor:
    """Rearrange (B, C * s^3, N, N, N) into (B, C, N * s, N * s, N * s)."""
    batch, channels, count = x.shape[:3]
    x = x.reshape(batch, channels // size**3, size, size, size, count, count, count)
    x = x.permute(0, 1, 5, 2, 6, 3, 7, 4)  # (B, C, N, s, N, s, N, s)
    return x.reshape(batch, channels // size**3, count * size, count * size, count * size)
