import numpy as np

from lessup.samples.feature_rows import FeatureRows
from lessup.samples.splits import Folds, split


def test_rows_are_parted_class_by_class_and_equal_ones_stay_together():
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    x[20:] = x[:20]  # every row twice, under another name
    label = np.tile(np.arange(20) % 2, 2)
    rows = FeatureRows(x, np.array([f"{number}" for number in range(40)]), label, ("ant", "bee"))
    parts = split(rows, Folds(folds=4))
    sides = [{tuple(row) for row in part.x.tolist()} for part in (parts.train, parts.validation, parts.test)]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert sum(map(len, (parts.train, parts.validation, parts.test))) == 40
    assert np.bincount(parts.test.label).tolist() == [6, 6]  # 3 of 10 pairs of each class


def test_a_batch_holds_what_was_put_in():
    rows = FeatureRows(np.eye(3, dtype=np.float32), np.array(["a", "b", "c"]), np.array([0, 1, 0]), ("ant", "bee"))
    batch = rows.batch(np.array([2, 0]))
    assert batch["x"].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert batch["label"].tolist() == [0, 0]
    assert rows.fingerprint != rows.take(np.array([0, 1])).fingerprint
