import pytest

from lessup.samples.spacing import evenly_spaced


@pytest.mark.parametrize("most", [2, 3, 6, 64, 500])
def test_places_differ_and_lie_within_half_of_one_of_even_steps_from_the_first_to_the_last(most):
    for count in range(1, 1200, 7):
        places = evenly_spaced(count, most).tolist()
        assert len(set(places)) == len(places) == min(count, most)
        step = (count - 1) / max(len(places) - 1, 1)
        assert all(abs(place - number * step) <= 0.5 + 1e-9 for number, place in enumerate(places))
        assert places == sorted(places)


def test_one_alone_is_the_first_and_of_none_there_are_none():
    assert evenly_spaced(9, 1).tolist() == [0]
    assert evenly_spaced(0, 3).tolist() == []
    assert evenly_spaced(3, 0).tolist() == []
