import numpy as np
import pytest

from lessup.report.rectangles import Rectangles, rectangles


def unit_faces(labels: np.ndarray) -> dict[tuple[int, ...], int]:
    """Every face between a labelled and an empty cell by plain loops: (axis, side, i, j, k) -> label."""
    found = {}
    for cell in np.ndindex(labels.shape):
        if labels[cell] == 0:
            continue
        for axis in range(3):
            for side in (0, 1):
                neighbour = list(cell)
                neighbour[axis] += 2 * side - 1
                inside = 0 <= neighbour[axis] < labels.shape[axis]
                if not inside or labels[tuple(neighbour)] == 0:
                    found[(axis, side, *cell)] = int(labels[cell])
    return found


def covered_faces(cover: Rectangles) -> dict[tuple[int, ...], int]:
    found: dict[tuple[int, ...], int] = {}
    for corners, label in zip(cover.corners.astype(int), cover.label, strict=True):
        low, high = corners.min(0), corners.max(0)
        axis = int(np.flatnonzero(low == high)[0])
        side = int(np.cross(corners[1] - corners[0], corners[2] - corners[0])[axis] > 0)
        low[axis] -= side
        high[axis] = low[axis] + 1
        for cell in np.ndindex(*(high - low)):
            key = (axis, side, *(int(value) for value in low + cell))
            assert key not in found, "two rectangles cover one face"
            found[key] = int(label)
    return found


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 1.0])
def test_every_surface_face_is_covered_once_from_outside_with_its_label(share):
    rng = np.random.default_rng(0)
    labels = (rng.random((7, 6, 5)) < share) * rng.integers(1, 4, (7, 6, 5))
    labels = labels.astype(np.uint8)
    assert covered_faces(rectangles(labels)) == unit_faces(labels)


def test_empty_grid_has_no_rectangle():
    cover = rectangles(np.zeros((3, 3, 3), np.uint8))
    assert cover.corners.shape == (0, 4, 3)


def test_a_table_needs_few_rectangles():
    table = np.zeros((30, 30, 30), np.uint8)
    table[3:27, 3:27, 20:22] = 1
    for x in (3, 25):
        for y in (3, 25):
            table[x : x + 2, y : y + 2, 3:20] = 1
    assert len(rectangles(table).label) < 40
