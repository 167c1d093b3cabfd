"""Mean field of a dense CRF in compiled loops: one pass over the pixels an iteration, and one blur."""

import numpy as np

from lessup.masks.lane_kernels import WIDTH, add, add_product, exponential, larger, largest, load, spread, store, total
from lessup.masks.permutohedral_kernels import Corners, Floats, Indices, blur
from lessup.transforms.compiled import compiled

TILE = 64
"""Pixels that are transposed or updated at once, so that their classes stay in the nearest cache."""


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
    corner, share, values = lattice.corner[:, :0], lattice.share[:, :0], np.empty(0, np.float32)  # no messages yet
    room = np.empty(lattice.number * width, np.float32)
    for _ in range(num_iterations):
        _update(rows, corner, share, values, lattice.corner, lattice.share, room)
        blur(lattice.line, lattice.start, width, room)
        values, room = room, np.empty_like(room) if len(values) == 0 else values
        corner, share = lattice.corner, lattice.share
    _softmax(rows, corner, share, values, rows)
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
    new_values[:] = 0
    q = np.empty((TILE, rows.shape[1]), np.float32)
    for begin in range(0, len(rows), TILE):
        end = min(begin + TILE, len(rows))
        _softmax(rows[begin:end], corner[begin:end], share[begin:end], values, q)
        _splat(q, new_corner[begin:end], new_share[begin:end], new_values)


@compiled
def _softmax(rows: Floats, corner: Indices, share: Floats, values: Floats, q: Floats) -> None:
    """Fill the first (N, width) of ``q``, which may be ``rows``, with the probabilities of N pixels.

    Args:
        rows: (N, width) minus the energies.
        corner: (N, M) where the messages lie.
        share: (N, M) of them.
        values: (V * width,) to slice them from.
        q: to fill.
    """
    points, width = rows.shape
    score, result = rows.reshape(-1), q.reshape(-1)
    nothing, one = spread(np.float32(0)), spread(np.float32(1))
    for point in range(points):
        begin, end = point * width, (point + 1) * width
        most = spread(np.float32(-np.inf))
        for at in range(begin, end, WIDTH):
            message = load(score, at)
            for place in range(corner.shape[1]):
                there = np.int64(corner[point, place]) * width + (at - begin)
                message = add_product(spread(share[point, place]), load(values, there), message)
            store(result, at, message)
            most = larger(most, message)
        shift, whole = spread(-largest(most)), nothing
        for at in range(begin, end, WIDTH):
            power = exponential(add_product(load(result, at), one, shift))
            store(result, at, power)
            whole = add(whole, power)
        part = spread(np.float32(1) / total(whole))
        for at in range(begin, end, WIDTH):
            store(result, at, add_product(part, load(result, at), nothing))


@compiled
def _splat(q: Floats, corner: Indices, share: Floats, values: Floats) -> None:
    """Add the probabilities of N pixels, the first of ``q``, to their corners."""
    width, source = q.shape[1], q.reshape(-1)
    for point in range(len(corner)):
        begin, end = point * width, (point + 1) * width
        for place in range(corner.shape[1]):
            there = np.int64(corner[point, place]) * width - begin
            part = spread(share[point, place])
            for at in range(begin, end, WIDTH):
                store(values, there + at, add_product(part, load(source, at), load(values, there + at)))
