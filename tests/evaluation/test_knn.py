"""The protocol on generated discs, beside scikit-learn's neighbours on the same features."""

from dataclasses import astuple

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier
from toy_images import ToyEncoder, discs

from lessup.errors import UsageError
from lessup.evaluation.knn import KNN
from lessup.features import encode_all
from lessup.samples.label_draws import LabelledPool, hold_out
from lessup.samples.splits import Folds, Split, split


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return ToyEncoder().eval()


def untouched(samples):
    nothing = samples.take(np.arange(0))
    return Split(nothing, nothing, samples)


def measure(method, parts, **settings):
    return KNN(KNN.Config(**settings)).measure(method, parts)


def by_scikit_learn(toy, parts, *, layer=None, **settings):
    known = [parts.train, parts.validation]
    train = np.concatenate([encode_all(toy, part, layer=layer) for part in known])
    machine = KNeighborsClassifier(**settings).fit(train, np.concatenate([part.label for part in known]))
    return 100 * machine.score(encode_all(toy, parts.test, layer=layer), parts.test.label)


def test_one_nearest_neighbour_by_distance_equals_scikit_learn(toy):
    parts = split(discs(30, noise=110), Folds())
    got = measure(toy, parts, k=(1,), metric="euclidean", layers=("conv2",)).rows["model"]["accuracy"].mean
    assert got == pytest.approx(by_scikit_learn(toy, parts, layer="conv2", n_neighbors=1))
    assert got < 100


def test_weighted_votes_equal_scikit_learn(toy):
    parts = split(discs(30, noise=110), Folds())
    got = measure(toy, parts, k=(9,), temperature=0.02, layers=("pool5",)).rows["model"]["accuracy"].mean

    def weights(distance):
        return np.exp(-distance / 0.02)

    wanted = by_scikit_learn(toy, parts, n_neighbors=9, metric="cosine", weights=weights)
    assert got == pytest.approx(wanted)


def test_a_tie_of_plain_votes_goes_to_the_nearer_class(toy):
    """With two neighbours of two classes, two votes are as one."""
    parts = split(discs(30, noise=110), Folds())
    settings = {"metric": "euclidean", "references": False, "layers": ("pool5",)}
    two, one = (measure(toy, parts, k=(k,), **settings).rows["model"] for k in (2, 1))
    assert two == one


def test_rows_of_chance_pixels_and_untrained_networks_stand_beside_the_model(toy):
    result = measure(toy, untouched(discs()), images_per_class=6, draws=2)
    assert list(result.rows) == ["chance", "pixels", "random", "magic_init", "model"]
    assert all(scores["accuracy"].n == 2 for scores in result.rows.values())
    assert list(measure(toy, split(discs(), Folds()), references=False).rows) == ["model"]


def test_every_k_and_layer_is_shown_and_one_of_each_is_chosen(toy):
    result = measure(toy, untouched(discs()), k=(1, 5), layers=("conv1", "fc6"), images_per_class=9, draws=1)
    model = result.rows["model"]
    shown = {"accuracy_of_1", "accuracy_of_5", "accuracy_at_conv1", "accuracy_at_fc6"}
    assert shown <= set(model)
    assert model["accuracy"] in [model["accuracy_of_1"], model["accuracy_of_5"]]
    assert model["accuracy"] in [model["accuracy_at_conv1"], model["accuracy_at_fc6"]]


def test_without_layers_named_each_row_has_the_layer_that_tells_known_samples_best(toy):
    """Among all layers, that of the k nearest by scikit-learn on the same third of the known samples."""
    parts = untouched(discs(30, noise=110))
    result = measure(toy, parts, k=(5,), vote="plain", images_per_class=15, draws=1, references=False)
    pool = LabelledPool.of(parts)
    known = pool.draw(0, num_per_class=15).known
    fitted, held = (known[side] for side in astuple(hold_out(pool.take(known), np.arange(len(known)))))
    told = {}
    for layer in toy.layers:
        x = encode_all(toy, parts.test, layer=layer)
        machine = KNeighborsClassifier(5, metric="cosine").fit(x[fitted], pool.label[fitted])
        told[layer] = machine.score(x[held], pool.label[held])
    best = max(told, key=told.get)
    assert sorted(told.values())[-2] < told[best], "the best is not a tie"
    assert best != toy.layers[0]
    assert (
        result.rows["model"]
        == measure(
            toy, parts, k=(5,), vote="plain", images_per_class=15, draws=1, references=False, layers=(best,)
        ).rows["model"]
    )


def test_numbers_of_neighbours_beyond_the_known_samples_are_left_out(toy):
    result = measure(toy, untouched(discs()), k=(1, 5, 1000), images_per_class=4, draws=1, references=False)
    assert set(result.rows["model"]) >= {"accuracy_of_1", "accuracy_of_5"}
    assert "accuracy_of_1000" not in result.rows["model"]


def test_images_with_several_classes_vote_for_all_of_them(toy):
    result = measure(toy, split(discs(30, several=True), Folds()), k=(5,))
    assert result.rows["model"]["map"].mean > result.rows["chance"]["map"].mean + 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": (0,)}, "1 or more"),
        ({"k": ()}, "1 or more"),
        ({"vote": "weighted", "metric": "euclidean"}, "--vote plain"),
    ],
)
def test_what_makes_no_sense_is_refused(toy, settings, message):
    with pytest.raises(UsageError, match=message):
        measure(toy, split(discs(), Folds()), **settings)
