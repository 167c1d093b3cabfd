"""Every estimator of the room keeps scikit-learn's conventions."""

import importlib
import pkgutil

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.utils.estimator_checks import check_estimator

from lessup import labels
from lessup.errors import DataError
from lessup.labels.classifier import FewLabelClassifier

MINUS_ONE = {"check_classifiers_classes": "it has a class of the name -1, which here means that the label is not known"}


def estimators() -> list[type[FewLabelClassifier]]:
    modules = [importlib.import_module(f"lessup.labels.{one.name}") for one in pkgutil.iter_modules(labels.__path__)]
    found = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    own = [kind for kind in found if issubclass(kind, FewLabelClassifier) and not kind.__abstractmethods__]
    return sorted(own, key=lambda kind: kind.__name__)


EVERY = pytest.mark.parametrize("estimator", estimators(), ids=lambda kind: kind.__name__)


@EVERY
@pytest.mark.filterwarnings("ignore")
def test_an_estimator_passes_scikit_learns_own_checks(estimator):
    results = check_estimator(estimator(), expected_failed_checks=MINUS_ONE, on_fail="raise", on_skip=None)
    assert sum(result["status"] == "passed" for result in results) > 50


@EVERY
def test_samples_without_a_label_do_not_hinder_the_others(estimator):
    x, y = make_blobs(60, 5, centers=3, cluster_std=0.3, random_state=0)
    names = np.array(["ant", "bee", "cat"])[y]
    given = names.astype(object)
    given[np.concatenate([np.flatnonzero(y == number)[6:] for number in range(3)])] = -1
    found = estimator().fit(x, given)
    assert (found.predict(x) == names).all()
    np.testing.assert_allclose(found.predict_proba(x).sum(1), 1)
    assert found.classes_.tolist() == ["ant", "bee", "cat"]


@EVERY
@pytest.mark.parametrize(("given", "message"), [(-1, "no label is known, of 4 samples"), (7, "all 1 known labels")])
def test_fewer_than_two_classes_are_refused(estimator, given, message):
    label = np.full(4, -1)
    label[0] = given
    with pytest.raises(DataError, match=message):
        estimator().fit(np.random.default_rng(0).normal(size=(4, 3)), label)


@EVERY
def test_a_feature_that_is_not_a_number_is_refused_and_a_constant_one_is_not(estimator):
    x, y = make_blobs(30, 4, centers=2, cluster_std=0.3, random_state=0)
    x[:, 3] = 5
    assert (estimator().fit(x, y).predict(x) == y).all()
    x[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        estimator().fit(x, y)
