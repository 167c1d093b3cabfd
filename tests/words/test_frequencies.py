import numpy as np
import pytest

from lessup.words.frequencies import Alias, keep_probability, noise_distribution

COUNTS = np.array([900_000, 90_000, 9_900, 100])


def test_words_are_thinned_out_as_the_program_and_the_paper_say():
    for published in (False, True):
        found = keep_probability(COUNTS, 1e-3, published=published)
        for keep, count in zip(found.tolist(), COUNTS.tolist(), strict=True):
            share = count / 1_000_000
            wanted = (1e-3 / share) ** 0.5 + (0 if published else 1e-3 / share)
            assert keep == pytest.approx(min(wanted, 1), rel=1e-6)
    assert keep_probability(COUNTS, 0.0, published=False).tolist() == [1] * 4


def test_noise_goes_by_counts_to_a_power():
    found = noise_distribution(np.array([16, 1]), 0.75)
    assert found.tolist() == pytest.approx([8 / 9, 1 / 9])


@pytest.mark.parametrize("num", [1, 2, 37])
def test_what_places_stand_for_adds_up_to_the_distribution(num):
    wanted = noise_distribution(np.random.default_rng(0).integers(1, 1000, num), 0.75)
    table = Alias.of(wanted)
    found = np.zeros(num)
    for place, (chance, other) in enumerate(zip(table.chance, table.other, strict=True)):
        found[place] += chance / num
        found[other] += (1 - chance) / num
    np.testing.assert_allclose(found, wanted, atol=1e-6)
