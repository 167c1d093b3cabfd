from dataclasses import replace

import numpy as np
import pytest
import torch

from lessup.errors import DataError
from lessup.evaluation.shape_classification import ShapeClassification, _by_object


def test_features_that_tell_the_class_are_always_right(toy, box_split):
    toy.encode = lambda batch, layer=None: torch.eye(3)[batch["label"]]
    result = ShapeClassification().measure(toy, box_split)
    for metric in ("accuracy_view", "accuracy_object", "accuracy_view/flat", "accuracy_object/cube"):
        assert result.rows["model"][metric].mean == 100
    assert result.figures["confusion_model"].tolist() == (4 * np.eye(3)).tolist()
    assert result.figures["confusion_object_model"].tolist() == (2 * np.eye(3)).tolist()


def test_chance_always_decides_on_one_class(toy, box_split):
    chance = ShapeClassification().measure(toy, box_split).rows["chance"]
    assert chance["accuracy_view"].mean == pytest.approx(100 / 3)
    assert sorted(chance[f"accuracy_object/{name}"].mean for name in ("tall", "flat", "cube")) == [0, 0, 100]


def test_accuracy_is_the_share_on_the_diagonal_of_the_confusion(toy, box_split):
    result = ShapeClassification().measure(toy, box_split)
    for row in ("raw_voxels", "random", "model"):
        for metric, figure in (("accuracy_view", "confusion"), ("accuracy_object", "confusion_object")):
            table = result.figures[f"{figure}_{row}"]
            assert result.rows[row][metric].mean == pytest.approx(100 * np.trace(table) / table.sum())
            recall = 100 * table[1, 1] / table[1].sum()
            assert result.rows[row][f"{metric}/flat"].mean == pytest.approx(recall)


def test_the_scores_of_the_views_of_an_object_are_summed(box_split):
    scores = np.array([[0, 1.0, 0], [0, 0, 2.0], [3.0, 0, 0], [0, 1.0, -np.inf]])
    test = box_split.test.take(np.arange(4))
    order = np.array([2, 0, 3, 1])  # views of two objects in turn
    summed, label = _by_object(scores[order], test.take(order))
    assert summed.tolist() == [[0, 1.0, 2.0], [3.0, 1.0, -np.inf]]
    assert label.tolist() == test.label[[0, 2]].tolist()


def test_test_labels_never_reach_the_machine(toy, box_split):
    wrong = replace(box_split.test, label=(box_split.test.label + 1) % 3)
    honest = ShapeClassification().measure(toy, box_split).figures["confusion_model"]
    lied_to = ShapeClassification().measure(toy, replace(box_split, test=wrong)).figures["confusion_model"]
    assert lied_to.tolist() == np.roll(honest, 1, 0).tolist()


def test_fine_tuning_trains_a_copy_and_scores_it(toy, box_split):
    toy.encode = lambda batch, layer=None: torch.eye(3)[batch["label"]]
    config = ShapeClassification.Config(
        fine_tuned=True, fine_tuning_steps=10, fine_tuning_batch_size=12, fine_tuning_learning_rate=0.01
    )
    before = toy.weight.clone()
    result = ShapeClassification(config).measure(toy, box_split)
    assert result.rows["fine_tuned"]["accuracy_view"].mean == 100
    assert result.figures["confusion_fine_tuned"].sum() == len(box_split.test)
    assert toy.weight.equal(before)
    assert not toy.training


def test_the_layer_is_chosen_on_training_objects_alone(toy, box_split, monkeypatch):
    monkeypatch.setattr(type(toy), "layers", ("one class", "every class"))

    def encode(batch, layer=None):
        told = torch.eye(3)[batch["label"]]
        return told[:, :1] if layer == "one class" else told

    toy.encode = encode
    wrong = replace(box_split.test, label=(box_split.test.label + 1) % 3)
    for test in (box_split.test, wrong):
        result = ShapeClassification().measure(toy, replace(box_split, test=test))
        assert "model: every class" in result.notes[0]


@pytest.mark.slow
def test_voxnet_is_trained_on_the_same_objects(toy, box_split):
    config = ShapeClassification.Config(voxnet=True, voxnet_steps=2)
    result = ShapeClassification(config).measure(toy, box_split)
    assert result.figures["confusion_voxnet"].sum() == len(box_split.test)
    assert "accuracy_object/flat" in result.rows["voxnet"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda split: replace(split, test=split.test.take(np.arange(0))), "--folds 2"),
        (lambda split: replace(split, test=replace(split.test, label=split.test.label - 1)), "no label"),
    ],
    ids=["nothing held out", "unlabelled"],
)
def test_what_cannot_be_classified_is_refused(toy, box_split, change, message):
    with pytest.raises(DataError, match=message):
        ShapeClassification().measure(toy, change(box_split))


def test_a_few_real_chairs_and_tables_are_told_apart_by_their_cells(toy, real_split):
    def some(samples):
        return samples.take(np.flatnonzero(np.isin(samples.label, (2, 8)) & (samples.view == 0)))

    parts = replace(
        real_split,
        train=some(real_split.train),
        validation=some(real_split.validation),
        test=some(real_split.test),
    )
    result = ShapeClassification().measure(toy, parts)
    assert result.rows["raw_voxels"]["accuracy_object"].mean > 90
    assert result.rows["model"]["accuracy_object"].mean > 90
