"""The surface of a grid as few axis-aligned rectangles, light enough for a page."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Rectangles:
    """R axis-aligned rectangles that cover a grid's surface once.

    Attributes:
        corners: (R, 4, 3) uint8, counter-clockwise from outside; cell (i, j, k) fills the cube from (i, j, k) to
            (i + 1, j + 1, k + 1).
        label: (R,) the label of the cells behind each rectangle.
    """

    corners: NDArray[np.uint8]
    label: NDArray[np.uint8]


def rectangles(labels: NDArray[np.uint8]) -> Rectangles:
    """Cover the faces between labelled and empty cells with rectangles of one label each.

    Faces of one plane are joined to runs along the last axis, and runs of equal extent in neighbouring rows to
    rectangles: about a sixth of the faces remain.

    Args:
        labels: (V, V, V) uint8, V <= 255; 0 is empty.

    >>> rectangles(np.ones((4, 4, 4), np.uint8)).corners.shape
    (6, 4, 3)
    """
    corners, label = [], []
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        planes = np.pad(labels.transpose(axis, *others), ((1, 1), (0, 0), (0, 0)))
        for outwards in (-1, 1):
            behind = planes[1:-1]
            in_front = planes[1 + outwards : len(planes) - 1 + outwards]
            plane, low, high, name = _joined(np.where(in_front == 0, behind, 0))
            flat = _corners(plane + (outwards == 1), low, high, flipped=(outwards == -1) != (axis == 1))
            turned = np.empty_like(flat)
            turned[:, :, [axis, *others]] = flat
            corners.append(turned)
            label.append(name)
    return Rectangles(np.concatenate(corners), np.concatenate(label))


_Ints = NDArray[np.int64]


def _joined(faces: NDArray[np.uint8]) -> tuple[_Ints, _Ints, _Ints, NDArray[np.uint8]]:
    """Join (planes, rows, columns) labelled faces; return each rectangle's plane, (2,) low and high, and label."""
    before, after = np.roll(faces, 1, axis=2), np.roll(faces, -1, axis=2)
    before[:, :, 0] = after[:, :, -1] = 0
    plane, row, start = np.nonzero((faces != 0) & (faces != before))
    end = np.nonzero((faces != 0) & (faces != after))[2] + 1
    label = faces[plane, row, start]
    order = np.lexsort((row, label, end, start, plane))
    plane, row, start, end, label = plane[order], row[order], start[order], end[order], label[order]
    same_run = np.stack([plane, start, end, label.astype(np.int64)])
    continues = (same_run[:, 1:] == same_run[:, :-1]).all(0) & (row[1:] == row[:-1] + 1)
    first = np.flatnonzero(~np.r_[np.zeros(min(len(row), 1), bool), continues])
    last = np.r_[first[1:], len(row)][: len(first)] - 1
    low = np.stack([row[first], start[first]], 1)
    high = np.stack([row[last] + 1, end[first]], 1)
    return plane[first], low, high, label[first]


def _corners(plane: _Ints, low: _Ints, high: _Ints, *, flipped: bool) -> NDArray[np.uint8]:
    """Return (R, 4, 3) corners in the order plane, row, column."""
    row, column = np.stack([low, high], 2).swapaxes(0, 1)  # (R, 2) each
    turn = [(0, 0), (0, 1), (1, 1), (1, 0)] if flipped else [(0, 0), (1, 0), (1, 1), (0, 1)]
    return np.stack([np.stack([plane, row[:, i], column[:, j]], 1) for i, j in turn], 1).astype(np.uint8)
