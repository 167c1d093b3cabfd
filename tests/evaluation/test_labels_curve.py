"""The curve over labels on generated discs, beside ``linear-svm`` with the same labels and curves by hand."""

import math

import numpy as np
import pytest
import torch
from toy_images import ToyEncoder, discs

from lessup.errors import DataError, UsageError
from lessup.evaluation import labels_curve
from lessup.evaluation.labels_curve import LabelsCurve, carried, draws_by_level
from lessup.evaluation.linear_svm import LinearSVM
from lessup.probes.image_fine_tuning import FineTunedImages
from lessup.samples.label_draws import LabelledPool
from lessup.samples.splits import Folds, Split, split


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return ToyEncoder().eval()


def untouched(samples):
    nothing = samples.take(np.arange(0))
    return Split(nothing, nothing, samples)


def measure(method, parts, **settings):
    return LabelsCurve(LabelsCurve.Config(**settings)).measure(method, parts)


@pytest.mark.parametrize("several", [False, True])
def test_all_numbers_of_labels_ask_the_same_samples_and_none_of_them_knows_one(several):
    pool = LabelledPool.of(untouched(discs(12, several=several)))
    drawn = draws_by_level(pool, (1, 3, 6), 4, seed=2)
    for number in range(4):
        few, some, many = (draws[number] for draws in drawn.values())
        assert set(few.known) < set(some.known) < set(many.known)
        for draw in (few, some, many):
            np.testing.assert_array_equal(draw.asked, many.asked)
            assert len(draw.asked)
            assert not set(draw.known) & set(draw.asked)
    assert len({tuple(draw.known) for draw in drawn[6]}) == 4


def test_the_held_out_part_is_asked_where_there_is_one():
    pool = LabelledPool.of(split(discs(12), Folds()))
    for draws in draws_by_level(pool, (1, 5), 2, seed=0).values():
        for draw in draws:
            np.testing.assert_array_equal(draw.asked, np.flatnonzero(pool.held_out))


def test_with_a_held_out_part_every_number_of_labels_scores_as_linear_svm_does(encoder):
    parts = split(discs(16, noise=70), Folds())
    settings = {"draws": 3, "seed": 1, "layers": ("pool5",)}
    curve = measure(encoder, parts, labels=(8, 2), **settings)
    for level in (2, 8):
        config = LinearSVM.Config(images_per_class=level, **settings)
        alone = LinearSVM(config).measure(encoder, parts)
        assert list(curve.rows) == list(alone.rows) == ["chance", "random", "magic_init", "model"]
        for row, scores in alone.rows.items():
            for metric, score in scores.items():
                name, *of_class = metric.split("/")
                assert curve.rows[row]["/".join([f"{name}_{level}", *of_class])] == score, (row, metric)


def test_the_figure_holds_the_headline_of_every_row_by_rising_labels(encoder):
    result = measure(encoder, untouched(discs(12, several=True)), labels=(5, 1), draws=2)
    figures = result.figures
    assert figures["labels"].tolist() == [1, 5]
    assert figures["rows"].tolist() == list(result.rows)
    assert str(figures["metric"]) == "map"
    for row, scores in result.rows.items():
        assert figures[f"mean_{row}"].tolist() == [scores["map_1"].mean, scores["map_5"].mean]
        assert figures[f"std_{row}"].tolist() == [scores["map_1"].std, scores["map_5"].std]


def test_numbers_of_labels_that_most_classes_lack_are_left_out_and_named():
    """Of 12, 7 and 5 discs one is kept to be asked where nothing is held out: 11, 6 and 4 can be known."""
    samples = discs(12)
    kept = np.r_[0:12, 12:19, 24:29]
    pool = LabelledPool.of(untouched(samples.take(kept)))
    levels, notes = carried(pool, (11, 1, 6, 1))
    assert levels == (1, 6)
    assert notes == (
        "6 labels a class: 1 of 3 classes have fewer, and all of theirs are known",
        "11 labels a class are left out: 2 of 3 classes have fewer",
    )
    with pytest.raises(DataError, match=r"9 labels a class: half of the classes have 6 or fewer .* --labels"):
        carried(pool, (9, 11))
    held_out = np.zeros(24, bool)
    held_out[0] = True
    apart = LabelledPool(pool.parts, pool.targets, False, pool.classes, pool.family, held_out, 0)
    assert carried(apart, (7,))[0] == (7,)  # 11, 7 and 5 are free


def test_the_labels_that_training_from_scratch_needs_are_read_off_its_curve(encoder, monkeypatch):
    """It rises from 0 with 1 label to 200 with 4: s % are reached after s / 200 of the way from ln 1 to ln 4."""
    monkeypatch.setattr(LabelsCurve, "_trained", lambda *_: ([{"accuracy_1": 0.0, "accuracy_4": 200.0}], 0.1))
    result = measure(encoder, untouched(discs(noise=90)), labels=(1, 4), draws=2, scratch=True, fine_tuned=True)
    model, tuned = result.rows["model"], result.rows["fine_tuned"]
    for level in (1, 4):
        share = model[f"accuracy_{level}"].mean / 200
        assert model[f"scratch_labels_{level}"].mean == pytest.approx(math.exp(share * math.log(4)))
    assert (tuned["scratch_labels_1"].mean, tuned["scratch_labels_4"].mean) == (1, 4)
    assert not any(metric.startswith("scratch_labels") for metric in result.rows["from_scratch"])
    assert "labels a class with which training from scratch does as well as fine_tuned: 1 or fewer for 1, 4 for 4" in (
        result.notes
    )


