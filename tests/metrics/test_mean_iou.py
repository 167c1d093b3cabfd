import numpy as np

from lessup.metrics.confusion import confusion
from lessup.metrics.mean_iou import class_ious


def test_ious_are_those_of_sets_of_pixels_and_absent_classes_are_left_out():
    rng = np.random.default_rng(0)
    true, found = rng.integers(0, 4, 500), rng.integers(0, 5, 500)
    ious = class_ious(confusion(true, found, 6))
    for number in range(4):
        own, called = set(np.flatnonzero(true == number)), set(np.flatnonzero(found == number))
        assert np.isclose(ious[number], len(own & called) / len(own | called))
    assert np.isnan(ious[4:]).all(), "4 is called but never there, 5 is neither"
