"""The permutohedral lattice in compiled loops on the CPU: corners by a hash table, blurs in place."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lessup.masks.lane_kernels import WIDTH, add, add_product, load, spread, store
from lessup.masks.permutohedral import axis_steps, multipliers, scales
from lessup.transforms.compiled import compiled

Floats = NDArray[np.float32]
Indices = NDArray[np.int32]
Codes = NDArray[np.int64]

FIRST_BITS = 14
"""Of the number of slots of a new hash table, which doubles whenever it is half full."""


class Corners(NamedTuple):
    """A lattice as the compiled loops want it, in which the corners may be those of several lattices.

    Attributes:
        number: how many corners there are, V.
        corner: (N, M) int32, the M corners that each point has a share in.
        share: (N, M) the shares.
        line: (L,) int32, corners in the order in which they are blurred.
        start: (R + 1,) int32, where in ``line`` each of R straight runs of neighbours begins, and the end.
    """

    number: int
    corner: Indices
    share: Floats
    line: Indices
    start: Indices


def corners_around(position: Floats) -> Corners:
    """Build the lattice around (N, D) positions in units of the standard deviation, equal to ``Lattice.around``."""
    points, dimensions = position.shape
    corner = np.empty((points, dimensions + 1), np.int32)
    share = np.empty((points, dimensions + 1), np.float32)
    steps = np.array(axis_steps(dimensions))
    factors = np.array([*multipliers(dimensions), 0])
    number, codes, slots = _enclose(position, np.array(scales(dimensions), np.float32), factors, steps, corner, share)
    line, start = _runs(codes[:number], slots, steps)
    return Corners(number, corner, share, line, start)


def joined(parts: list[Corners]) -> Corners:
    """Put lattices around the same points beside one another."""
    before = np.cumsum([0, *(part.number for part in parts)], dtype=np.int32)
    length = np.cumsum([0, *(len(part.line) for part in parts)], dtype=np.int32)
    moved = list(zip(parts, before, length, strict=False))
    return Corners(
        int(before[-1]),
        np.concatenate([part.corner + by for part, by, _ in moved], 1),
        np.concatenate([part.share for part in parts], 1),
        np.concatenate([part.line + by for part, by, _ in moved]),
        np.concatenate([*(part.start[:-1] + at for part, _, at in moved), length[-1:]]),
    )


@compiled
def _slot(codes: Codes, slots: Indices, code: np.int64) -> int:
    """Return the slot of a code: the one that holds its index, or the free one, which holds -1, where it belongs."""
    mask = len(slots) - 1
    slot = (code >> 20 ^ code >> 40) & mask
    while slots[slot] >= 0 and codes[slots[slot]] != code:
        slot = (slot + 1) & mask
    return int(slot)


@compiled
def _grown(codes: Codes, number: int, slots: Indices) -> Indices:
    """Return a table of twice as many slots that holds the first codes."""
    more = np.full(2 * len(slots), -1, np.int32)
    for index in range(number):
        more[_slot(codes, more, codes[index])] = index
    return more


@compiled
def _enclose(
    position: Floats, scale: Floats, factors: Codes, steps: Codes, corner: Indices, share: Floats
) -> tuple[int, Codes, Indices]:
    """Fill the corners around each point and its shares in them, by remainder.

    Returns:
        The number of corners V, at least (V,) codes of theirs, and the table that tells the index of a code.
    """
    points, size = corner.shape
    codes, slots = np.empty(points * size, np.int64), np.full(1 << FIRST_BITS, -1, np.int32)
    elevated, apart = np.empty(size, np.float32), np.empty(size, np.float32)
    nearest, order, falling = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    last = np.zeros(size, np.int64)
    number = 0
    for point in range(points):
        _elevate(position[point], scale, elevated)
        _find_simplex(elevated, nearest, order, apart, falling)
        code = np.int64(0)
        for axis in range(size - 1):
            code += nearest[axis] * factors[axis]
        for remainder in range(size):
            if remainder:
                code += steps[order[size - remainder]]
                share[point, remainder] = apart[order[size - 1 - remainder]] - apart[order[size - remainder]]
            else:
                share[point, 0] = np.float32(1) + apart[order[size - 1]] - apart[order[0]]
            if point and code == last[remainder]:  # as most pixels have corners of the pixel before
                corner[point, remainder] = corner[point - 1, remainder]
                continue
            last[remainder] = code
            slot = _slot(codes, slots, code)
            if slots[slot] < 0:
                codes[number], slots[slot] = code, number
                number += 1
            corner[point, remainder] = slots[slot]
            if 2 * number > len(slots):
                slots = _grown(codes, number, slots)
    return number, codes, slots


@compiled
def _elevate(position: Floats, scale: Floats, elevated: Floats) -> None:
    """Fill the (D + 1,) coordinates of a (D,) position in the hyperplane of the lattice."""
    rest = np.float32(0)
    for axis in range(len(position), 0, -1):
        scaled = position[axis - 1] * scale[axis - 1]
        elevated[axis] = rest - np.float32(axis) * scaled
        rest += scaled
    elevated[0] = rest


@compiled
def _find_simplex(elevated: Floats, nearest: Codes, order: Codes, apart: Floats, falling: Codes) -> None:
    """Fill the corner of remainder 0, the axes by the distance from it, the farthest first, and these distances.

    ``falling`` is (D + 1,) room for the axes by their distance from the corner that rounding gives.
    """
    size, excess = len(elevated), 0
    for axis in range(size):
        rounded = np.rint(elevated[axis] / np.float32(size))
        nearest[axis] = int(rounded) * size
        excess += int(rounded)
        apart[axis] = elevated[axis] / np.float32(size) - rounded
        place = axis  # insertion keeps equal ones in their order
        while place > 0 and apart[falling[place - 1]] < apart[axis]:
            falling[place] = falling[place - 1]
            place -= 1
        falling[place] = axis
    for place in range(size):  # coordinates that do not sum to 0 are put right where it costs least
        axis, rank = falling[place], place + excess
        if rank >= size:
            rank -= size
            nearest[axis] -= size
            apart[axis] += np.float32(1)
        elif rank < 0:
            rank += size
            nearest[axis] += size
            apart[axis] -= np.float32(1)
        order[rank] = axis


@compiled
def _runs(codes: Codes, slots: Indices, steps: Codes) -> tuple[Indices, Indices]:
    """Order the corners along each axis, run after run; a corner without neighbours on it is left out.

    Returns:
        ``line`` and ``start`` of `Corners`.
    """
    number = len(codes)
    line, start = np.empty(number * len(steps), np.int32), np.zeros(number * len(steps) + 1, np.int32)
    after, follows = np.empty(number, np.int32), np.empty(number, np.bool_)
    length = runs = 0
    for step in steps:
        follows[:] = False
        for index in range(number):
            after[index] = slots[_slot(codes, slots, codes[index] + step)]
            if after[index] >= 0:
                follows[after[index]] = True
        for index in range(number):
            if follows[index] or after[index] < 0:
                continue
            here = np.int32(index)
            while here >= 0:
                line[length] = here
                length += 1
                here = after[here]
            runs += 1
            start[runs] = length
    return line[:length].copy(), start[: runs + 1].copy()


@compiled
def blur(line: Indices, start: Indices, width: int, values: Floats) -> None:
    """Blur the values of all corners along every axis in turn by (1/2, 1, 1/2).

    Args:
        line: of `Corners`.
        start: of `Corners`.
        width: floats a corner, a multiple of WIDTH.
        values: (V * width,) to change in place.
    """
    nothing, half = spread(np.float32(0)), spread(np.float32(0.5))
    for run in range(len(start) - 1):
        begin, end = start[run], start[run + 1]
        for lane in range(0, width, WIDTH):
            before = nothing
            at = line[begin] * width + lane
            here = load(values, at)
            for place in range(begin + 1, end):
                next_at = line[place] * width + lane
                after = load(values, next_at)
                store(values, at, add_product(add(before, after), half, here))
                before, here, at = here, after, next_at
            store(values, at, add_product(before, half, here))
