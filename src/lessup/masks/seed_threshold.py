"""Choose the threshold of seeds without a single mask: where the confidences of all pixels fall apart into two heaps.

Nobuyuki Otsu, *A Threshold Selection Method from Gray-Level Histograms*, 1979,
<https://doi.org/10.1109/TSMC.1979.4310076>: of all thresholds, the one with the most variance between what is below it
and what is above.
"""

import numpy as np
from numpy.typing import NDArray

from lessup.errors import ShapeError
from lessup.masks.seeds import THRESHOLD


def chosen_threshold(counts: NDArray[np.integer]) -> float:
    """Return the confidence from which on a pixel is a seed.

    Args:
        counts: (L,) pixels of all images by confidence, in equal steps from 0 to 1.

    Returns:
        the least step of the upper heap, in (0, 1]; the published 0.2 where all pixels are alike.

    Raises:
        ShapeError: there are fewer than two steps.

    >>> chosen_threshold(np.array([90, 5, 0, 0, 10, 20]))
    0.8
    """
    from skimage.filters import threshold_otsu

    if counts.ndim != 1 or len(counts) < 2:
        raise ShapeError(f"counts {counts.shape}: wanted (L,) with L of 2 or more")
    if np.count_nonzero(counts) < 2:
        return THRESHOLD
    # the last step of the lower heap
    found = int(threshold_otsu(hist=(counts, np.arange(len(counts)))))  # type: ignore[no-untyped-call]
    upper = int(np.flatnonzero(counts[found + 1 :])[0]) + found + 1
    return upper / (len(counts) - 1)
