"""Connected regions of masks; pixels touch by a side or a corner."""

import numpy as np
from numpy.typing import NDArray


def components(mask: NDArray[np.bool_], *, min_area: float = 1) -> NDArray[np.int64]:
    """Number the connected regions of a mask.

    Args:
        mask: (H, W).
        min_area: pixels; smaller regions are left out.

    Returns:
        (H, W): 0 outside all regions, then 1, 2 ... in the order in which rows read from the top meet them.

    >>> components(np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 0, 0]], bool))
    array([[1, 0, 1],
           [0, 1, 0],
           [0, 0, 0],
           [2, 0, 0]])
    """
    from scipy.ndimage import label

    number = label(mask, structure=np.ones((3, 3), bool))[0]
    kept = np.bincount(number.ravel(), minlength=1) >= min_area
    kept[0] = False
    renumbered: NDArray[np.int64] = np.where(kept, np.cumsum(kept), 0)[number]
    return renumbered


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (H, W) the largest connected region of a mask, the upper of two alike; empty where the mask is.

    >>> largest_component(np.array([[True, False, True, True]]))
    array([[False, False,  True,  True]])
    """
    number = components(mask)
    areas = np.bincount(number.ravel(), minlength=1)[1:]
    return number == areas.argmax() + 1 if len(areas) else np.zeros_like(mask)


def bounding_box(mask: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """Return (4,) left, top, right, bottom in pixels, right and bottom outside; None where the mask is empty.

    >>> bounding_box(np.array([[False, False], [False, True]]))
    array([1., 1., 2., 2.], dtype=float32)
    """
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return None
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
