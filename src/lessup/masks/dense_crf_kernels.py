"""Mean field of a dense CRF in compiled loops: one pass over the pixels an iteration, and one blur."""

import numpy as np

from lessup.masks.lane_kernels import WIDTH, add, add_product, exponential, larger, largest, load, spread, store, total
from lessup.masks.permutohedral_kernels import Corners, Floats, Indices, blur
from lessup.transforms.compiled import compiled

TILE = 64
"""Pixels whose classes are transposed at once, so that reading and writing stay in the nearest cache."""


def mean_field(energy: Floats, lattice: Corners, num_iterations: int, result: Floats) -> None:
    """Fill the probabilities of the classes of one image.

    Args:
        energy: (K, N).
        lattice: whose shares hold the square roots of the weights and of the normalisation.
        num_iterations: at least 0.
        result: (K, N) to fill.
    """
    width = -len(energy) % WIDTH + len(energy)
    rows = _to_rows(energy, width)
    values = [np.empty(lattice.number * width, np.float32) for _ in range(2)]
    nowhere = lattice.corner[:, :0], lattice.share[:, :0]
    for iteration in range(num_iterations):
        read = (lattice.corner, lattice.share) if iteration else nowhere
        _update(rows.reshape(-1), *read, values[0], lattice.corner, lattice.share, values[1])
        blur(lattice.line, lattice.start, width, values[1])
        values.reverse()
    read = (lattice.corner, lattice.share) if num_iterations else nowhere
    _finish(rows.reshape(-1), *read, values[0])
    _from_rows(rows, result)


def normalise(lattice: Corners, weight: float) -> None:
    """Multiply the shares by the square root of the weight and by 1 / sqrt(sum of the kernel over all points).

    Source: the symmetric normalisation of Krähenbühl and Koltun, *Parameter Learning and Convergent Inference for Dense
    Random Fields*, 2013.
    """
    values = np.zeros(lattice.number * WIDTH, np.float32)
    _splat_ones(lattice.corner, lattice.share, values)
    blur(lattice.line, lattice.start, WIDTH, values)
    _scale_shares(lattice.corner, lattice.share, values, np.float32(weight))


@compiled
def _splat_ones(corner: Indices, share: Floats, values: Floats) -> None:
    for point in range(len(corner)):
        for place in range(corner.shape[1]):
            values[corner[point, place] * WIDTH] += share[point, place]


@compiled
def _scale_shares(corner: Indices, share: Floats, values: Floats, weight: np.float32) -> None:
    for point in range(len(corner)):
        mass = np.float32(1e-20)
        for place in range(corner.shape[1]):
            mass += share[point, place] * values[corner[point, place] * WIDTH]
        share[point] *= np.sqrt(weight / mass)


@compiled
def _to_rows(energy: Floats, width: int) -> Floats:
    """Return (N, width), minus the (K, N) energies; what is beyond K gets no probability."""
    classes, points = energy.shape
    rows = np.empty((points, width), np.float32)
    rows[:, classes:] = -np.inf
    for begin in range(0, points, TILE):
        for k in range(classes):
            for point in range(begin, min(begin + TILE, points)):
                rows[point, k] = -energy[k, point]
    return rows


@compiled
def _from_rows(rows: Floats, result: Floats) -> None:
    """Fill (K, N) from (N, width)."""
    classes, points = result.shape
    for begin in range(0, points, TILE):
        for k in range(classes):
            for point in range(begin, min(begin + TILE, points)):
                result[k, point] = rows[point, k]


@compiled
def _softmax(
    rows: Floats, at: int, width: int, corner: Indices, share: Floats, point: int, values: Floats, row: Floats
) -> np.float32:
    """Fill the row with powers of e in proportion to the probabilities of one pixel, and return their sum."""
    most = spread(np.float32(-np.inf))
    for lane in range(0, width, WIDTH):
        message = load(rows, at + lane)
        for place in range(corner.shape[1]):
            there = np.int64(corner[point, place]) * width + lane
            message = add_product(spread(share[point, place]), load(values, there), message)
        store(row, lane, message)
        most = larger(most, message)
    shift, one = spread(-largest(most)), spread(np.float32(1))
    whole = spread(np.float32(0))
    for lane in range(0, width, WIDTH):
        power = exponential(add_product(load(row, lane), one, shift))
        store(row, lane, power)
        whole = add(whole, power)
    return np.float32(total(whole))


@compiled
def _update(
    rows: Floats,
    corner: Indices,
    share: Floats,
    values: Floats,
    new_corner: Indices,
    new_share: Floats,
    new_values: Floats,
) -> None:
    """Slice the messages out of the corners, update every pixel, and splat its probabilities onto the new corners."""
    width = len(rows) // len(corner)
    row = np.empty(width, np.float32)
    new_values[:] = 0
    for point in range(len(corner)):
        whole = _softmax(rows, point * width, width, corner, share, point, values, row)
        for place in range(new_corner.shape[1]):
            there = np.int64(new_corner[point, place]) * width
            part = spread(new_share[point, place] / whole)
            for lane in range(0, width, WIDTH):
                store(new_values, there + lane, add_product(part, load(row, lane), load(new_values, there + lane)))


@compiled
def _finish(rows: Floats, corner: Indices, share: Floats, values: Floats) -> None:
    """Slice the messages out of the corners and put the probabilities in the place of the energies."""
    width = len(rows) // len(corner)
    row = np.empty(width, np.float32)
    nothing = spread(np.float32(0))
    for point in range(len(corner)):
        at = point * width
        whole = _softmax(rows, at, width, corner, share, point, values, row)
        part = spread(np.float32(1) / whole)
        for lane in range(0, width, WIDTH):
            store(rows, at + lane, add_product(part, load(row, lane), nothing))
