"""Crops where class maps point, on small coloured things before grounds of any colour."""

from dataclasses import replace

import numpy as np
import pytest
from toy_colours import ToyColours, things

from lessup.errors import DataError, UsageError
from lessup.evaluation.fine_grained import VIEWS, FineGrained
from lessup.evaluation.linear_svm import LinearSVM
from lessup.masks.deep_features import pooling_network
from lessup.samples.images import Ragged
from lessup.samples.splits import Folds, split

SETTINGS = {"images_per_class": 20, "draws": 2, "seed": 3}


def tinted(count: int = 90):
    """Things in a corner, of a fifth of the image, whose ground is tinted by chance as much as they are coloured."""
    rng = np.random.default_rng(0)
    pixels = []
    for number in range(count):
        image = rng.integers(0, 40, (60, 60, 3)) + rng.integers(0, 100, 3)
        top, left = rng.choice([0, 32], 2)
        image[top : top + 28, left : left + 28] = rng.integers(0, 40, (28, 28, 3))
        image[top : top + 28, left : left + 28, number % 3] += 180
        pixels.append(image.astype(np.uint8))
    return replace(things(count), pixels=Ragged.of(pixels), boxes=None, masks=None)


@pytest.fixture(scope="module")
def parts():
    images = tinted()
    return split(replace(images, official=np.where(np.arange(90) < 60, "train", "test")), Folds())


@pytest.fixture(scope="module")
def measured(parts):
    return FineGrained(FineGrained.Config(threshold=0.5, **SETTINGS)).measure(ToyColours().eval(), parts)


def test_every_view_has_its_columns_and_chance_and_random_weights_stand_beside_the_model(measured):
    assert list(measured.rows) == ["chance", "random", "model"]
    for row in measured.rows.values():
        assert {f"{metric}_{view}" for metric in ("accuracy", "class_mean") for view in VIEWS} <= set(row)
        assert row["accuracy_crop"].n == 2
    assert measured.rows["chance"]["accuracy_both"].mean == pytest.approx(100 / 3)


def test_whole_images_are_measured_as_linear_svm_measures_the_pooled_layer(measured, parts):
    network = pooling_network(ToyColours().eval(), 3)
    alone = LinearSVM(LinearSVM.Config(layers=("pool",), references=False, **SETTINGS)).measure(network, parts)
    wanted = alone.rows["model"]["accuracy"]
    assert measured.rows["model"]["accuracy_whole"].mean == pytest.approx(wanted.mean, abs=2)


def test_a_crop_around_a_small_thing_tells_it_from_its_ground(measured):
    model = measured.rows["model"]
    assert model["accuracy_crop"].mean > max(model["accuracy_whole"].mean, model["accuracy_central"].mean)
    assert 10 < model["area"].mean < 60


def test_box_labels_are_not_looked_at(parts, measured):
    boxes = things(90).boxes
    own = {name: getattr(parts, name) for name in ("train", "validation", "test")}
    known = replace(parts, **{name: replace(part, boxes=boxes[: len(part)]) for name, part in own.items()})
    again = FineGrained(FineGrained.Config(threshold=0.5, **SETTINGS, references=False)).measure(
        ToyColours().eval(), known
    )
    assert again.rows["model"]["accuracy_crop"] == measured.rows["model"]["accuracy_crop"]
    assert "no box label was looked at" in again.notes[0]


def test_settings_and_data_that_make_no_sense_are_refused(parts):
    with pytest.raises(UsageError, match="share of the maximum"):
        FineGrained(FineGrained.Config(threshold=1.0)).measure(ToyColours().eval(), parts)
    bare = replace(tinted(), label=np.full(90, -1))
    with pytest.raises(DataError, match="two classes or more"):
        FineGrained().measure(ToyColours().eval(), split(bare, Folds()))
