from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from lessup.errors import DataError
from lessup.evaluation.shape_retrieval import ShapeRetrieval


def test_raw_voxel_row_equals_scikit_learn_averaged_over_classes(toy, box_split):
    test = box_split.test
    cells = np.unpackbits(test.bits, axis=1).astype(np.float64)
    unit = cells / np.linalg.norm(cells, axis=1, keepdims=True)
    rng = np.random.default_rng(0).permutation(len(test))  # equal cosines are ranked in this order
    wanted = {"map": [], "map_other_objects": []}
    for metric, own in (("map", np.arange(len(test))), ("map_other_objects", test.group)):
        for query in range(len(test)):
            listed = [i for i in rng if own[i] != own[query]]
            likeness = np.array([np.round(unit[i] @ unit[query], 6) for i in listed])
            relevant = np.array([test.label[i] == test.label[query] for i in listed])
            ranked = np.argsort(-likeness, kind="stable")
            places = 1 + np.flatnonzero(relevant[ranked])
            wanted[metric].append(np.mean([(number + 1) / place for number, place in enumerate(places)]))
    rows = ShapeRetrieval().measure(toy, box_split).rows
    for metric, values in wanted.items():
        by_class = [100 * np.mean(np.array(values)[test.label == label]) for label in range(3)]
        assert rows["raw_voxels"][metric].mean == pytest.approx(np.mean(by_class), abs=0.5)
        assert rows["raw_voxels"][f"{metric}/cube"].mean == pytest.approx(by_class[2], abs=1.0)


def test_features_that_tell_the_class_score_100(toy, box_split):
    toy.encode = lambda batch, layer=None: torch.eye(3)[batch["label"]]
    rows = ShapeRetrieval().measure(toy, box_split).rows
    assert rows["model"]["map"].mean == pytest.approx(100)
    assert rows["model"]["map_other_objects/flat"].mean == pytest.approx(100)


def test_chance_is_what_shuffled_labels_score_on_average(toy, box_split):
    test = box_split.test
    chance = ShapeRetrieval().measure(toy, box_split).rows["chance"]
    generator = np.random.default_rng(0)
    scores = []
    for _ in range(100):
        query = generator.integers(len(test))
        listed = np.flatnonzero(test.group != test.group[query])
        relevant = test.label[listed] == test.label[query]
        scores.append(average_precision_score(relevant, generator.random(len(listed))))
    assert chance["map_other_objects"].mean == pytest.approx(100 * np.mean(scores), abs=4 * 100 * np.std(scores) / 10)
    assert chance["map"].mean > chance["map_other_objects"].mean


def test_figures_list_other_objects_the_nearest_first(toy, box_split):
    figures = ShapeRetrieval(ShapeRetrieval.Config(neighbors=4)).measure(toy, box_split).figures
    assert figures["query_id"].shape == (3,)
    assert figures["neighbor_bits"].shape == (3, 4, box_split.test.bits.shape[1])
    assert (np.diff(figures["neighbor_cosine"], axis=1) <= 0).all()
    for query, found in zip(figures["query_id"], figures["neighbor_id"], strict=True):
        assert all(name.rsplit("/", 1)[0] != query.rsplit("/", 1)[0] for name in found)


def test_samples_without_a_label_are_left_out_and_noted(toy, box_split):
    label = box_split.test.label.copy()
    label[:2] = -1
    partly = replace(box_split.test, label=label)
    result = ShapeRetrieval().measure(toy, replace(box_split, test=partly))
    assert result.notes == ("2 of 12 samples have no label and are left out",)
    with pytest.raises(DataError, match="two or more labelled"):
        ShapeRetrieval().measure(toy, replace(box_split, test=replace(partly, label=np.full(12, -1))))
