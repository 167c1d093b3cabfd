"""Ways in which a scan of a shape falls short: lost cells, lost slices, a lost half, a single view.

Every function turns cells from 1 to 0 and never the other way. Source of ``remove_random`` and ``remove_slices``:
Sharma, Grau, Fritz, *VConv-DAE: Deep Volumetric Shape Learning Without Object Labels*, 2016, section 4, as in their
code: cells and slices are chosen among all of the grid, its empty rim included.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from lessup.errors import ShapeError
from lessup.transforms.draws import Draws

MAX_ELEVATION = math.radians(30.0)
"""Highest camera of ``keep_view`` over the horizon, in radians."""

RAYS_PER_CELL = 2
"""Rays of ``keep_view`` along each side of a cell's face."""


def remove_random(voxels: Tensor, fraction: float | Tensor, draws: Draws) -> Tensor:
    """Empty a fraction of all grid positions, chosen without replacement.

    Args:
        voxels: (B, V, V, V) bool.
        fraction: share of the V^3 positions, 0 to 1; one for all or (B,) one a sample.
        draws: source of randomness.

    Returns:
        (B, V, V, V) bool.

    >>> remove_random(torch.ones(1, 10, 10, 10, dtype=torch.bool), 0.3, Draws.at(seed=0)).sum().item()
    700
    """
    _check(voxels)
    scores = draws.uniform(len(voxels), voxels[0].numel())
    share = torch.as_tensor(fraction, dtype=torch.float64, device=voxels.device)
    counts = (share * scores.shape[1]).round().long().expand(len(voxels))
    return voxels & ~_lowest(scores, counts).view_as(voxels)


def remove_slices(voxels: Tensor, count: int | Tensor, draws: Draws) -> Tensor:
    """Empty some slices along one axis, the axis drawn for each sample and the slices without replacement.

    Args:
        voxels: (B, V, V, V) bool.
        count: slices of the V to empty, 0 to V; one for all or (B,) one a sample.
        draws: source of randomness.

    Returns:
        (B, V, V, V) bool.

    >>> remove_slices(torch.ones(1, 10, 10, 10, dtype=torch.bool), 3, Draws.at(seed=0)).sum().item()
    700
    """
    _check(voxels)
    num, side = voxels.shape[:2]
    axis = draws.integers(0, 3, num)
    counts = torch.as_tensor(count, device=voxels.device).expand(num)
    lost = _lowest(draws.uniform(num, side), counts)  # (B, V)
    x, y, z = (lost & (axis == number)[:, None] for number in range(3))
    return voxels & ~(x[:, :, None, None] | y[:, None, :, None] | z[:, None, None, :])


def remove_half(voxels: Tensor, draws: Draws) -> Tensor:
    """Empty everything on one side of a random plane through the centroid of the occupied cells.

    Args:
        voxels: (B, V, V, V) bool.
        draws: source of randomness; the plane's normal is uniform on the sphere.

    Returns:
        (B, V, V, V) bool.
    """
    _check(voxels)
    return cut(voxels, draws.normal(len(voxels), 3))


def cut(voxels: Tensor, normal: Tensor) -> Tensor:
    """Empty the side to which ``normal`` points of the plane through the centroid of the occupied cells.

    Args:
        voxels: (B, V, V, V) bool.
        normal: (B, 3) direction, of any length.

    Returns:
        (B, V, V, V) bool; cells whose centre is on the plane stay.
    """
    along = torch.arange(voxels.shape[1], device=voxels.device)
    counts = torch.stack([voxels.sum(axes) for axes in ((2, 3), (1, 3), (1, 2))], 1)  # (B, 3, V) cells in each slice
    centroid = (counts * along).sum(2) / counts.sum(2).clamp_min(1)
    x, y, z = ((along - centroid[:, :, None]) * normal[:, :, None]).unbind(1)  # (B, V) heights over the plane
    return voxels & (x[:, :, None, None] + y[:, None, :, None] + z[:, None, None, :] <= 0)


def keep_view(voxels: Tensor, draws: Draws) -> Tensor:
    """Keep only what an orthographic depth camera sees, as in a single scan.

    Args:
        voxels: (B, V, V, V) bool, z up.
        draws: source of randomness; the camera's azimuth is uniform, its elevation uniform in 0 to 30 degrees.

    Returns:
        (B, V, V, V) bool.
    """
    return visible(voxels, *cameras(len(voxels), draws).unbind(1))


def cameras(num: int, draws: Draws) -> Tensor:
    """Draw (B, 2) azimuths in [0, 2 pi) and elevations in [0, ``MAX_ELEVATION``), in radians, of ``num`` cameras."""
    return draws.uniform(num, 2) * torch.tensor([2 * math.pi, MAX_ELEVATION], device=draws.device)