def test_a_score_that_training_from_scratch_never_reaches_is_said_in_words(encoder, monkeypatch):
    monkeypatch.setattr(LabelsCurve, "_trained", lambda *_: ([{"accuracy_1": 0.0, "accuracy_4": 1.0}], 0.1))
    result = measure(encoder, untouched(discs()), labels=(1, 4), draws=1, scratch=True)
    assert not any(metric.startswith("scratch_labels") for metric in result.rows["model"])
    assert any("as well as model: more than 4 for 1, more than 4 for 4" in note for note in result.notes)


def test_the_whole_network_is_trained_from_random_and_from_trained_weights(encoder):
    settings = {"labels": (8,), "draws": 2, "steps": 40, "learning_rates": (0.01,), "crops": 2}
    result = measure(encoder, untouched(discs(16)), scratch=True, fine_tuned=True, **settings)
    assert list(result.rows) == ["chance", "random", "magic_init", "model", "from_scratch", "fine_tuned"]
    scratch = result.rows["from_scratch"]
    assert scratch["accuracy_8"].n == 1  # one of two draws is trained on
    assert scratch["accuracy_8"].mean > result.rows["chance"]["accuracy_8"].mean + 30
    assert {"accuracy_8/red", "class_mean_8"} <= set(scratch)


def test_the_whole_network_is_trained_on_the_labels_of_each_draw(encoder, monkeypatch):
    trained = []

    def note(start, samples, config, settings):
        trained.append((start is encoder, config.trained, frozenset(samples.id), settings.seed))
        return FineTunedImages(start, config).eval()

    monkeypatch.setattr(labels_curve, "fine_tuned", note)
    settings = {
        "labels": (1, 8),
        "draws": 3,
        "trained_draws": 2,
        "seed": 5,
        "crops": 1,
        "references": False,
        "learning_rates": (0.01,),
    }
    parts = untouched(discs(16))
    result = measure(encoder, parts, scratch=True, fine_tuned=True, **settings)
    assert result.rows["from_scratch"]["accuracy_1"].n == 2
    pool = LabelledPool.of(parts)
    wanted = [
        (own, "all", frozenset(parts.test.id[pool.draw(number, num_per_class=level, seed=5).known]), 5 + number)
        for own in (False, True)
        for number in range(2)
        for level in (1, 8)
    ]
    assert trained == wanted


def test_the_rate_is_chosen_with_the_most_labels_and_kept_for_all(encoder, monkeypatch, capsys):
    """The network that is trained at 0.2 alone tells the discs apart."""
    trained = []

    def stand_in(start, samples, config, settings):
        trained.append((config.learning_rate, len(samples)))
        network = FineTunedImages(start, config).eval()
        network.classify_crops = lambda asked, _: np.stack([(config.learning_rate == 0.2) * np.eye(3)[asked.label]])
        return network

    monkeypatch.setattr(labels_curve, "fine_tuned", stand_in)
    settings = {"labels": (1, 6), "draws": 1, "learning_rates": (0.1, 0.2, 0.4), "references": False}
    result = measure(encoder, untouched(discs(16)), scratch=True, **settings)
    assert trained == [(0.1, 12), (0.2, 12), (0.4, 12), (0.2, 3), (0.2, 18)]  # of 6 labels a class, 2 are held out
    assert "from_scratch: learning rate 0.2 of 0.1, 0.2, 0.4" in result.notes
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "5 trainings of 500 updates: 1 rows x (3 to choose a learning rate + 2 to measure)"
    assert said[-1] == "training 5 of 5 done"


def test_settings_that_make_no_sense_are_refused(encoder, toy, box_split):
    parts = untouched(discs())
    with pytest.raises(UsageError, match="--labels 0 5: wanted numbers of 1 or more"):
        measure(encoder, parts, labels=(0, 5))
    with pytest.raises(UsageError, match="2 draws, of which 3 are trained on"):
        measure(encoder, parts, draws=2, trained_draws=3)
    with pytest.raises(UsageError, match="--learning-rates: wanted at least one"):
        measure(encoder, parts, learning_rates=())
    with pytest.raises(UsageError, match="this one reads none"):
        measure(toy, box_split, labels=(1,), scratch=True)


def test_data_of_one_class_is_refused(encoder):
    with pytest.raises(DataError, match="two classes or more"):
        measure(encoder, untouched(discs(num_classes=1)))


def test_shapes_have_a_curve_too(toy, box_split):
    result = measure(toy, box_split, labels=(1, 2), draws=2)
    assert {"chance", "random", "model"} <= set(result.rows)
    assert result.rows["model"]["accuracy_2"].mean > result.rows["chance"]["accuracy_2"].mean
