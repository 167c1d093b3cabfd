"""The protocol on generated discs; its numbers beside scikit-learn on scores that a stand-in gives."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score
from toy_images import ToyEncoder, discs, toy_backbone

from lessup.errors import DataError, UsageError
from lessup.evaluation import voc_classification
from lessup.evaluation.voc_classification import VOCClassification
from lessup.samples.splits import Folds, Split, split

COLUMNS = ("fc8", "fc6_8", "all")


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return ToyEncoder().eval()


def measure(method, parts, **settings):
    settings = {"learning_rates": (1e-3,), **settings}
    return VOCClassification(VOCClassification.Config(**settings)).measure(method, parts)


class StandIn:
    """Gives drawn scores in place of trained ones, and remembers what it should have been trained on."""

    def __init__(self, monkeypatch):
        self.asked, self.crops, self.whole = [], [], []
        monkeypatch.setattr(voc_classification, "fine_tuned", self.fine_tuned)
        monkeypatch.setattr(voc_classification, "encode_all", self.encode_all)

    def fine_tuned(self, start, samples, config, settings):
        self.asked.append((start, samples, config, settings))
        return self

    def classify_crops(self, samples, num_crops):
        shape = (num_crops, len(samples), len(samples.classes))
        self.crops.append(np.random.default_rng(len(self.crops)).normal(size=shape).astype(np.float32))
        return self.crops[-1]

    def encode_all(self, network, samples):
        shape = (len(samples), len(samples.classes))
        self.whole.append(np.random.default_rng(100 + len(self.whole)).normal(size=shape).astype(np.float32))
        return self.whole[-1]


@pytest.fixture
def stand_in(monkeypatch):
    return StandIn(monkeypatch)


def difficult(samples):
    """Every seventh image shows its second class in difficult objects alone."""
    tags = samples.tags.copy()
    tags[::7, 1] = -1
    return replace(samples, tags=tags)


def sklearn_map(scores, tags):
    return 100 * np.mean(
        [
            average_precision_score(tags[tags[:, k] >= 0, k] == 1, scores[tags[:, k] >= 0, k])
            for k in range(tags.shape[1])
        ]
    )


def test_average_precisions_are_those_of_mean_scores_over_images_that_count(toy, stand_in):
    parts = split(difficult(discs(30, several=True)), Folds())
    rows = measure(toy, parts, crops=3).rows
    assert (parts.test.tags == -1).any()
    for number, column in enumerate(COLUMNS):
        place = len(stand_in.crops) - 3 + number  # the model is the last row
        wanted = sklearn_map(stand_in.crops[place].mean(0), parts.test.tags)
        assert rows["model"][f"map_{column}"].mean == pytest.approx(wanted, abs=1e-6)
        whole = sklearn_map(stand_in.whole[place], parts.test.tags)
        assert rows["model"][f"map_{column}_whole"].mean == pytest.approx(whole, abs=1e-6)
        assert rows["model"][f"map_all_point_{column}"].mean > rows["model"][f"map_{column}"].mean
        assert f"map_11_point_{column}" in rows["model"]
    counted = parts.test.tags >= 0
    share = (parts.test.tags == 1).sum(0) / counted.sum(0)
    assert rows["chance"]["map_all"].mean == pytest.approx(100 * share.mean())
    assert rows["chance"]["map_all/green"].mean == pytest.approx(100 * share[1])


def test_every_row_trains_every_column_on_the_training_part_alone(toy, stand_in):
    parts = split(discs(), Folds())
    result = measure(toy, parts, crops=2, optimizer="sgd", weight_decay=1e-6, steps=7, seed=3)
    assert list(result.rows) == ["chance", "random", "magic_init", "model"]
    assert [config.trained for _, _, config, _ in stand_in.asked] == ["fc8", "fc6-8", "all"] * 3
    assert [start is toy for start, *_ in stand_in.asked] == [False] * 6 + [True] * 3
    known = {*parts.train.id, *parts.validation.id}
    for _, samples, config, settings in stand_in.asked:
        assert set(samples.id) == known
        assert (config.optimizer, config.weight_decay, config.several, config.num_classes) == ("sgd", 1e-6, False, 3)
        assert (settings.steps, settings.batch_size, settings.seed, settings.clip_norm) == (7, 16, 3, 10.0)
    metrics = list(result.rows["model"])
    assert metrics[:4] == ["accuracy_fc8", "accuracy_fc6_8", "accuracy_all", "accuracy_fc8_whole"]
    assert set(result.rows["chance"]) == set(metrics)
    assert f"{len(known)} samples known and {len(parts.test)} measured once" in result.notes


def test_every_column_takes_the_rate_that_does_best_on_held_out_training_images(toy, stand_in, monkeypatch):
    """Decisions are right after training the classifier at 0.2, and everything at 0.1."""
    parts = split(discs(), Folds())

    def classify_crops(samples, num_crops):
        _, _, config, _ = stand_in.asked[-1]
        return np.stack([(config.learning_rate == {"fc8": 0.2, "all": 0.1}[config.trained]) * np.eye(3)[samples.label]])

    monkeypatch.setattr(stand_in, "classify_crops", classify_crops)
    result = measure(toy, parts, columns=("fc8", "all"), learning_rates=(0.1, 0.2), references=False)
    trials = [len(parts.train) + len(parts.validation) > len(samples) for _, samples, *_ in stand_in.asked]
    rates = [config.learning_rate for _, _, config, _ in stand_in.asked]
    assert trials == [True] * 4 + [False] * 2
    assert rates == [0.1, 0.2, 0.1, 0.2, 0.2, 0.1]
    assert "model: learning rates 0.2 (fc8), 0.1 (all)" in result.notes


@pytest.mark.parametrize(
    ("settings", "count", "said"),
    [
        ({"learning_rates": (0.1, 0.2, 0.3)}, 36, "3 rows x 3 columns x (3 to choose a learning rate + 1 to measure)"),
        ({"references": False, "columns": ("all",), "learning_rates": (0.1,)}, 1, "1 rows x 1 columns x (0 to choose"),
        ({"images_per_class": 2, "draws": 2, "learning_rates": (0.1, 0.2)}, 18, "(0 to choose a learning rate + 2 to"),
    ],
)
def test_as_many_trainings_are_announced_as_are_made(toy, stand_in, capsys, settings, count, said):
    measure(toy, split(discs(), Folds()), **settings)
    lines = capsys.readouterr().err.splitlines()
    assert len(stand_in.asked) == count
    assert lines[0].startswith(f"{count} training{'s' * (count > 1)} of 1,000 updates: ")
    assert said in lines[0]
    done = [line.partition(" done")[0] for line in lines[1:]]
    assert done == [f"training {number} of {count}" for number in range(1, count + 1)]


def test_draws_train_anew_on_other_images_and_ask_the_rest(toy, stand_in):
    samples = discs()
    nothing = samples.take(np.arange(0))
    settings = {"images_per_class": 4, "draws": 2, "columns": ("all",), "references": False}
    result = measure(toy, Split(nothing, nothing, samples), **settings)
    assert result.rows["model"]["accuracy_all"].n == 2
    (_, first, _, one), (_, second, _, two) = stand_in.asked
    assert len(first) == len(second) == 12
    assert set(first.id) != set(second.id)
    assert one.seed != two.seed
    assert [scores.shape[1] for scores in stand_in.crops] == [24, 24]


def test_a_network_tells_discs_apart_after_a_few_steps(toy):
    rows = measure(toy, split(discs(16), Folds()), columns=("all",), steps=60, learning_rates=(0.01,)).rows
    assert rows["model"]["accuracy_all"].mean > rows["chance"]["accuracy_all"].mean + 30
    assert rows["model"]["accuracy_all_whole"].mean > rows["chance"]["accuracy_all"].mean + 30


def test_columns_that_the_network_lacks_are_left_out_and_named(toy, stand_in):
    stages = dict(toy_backbone().stages)
    stages["pooled"] = stages.pop("fc6")
    toy.backbone = type(toy.backbone)(stages, side=16, channels=3, default="pooled")
    parts = split(discs(), Folds())
    result = measure(toy, parts, references=False)
    assert [config.trained for _, _, config, _ in stand_in.asked] == ["fc8", "all"]
    assert any(note.startswith("no column fc6-8") for note in result.notes)
    with pytest.raises(UsageError, match="--columns fc6-8: this network has none of them; choose among fc8 all"):
        measure(toy, parts, columns=("fc6-8",))


def test_data_and_settings_that_cannot_be_measured_are_refused_before_any_training(toy, stand_in):
    samples = discs()
    nothing = samples.take(np.arange(0))
    with pytest.raises(DataError, match="two classes or more"):
        measure(toy, split(discs(num_classes=1), Folds()))
    with pytest.raises(DataError, match=r"\d+ samples to learn from and \d+ to measure: wanted"):
        measure(toy, Split(nothing, nothing, samples))
    with pytest.raises(UsageError, match="--crops 0, 1 rates: wanted 1 or more"):
        measure(toy, split(samples, Folds()), crops=0)
    assert not stand_in.asked
