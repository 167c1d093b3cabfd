import numpy as np
import pytest

from lessup.metrics.hausdorff import modified_hausdorff


def test_it_is_the_larger_mean_of_nearest_distances_by_loops():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(7, 2)), random.normal(size=(4, 2))
    there = np.mean([min(np.hypot(*(p - q)) for q in b) for p in a])
    back = np.mean([min(np.hypot(*(p - q)) for q in a) for p in b])
    assert modified_hausdorff(a, b) == pytest.approx(max(there, back))
    assert modified_hausdorff(b, a) == pytest.approx(max(there, back))
    assert modified_hausdorff(a, a) == 0
