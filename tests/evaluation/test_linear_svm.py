"""The protocol on generated discs, beside plain loops over scikit-learn's machines on the same features."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.svm import LinearSVC
from toy_images import ToyEncoder, discs

from lessup.errors import DataError, UsageError
from lessup.evaluation.linear import Linear
from lessup.evaluation.linear_svm import LinearSVM
from lessup.features import encode_all
from lessup.samples.label_draws import LabelledPool
from lessup.samples.splits import Folds, Split, split

PROTOCOLS = pytest.mark.parametrize("protocol", [LinearSVM, Linear])


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return ToyEncoder().eval()


def untouched(samples):
    nothing = samples.take(np.arange(0))
    return Split(nothing, nothing, samples)


def measure(protocol, method, parts, **settings):
    return protocol(protocol.Config(**settings)).measure(method, parts)


def test_accuracy_is_that_of_liblinear_on_the_same_draws(toy):
    parts = untouched(discs(20, noise=90))
    pool, features = LabelledPool.of(parts), encode_all(toy, parts.test, layer="conv2")
    wanted = []
    for number in range(3):
        draw = pool.draw(number, num_per_class=9, seed=4)
        known, asked = features[draw.known], features[draw.asked]
        centre = known.mean(0)
        length = np.sqrt(((known - centre) ** 2).sum(1).mean())
        known, asked = (np.c_[(part - centre) / length, np.full(len(part), 0.1**0.5)] for part in (known, asked))
        machine = LinearSVC(C=1.0, fit_intercept=False, tol=1e-6, max_iter=100_000)
        wanted.append(100 * machine.fit(known, pool.label[draw.known]).score(asked, pool.label[draw.asked]))
    result = measure(LinearSVM, toy, parts, layers=("conv2",), images_per_class=9, draws=3, seed=4, costs=(1.0,))
    score = result.rows["model"]["accuracy"]
    assert score.n == 3
    assert score.mean == pytest.approx(np.mean(wanted), abs=3)
    assert score.std == pytest.approx(np.std(wanted, ddof=1), abs=3)
    assert 45 < score.mean < 100


@PROTOCOLS
def test_rows_of_chance_and_untrained_networks_stand_beside_the_model(toy, protocol):
    result = measure(protocol, toy, untouched(discs()), images_per_class=6, draws=2)
    assert list(result.rows) == ["chance", "random", "magic_init", "model"]
    assert result.rows["chance"]["accuracy"].mean == pytest.approx(100 / 3)
    assert all(scores["accuracy"].n == 2 for scores in result.rows.values())
    assert result.rows["model"]["accuracy"].mean > 60
    assert set(result.rows["model"]) == {"accuracy", "class_mean", *(f"accuracy/{c}" for c in ("red", "green", "blue"))}
    assert list(measure(protocol, toy, untouched(discs()), images_per_class=6, draws=1, references=False).rows) == [
        "model"
    ]


@PROTOCOLS
def test_several_layers_are_measured_at_once_and_one_is_chosen(toy, protocol):
    layers = ("conv1", "pool5", "fc6")
    result = measure(protocol, toy, untouched(discs()), images_per_class=6, draws=2, layers=layers)
    model = result.rows["model"]
    for layer in layers:
        alone = measure(
            protocol, toy, untouched(discs()), images_per_class=6, draws=2, layers=(layer,), references=False
        )
        assert model[f"accuracy_at_{layer}"].mean == pytest.approx(alone.rows["model"]["accuracy"].mean)
    assert model["accuracy"].mean <= max(model[f"accuracy_at_{layer}"].mean for layer in layers)
    assert any("for model: " in note and "draws)" in note for note in result.notes)


@PROTOCOLS
def test_methods_with_other_default_layers_are_compared_by_their_best(toy, protocol):
    """The same weights under another default give the same scores, and the notes name what was chosen."""
    results = []
    for default in ("pool5", "fc6", "conv1"):
        toy.backbone.default = default
        results.append(measure(protocol, toy, untouched(discs(20, noise=90)), images_per_class=9, draws=2))
    assert results[0].rows["model"] == results[1].rows["model"] == results[2].rows["model"]
    assert any(note.startswith("no --layers given: each row has the one of pool5, conv1") for note in results[0].notes)


@PROTOCOLS
def test_a_layer_whose_features_are_all_equal_is_not_chosen(toy, protocol):
    toy.backbone.default = "fc6"
    torch.nn.init.constant_(toy.backbone.stages["fc6"][1].weight, 0.0)
    result = measure(protocol, toy, untouched(discs()), images_per_class=6, draws=1, references=False)
    assert result.rows["model"]["accuracy"].mean > 60


@PROTOCOLS
def test_too_few_labels_to_choose_a_layer_are_said(toy, protocol):
    result = measure(protocol, toy, untouched(discs()), images_per_class=2, draws=1, references=False)
    assert "too few samples are known to choose a layer: every row has the method's default, pool5" in result.notes


@PROTOCOLS
def test_the_held_out_part_alone_is_measured_where_there_is_one(toy, protocol):
    parts = split(discs(), Folds())
    result = measure(protocol, toy, parts)
    assert result.rows["model"]["accuracy"].n == 1  # all training images are known: there is but one draw
    known = len(parts.train) + len(parts.validation)
    assert f"{known} samples known and {len(parts.test)} measured once" in result.notes


@PROTOCOLS
def test_images_with_several_classes_are_scored_by_average_precision(toy, protocol):
    result = measure(protocol, toy, split(discs(30, several=True), Folds()))
    model, chance = result.rows["model"], result.rows["chance"]
    assert {"map", "map_all_point", "map_11_point", "map/red"} <= set(model)
    assert model["map"].mean > chance["map"].mean + 10
    assert model["map"].mean <= model["map_all_point"].mean


@PROTOCOLS
@pytest.mark.parametrize("layers", [(), ("conv1", "fc6")])
def test_the_labels_of_the_test_part_have_no_say_in_what_is_chosen(toy, protocol, layers):
    """With wrong labels in the test part, notes and choices stay as they are."""
    parts = split(discs(20, noise=60), Folds())
    turned = SimpleNamespace(**vars(parts.test))
    turned.label = (parts.test.label + 1) % 3
    wrong = Split(parts.train, parts.validation, type(parts.test)(**vars(turned)))
    settings = {"layers": layers, "images_per_class": 6, "draws": 2}
    right, swapped = (measure(protocol, toy, part, **settings) for part in (parts, wrong))
    assert right.notes == swapped.notes
    assert right.rows["model"] != swapped.rows["model"]


def test_a_layer_that_does_not_exist_is_refused(toy):
    with pytest.raises(UsageError, match="no layer 'conv9'"):
        measure(LinearSVM, toy, untouched(discs()), images_per_class=3, layers=("conv9",))


def test_draws_of_the_whole_training_part_are_halves_and_the_note_says_of_how_many(toy):
    parts = split(discs(20, noise=90), Folds())
    free = len(parts.train) + len(parts.validation)
    result = measure(LinearSVM, toy, parts, draws=3, references=False)
    assert result.rows["model"]["accuracy"].n == 3
    known = sum(-(-int(count) // 2) for count in np.bincount(np.r_[parts.train.label, parts.validation.label]))
    assert f"{known} of {free} samples known and {len(parts.test)} measured in each of 3 draws" in result.notes


@pytest.mark.parametrize(
    ("given", "evaluated", "compared"),
    [
        ({}, 1, 5),
        ({"images_per_class": 10}, 5, 5),
        ({"draws": 1}, 1, 1),
        ({"draws": 2, "images_per_class": 3}, 2, 2),
    ],
)
def test_number_of_draws_that_was_left_open_depends_on_what_is_drawn(given, evaluated, compared):
    config = LinearSVM.Config(**given)
    assert LinearSVM(config).config.draws == evaluated
    assert LinearSVM(LinearSVM.repeated(config)).config.draws == compared


@pytest.mark.parametrize("settings", [{"draws": -1}, {"images_per_class": -1}])
def test_a_number_of_draws_or_images_that_makes_no_sense_is_refused(toy, settings):
    with pytest.raises(UsageError, match="at least 1 draw"):
        measure(LinearSVM, toy, split(discs(), Folds()), **settings)


def test_data_without_labels_is_refused(toy):
    with pytest.raises(DataError, match="two classes or more"):
        measure(LinearSVM, toy, untouched(discs(unlabelled=36)), images_per_class=3)


def test_images_without_a_label_are_left_out_and_counted(toy):
    result = measure(LinearSVM, toy, untouched(discs(unlabelled=5)), images_per_class=3, draws=1)
    assert "5 samples have no label and are left out" in result.notes
