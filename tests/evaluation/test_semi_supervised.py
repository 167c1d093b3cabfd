"""The protocol on digits and discs, a few of whose labels are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_images import ToyEncoder, discs

from lessup.errors import DataError, UsageError
from lessup.evaluation.semi_supervised import SemiSupervised
from lessup.features import encode_all
from lessup.labels.label_spreading import LabelSpreading
from lessup.labels.self_training import SelfTraining
from lessup.methods.fixmatch import FixMatch, FixMatchConfig
from lessup.samples.given_labels import GivenLabels, with_given
from lessup.samples.splits import Folds, split
from toy_digits import as_samples, zeros_to_twos

LABEL = zeros_to_twos()[1][:90].numpy()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return FixMatch(FixMatchConfig(backbone="convnet-small", channels=1, num_classes=3)).eval()


@pytest.fixture(scope="module")
def told():
    return with_given(split(as_samples(LABEL), Folds()), GivenLabels(shots=3))


def measured(method, parts, **config):
    return SemiSupervised(SemiSupervised.Config(**config)).measure(method, parts)


def wrong(said, label):
    return 100 * sum(a != b for a, b in zip(said, label, strict=True)) / len(label)


def test_errors_of_a_run_are_those_of_loops_over_hidden_and_held_out_images(network, told):
    rows = measured(network, told).rows
    hidden = told.train.take(np.flatnonzero(~told.known))
    for metric, part in (("transductive_error", hidden), ("inductive_error", told.test)):
        said = [int(network.classify(part.batch([n])).argmax()) for n in range(len(part))]
        assert rows["model"][metric].mean == pytest.approx(wrong(said, part.label))
        assert rows["chance"][metric].mean == pytest.approx(100 - 100 * (part.label == 0).mean())
    assert list(rows) == [
        "model",
        "chance",
        "label-spreading",
        "nearest-prototype",
        "logistic-regression",
        "self-training",
        "all_labels",
    ]


def test_estimators_know_the_labels_that_the_run_was_told(network, told):
    rows = measured(network, told, estimators=("label-spreading",)).rows
    x, new = encode_all(network, told.train), encode_all(network, told.test)
    spread = LabelSpreading().fit(x, np.where(told.known, told.train.label, -1))
    found = rows["label-spreading"]
    assert found["transductive_error"].mean == pytest.approx(
        wrong(spread.transduction_[~told.known], told.train.label[~told.known])
    )
    assert found["inductive_error"].mean == pytest.approx(wrong(spread.predict(new), told.test.label))
    ceiling = SelfTraining(rounds=0).fit(x, told.train.label)
    assert rows["all_labels"]["inductive_error"].mean == pytest.approx(wrong(ceiling.predict(new), told.test.label))


def test_hidden_labels_do_not_change_what_is_told(network, told):
    other = replace(told, train=replace(told.train, label=np.where(told.known, told.train.label, 0)))
    first, second = (measured(network, parts, estimators=("nearest-prototype",)).rows for parts in (told, other))
    assert first["nearest-prototype"]["inductive_error"] == second["nearest-prototype"]["inductive_error"]


def test_features_of_other_runs_are_told_from_labels_that_are_drawn():
    torch.manual_seed(0)
    parts = split(discs(24, 3), Folds())
    result = measured(ToyEncoder().eval(), parts, shots=(1, 4), draws=3, estimators=("logistic-regression",))
    metrics = {f"{kind}_error_{shots}" for kind in ("transductive", "inductive") for shots in (1, 4)}
    assert set(result.rows["logistic-regression"]) == set(result.rows["chance"]) == metrics
    assert all(score.n == 3 for score in result.rows["logistic-regression"].values())
    assert set(result.rows["all_labels"]) == {"inductive_error"}
    assert not any("learnt from all labels" in note for note in result.notes)


def test_a_network_that_was_told_all_labels_is_said_to_know_them(network):
    result = measured(network, split(as_samples(LABEL), Folds()), shots=(1,), draws=1, most=30)
    assert "30 images are there in training" in result.notes[0]
    assert "learnt from all labels" in result.notes[1]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"shots": (0,)}, "--shots 0"),
        ({"draws": 0}, "--draws 0"),
        ({"estimators": ("oracle",)}, "no estimator 'oracle'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(network, config, told):
    with pytest.raises(UsageError, match=told):
        measured(network, split(as_samples(LABEL), Folds()), **config)


def test_more_labels_than_images_and_classes_that_nobody_knows_are_refused(network):
    with pytest.raises(DataError, match="50 labels a class: class 0 has"):
        measured(network, split(as_samples(LABEL), Folds()), shots=(50,))
    with pytest.raises(DataError, match="0 training and 0 test samples have a class"):
        measured(network, split(as_samples(np.full(20, -1)), Folds()))
