import numpy as np
from sklearn.metrics import confusion_matrix

from lessup.metrics.confusion import confusion


def test_counts_equal_scikit_learn():
    generator = np.random.default_rng(0)
    label, predicted = generator.integers(0, 4, (2, 50))
    np.testing.assert_array_equal(confusion(label, predicted, 5), confusion_matrix(label, predicted, labels=range(5)))
