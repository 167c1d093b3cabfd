"""The threshold that is chosen without masks parts two heaps of confidences, and is the published one where is none."""

import numpy as np
import pytest

from lessup.errors import ShapeError
from lessup.masks.seed_threshold import chosen_threshold
from lessup.masks.seeds import THRESHOLD


def by_hand(values: np.ndarray) -> float:
    """Return the least value of the upper heap, by trying every threshold on the values themselves."""
    tried = {}
    for threshold in np.unique(values)[1:]:
        low, high = values[values < threshold], values[values >= threshold]
        tried[threshold] = len(low) * len(high) * (high.mean() - low.mean()) ** 2
    return max(tried, key=lambda threshold: tried[threshold])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
def test_it_is_the_threshold_of_most_variance_between_both_heaps(seed, share):
    generator = np.random.default_rng(seed)
    steps = np.where(generator.random(3000) < share, generator.beta(6, 2, 3000), generator.beta(1, 5, 3000))
    steps = np.rint(255 * steps).astype(int)
    found = chosen_threshold(np.bincount(steps, minlength=256))
    assert found == pytest.approx(by_hand(steps) / 255)


def test_many_pixels_without_any_map_do_not_move_it_beyond_the_upper_heap():
    counts = np.zeros(256, int)
    counts[0], counts[100:200] = 10**9, 5
    assert 0 < chosen_threshold(counts) <= 200 / 255


@pytest.mark.parametrize("step", [0, 100, 255])
def test_where_all_pixels_are_alike_it_is_the_published_one(step):
    counts = np.zeros(256, int)
    counts[step] = 7
    assert chosen_threshold(counts) == THRESHOLD
    assert chosen_threshold(np.zeros(256, int)) == THRESHOLD


def test_two_values_are_parted():
    assert chosen_threshold(np.bincount([0, 0, 0, 255], minlength=256)) == 1
    assert chosen_threshold(np.bincount([3, 254, 254], minlength=256)) == pytest.approx(254 / 255)


def test_counts_of_no_steps_are_refused():
    with pytest.raises(ShapeError, match=r"counts \(1,\): wanted \(L,\) with L of 2 or more"):
        chosen_threshold(np.array([3]))