def visible(voxels: Tensor, azimuth: Tensor, elevation: Tensor) -> Tensor:
    """Keep the first occupied cell along each ray of an orthographic camera that looks at the grid.

    The rays are parallel, so all rays that enter the grid at one point of their cell's face step from cell to cell in
    the same order. Marching them is therefore a few shifts of one plane of "blocked" flags a slab, and exact: every
    cell that a ray crosses is tested, so nothing shows through a surface.

    Args:
        voxels: (B, V, V, V) bool, z up.
        azimuth: (B,) radians from x towards y of where the camera stands.
        elevation: (B,) radians over the horizon, at most 35 degrees up or down.

    Returns:
        (B, V, V, V) bool.

    Raises:
        ShapeError: the grid has another shape, or the camera stands higher.
    """
    _check(voxels)
    ray = -torch.stack([azimuth.cos() * elevation.cos(), azimuth.sin() * elevation.cos(), elevation.sin()], 1)
    swap = ray[:, 1].abs() > ray[:, 0].abs()
    ray = torch.where(swap[:, None], ray[:, [1, 0, 2]], ray)
    slope = (ray[:, 1:] / ray[:, :1]).abs()  # (B, 2) cells sideways and up for each cell ahead
    if (slope > 1).any():
        raise ShapeError("a camera stands higher than 35 degrees: lower its elevation")
    seen = _march(_turn(voxels, swap, ray < 0), slope)
    # Mirroring undoes itself and so does the exchange, but in the other order: the exchange moves the mirrored axes.
    back = torch.where(swap[:, None], ray[:, [1, 0, 2]], ray) < 0
    return _turn(seen, swap, back)


def _march(voxels: Tensor, slope: Tensor) -> Tensor:
    """Return (B, V, V, V) the cells that rays along (1, *slope) meet first, entering through the lower faces."""
    full = voxels * torch.tensor(2 ** (RAYS_PER_CELL**2) - 1, device=voxels.device, dtype=torch.uint8)
    blocked = torch.zeros_like(full[:, 0])  # (B, V, V) one bit a ray, in the cells of the current slab
    seen = []
    for cells, moves in zip(full.unbind(1), _moves(slope, voxels.shape[1]), strict=True):
        met = cells & ~blocked
        for stay, sideways, up in moves:
            blocked = blocked | cells
            from_side = F.pad(blocked[:, :-1], (0, 0, 1, 0))
            from_below = F.pad(blocked[:, :, :-1], (1, 0))
            blocked = (blocked & stay) | (from_side & sideways) | (from_below & up)
            met |= cells & ~blocked
        blocked = blocked | cells
        seen.append(met > 0)
    return torch.stack(seen, 1)


def _moves(slope: Tensor, side: int) -> list[list[tuple[Tensor, Tensor, Tensor]]]:
    """Return the two moves in each of V slabs: (B, 1, 1) bytes, a bit a ray, of those that stay, go sideways, go up."""
    phase = (torch.arange(RAYS_PER_CELL, device=slope.device) + 0.5) / RAYS_PER_CELL
    ahead = torch.arange(side + 1, device=slope.device).view(-1, 1, 1, 1)
    place = torch.cartesian_prod(phase, phase) + ahead * slope[:, None]  # (V + 1, B, R, 2) in cells, where rays enter
    cell = place.floor()
    sideways, up = (cell.diff(dim=0) > 0).unbind(-1)  # (V, B, R)
    wait = (cell + 1 - place)[:-1] / slope[:, None]  # in slabs, until the next cell
    sideways_first = sideways & (~up | (wait[..., 0] <= wait[..., 1]))
    first = _ray_bits(sideways & sideways_first, up & ~sideways_first)
    second = _ray_bits(sideways & ~sideways_first, up & sideways_first)
    return [[first_move, second_move] for first_move, second_move in zip(first, second, strict=True)]


def _ray_bits(sideways: Tensor, up: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Pack (V, B, R) bool moves of the rays into V times three (B, 1, 1) bytes: stay, go sideways, go up."""
    bit = 1 << torch.arange(sideways.shape[-1], device=sideways.device, dtype=torch.uint8)
    packed = [(move * bit).sum(-1, dtype=torch.uint8)[..., None, None] for move in (~(sideways | up), sideways, up)]
    return list(zip(*packed, strict=True))


def _turn(voxels: Tensor, swap: Tensor, back: Tensor) -> Tensor:
    """Exchange x and y where ``swap`` (B,), then mirror each axis where ``back`` (B, 3)."""
    turned = torch.where(swap.view(-1, 1, 1, 1), voxels.transpose(1, 2), voxels)
    for axis in range(3):
        turned = torch.where(back[:, axis].view(-1, 1, 1, 1), turned.flip(axis + 1), turned)
    return turned


def _lowest(scores: Tensor, counts: Tensor) -> Tensor:
    """Mark the ``counts`` (B,) lowest of the (B, P) scores in each row; exact, ties included."""
    most = int(counts.max())
    order = scores.topk(most, dim=1, largest=False, sorted=bool((counts < most).any())).indices
    wanted = torch.arange(most, device=scores.device) < counts[:, None]
    return torch.zeros_like(scores, dtype=torch.bool).scatter_(1, order, wanted)


def _check(voxels: Tensor) -> None:
    if voxels.ndim != 4 or voxels.dtype != torch.bool or len(set(voxels.shape[1:])) > 1:
        raise ShapeError(f"wanted (B, V, V, V) bool grids, got {tuple(voxels.shape)} {voxels.dtype}")
