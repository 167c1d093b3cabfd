import numpy as np
import pytest

from lessup.errors import DataError
from lessup.probes.spaces import BIAS, Pool, Products, Vectors
from lessup.samples.label_draws import Draw


def draw_of(num=50, known=20):
    order = np.random.default_rng(1).permutation(num)
    return Draw(order[:known], order[known:])


def features(num=50, width=30):
    return np.random.default_rng(0).normal(size=(num, width)) * np.linspace(0.1, 3, width) + 5.0


def by_hand(x, draw):
    """Centred and scaled by the training samples, a constant behind."""
    known, asked = x[draw.known], x[draw.asked]
    centre = known.mean(0)
    length = np.sqrt(((known - centre) ** 2).sum(1).mean())
    return [np.c_[(part - centre) / length, np.full(len(part), np.sqrt(BIAS))] for part in (known, asked)]


def test_products_are_those_of_samples_centred_and_scaled_by_the_training_part():
    x, draw = features(), draw_of()
    space = Pool(x).part(draw)
    assert isinstance(space, Products)
    known, asked = by_hand(x, draw)
    np.testing.assert_allclose(space.known, known @ known.T, atol=1e-10)
    np.testing.assert_allclose(space.asked, asked @ known.T, atol=1e-10)


def test_many_samples_of_few_dimensions_stay_vectors():
    x, draw = features(width=5), draw_of()
    space = Pool(x).part(draw)
    assert isinstance(space, Vectors)
    known, asked = by_hand(x, draw)
    np.testing.assert_allclose(space.known, known, atol=1e-10)
    np.testing.assert_allclose(space.asked, asked, atol=1e-10)


def test_machines_in_both_spaces_say_the_same():
    x, draw = features(), draw_of()
    known, asked = by_hand(x, draw)
    change = np.random.default_rng(2).normal(size=(20, 3))
    said = []
    for space in (Products(known @ known.T, asked @ known.T), Vectors(known, asked)):
        state = space.start(3)
        space.add(state, np.arange(4), change[:4])
        space.add(state, np.arange(4, 20), change[4:])
        rows = np.array([3, 1])
        said.append((space.decide(state), space.scores(state, rows), space.within(rows)))
    for one, other in zip(*said, strict=True):
        np.testing.assert_allclose(one, other)
    np.testing.assert_allclose(said[0][0], asked @ (known.T @ change))


@pytest.mark.parametrize("width", [5, 30])
def test_weights_say_of_raw_features_what_machines_say_of_centred_ones(width):
    x, draw = features(width=width), draw_of()
    pool = Pool(x)
    space = pool.part(draw)
    state = space.start(3)
    space.add(state, np.arange(20), np.random.default_rng(2).normal(size=(20, 3)))
    weight, bias = pool.weights(draw, state)
    assert (weight.shape, bias.shape) == ((width, 3), (3,))
    np.testing.assert_allclose(x[draw.asked] @ weight + bias, space.decide(state), atol=1e-10)


def test_solvers_of_both_spaces_divide_by_the_same_curvature():
    x, draw = features(), draw_of()
    known, asked = by_hand(x, draw)
    change = np.random.default_rng(2).normal(size=(20, 3))
    curvature, decay = 0.3, 0.01
    hessian = curvature * known.T @ known + decay * np.eye(known.shape[1])
    wanted = asked @ np.linalg.solve(hessian, known.T @ change)
    for space in (Products(known @ known.T, asked @ known.T), Vectors(known, asked)):
        slope = space.start(3)
        space.add(slope, slice(None), change)
        np.testing.assert_allclose(space.decide(space.solver(curvature, decay)(slope)), wanted)


@pytest.mark.parametrize("width", [5, 40])
def test_features_that_are_all_equal_are_refused(width):
    with pytest.raises(DataError, match="all features are equal"):
        Pool(np.full((50, width), 0.3, np.float32)).part(draw_of())


def test_one_training_sample_is_not_called_a_collapse():
    with pytest.raises(DataError, match="two labelled samples"):
        Pool(features()).part(Draw(np.array([3]), np.array([4, 5])))
