"""Classes that were never seen are told by their descriptions."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import expit
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from lessup.errors import DataError, UsageError
from lessup.labels.conse import ConSE
from lessup.labels.dap import DAP
from lessup.labels.descriptions import class_folds
from lessup.labels.devise import DeViSE, _loss, rank_loss
from lessup.labels.eszsl import ESZSL, Products
from lessup.labels.exem import EXEM, class_means, predicted_exemplars

EVERY = pytest.mark.parametrize("estimator", [DAP, ConSE, DeViSE, ESZSL, EXEM])
UNSEEN = (3, 6, 9, 12)


def known_attributes(noise=0.0, seed=0):
    """Return features that are a turned and stretched copy of 4 attributes, the label, and those of all 16 classes."""
    generator = np.random.default_rng(seed)
    attributes = {number: np.array([number >> bit & 1 for bit in range(4)], float) for number in range(16)}
    label = np.repeat(np.arange(16), 30)
    exact = np.stack([attributes[number] for number in label.tolist()])
    x = exact @ generator.normal(size=(4, 12)) + noise * generator.normal(size=(len(label), 12))
    return x, label, attributes


@pytest.mark.parametrize("estimator", [DAP, ESZSL])
def test_unseen_classes_are_recovered_exactly_from_attributes_without_noise(estimator):
    x, label, attributes = known_attributes()
    seen = ~np.isin(label, UNSEEN)
    found = estimator(attributes).fit(x[seen], label[seen])
    assert (found.predict_among(x[~seen], UNSEEN) == label[~seen]).all()


@EVERY
def test_unseen_classes_are_told_far_above_chance_with_noise(estimator):
    x, label, attributes = known_attributes(noise=0.3)
    seen = ~np.isin(label, UNSEEN)
    descriptions = {number: 2 * vector - 1 for number, vector in attributes.items()}
    found = estimator(descriptions).fit(x[seen], label[seen])
    assert (found.predict_among(x[~seen], UNSEEN) == label[~seen]).mean() > 0.8
    assert set(found.predict(x)) <= set(range(16))
    assert found.seen_.sum() == 12


@EVERY
def test_a_class_without_a_description_is_refused(estimator):
    x, label, attributes = known_attributes()
    del attributes[5]
    with pytest.raises(DataError, match="1 classes have samples but no description, such as 5"):
        estimator(attributes).fit(x, label)


def test_descriptions_of_several_lengths_are_refused():
    with pytest.raises(DataError, match="differ in length or are not finite"):
        ESZSL({0: [1.0], 1: [1.0, 2.0]}).fit(np.eye(2), [0, 1])


def test_choosing_among_an_unknown_class_is_refused():
    x, label, attributes = known_attributes()
    with pytest.raises(UsageError, match=r"no description of \[99\]"):
        ESZSL(attributes).fit(x, label).predict_among(x, [99, 3])


def test_attributes_that_are_equal_in_all_classes_tell_nothing():
    x, label, attributes = known_attributes()
    with pytest.raises(DataError, match="every attribute is equal in all seen classes"):
        DAP({number: [1.0, 1.0] for number in attributes}).fit(x, label)


def test_dap_equals_the_product_of_equation_2():
    x, label, attributes = known_attributes(noise=1.0)
    found = DAP(attributes).fit(x, label)
    standard = (x[:5] - x.mean(0)) / x.std(0)
    table = np.stack([attributes[number] for number in range(16)])
    has = [expit(standard @ one.coef_[0] + one.intercept_[0]) for one in found.attributes_]
    shares = np.ones((5, 16))
    for number in range(16):
        for m in range(4):
            p, prior = has[m], 0.5
            shares[:, number] *= p / prior if table[number, m] else (1 - p) / (1 - prior)
    np.testing.assert_allclose(found.predict_proba(x[:5]), shares / shares.sum(1, keepdims=True), rtol=1e-6)


def test_the_bilinear_map_equals_the_closed_form():
    generator = np.random.default_rng(0)
    x, s, code = generator.normal(size=(50, 6)), generator.normal(size=(5, 3)), generator.integers(0, 5, 50)
    target = np.where(code[:, None] == np.arange(5), 1.0, -1.0)
    left = x.T @ x + 0.1 * np.trace(x.T @ x) / 6 * np.eye(6)
    right = s.T @ s + 10 * np.trace(s.T @ s) / 3 * np.eye(3)
    expected = np.linalg.inv(left) @ x.T @ target @ s @ np.linalg.inv(right)
    found = Products.of(x, code, s).solved(feature_penalty=0.1, description_penalty=10.0)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_conse_lies_at_the_mean_of_the_likeliest_classes():
    x, label, attributes = known_attributes(noise=1.0)
    vectors = {number: vector + 0.1 for number, vector in attributes.items()}
    found = ConSE(vectors, top=2).fit(x, label)
    standard = (x[:3] - x.mean(0)) / x.std(0)
    table = np.stack([vectors[number] / np.linalg.norm(vectors[number]) for number in range(16)])
    for row, shares in zip(found.embed(standard), found.classifier_.predict_proba(standard), strict=True):
        first, second = np.argsort(-shares)[:2]
        weight = shares[[first, second]] / shares[[first, second]].sum()
        np.testing.assert_allclose(row, weight @ table[[first, second]])


def test_the_rank_loss_equals_plain_loops_and_its_slope_finite_differences():
    generator = np.random.default_rng(0)
    x, target, code = generator.normal(size=(20, 4)), generator.normal(size=(5, 3)), generator.integers(0, 5, 20)
    matrix = generator.normal(size=(4, 3)) / 5
    scores = x @ matrix @ target.T
    expected = [
        sum(max(0, 0.1 - scores[n, code[n]] + scores[n, k]) for k in range(5) if k != code[n]) for n in range(20)
    ]
    np.testing.assert_allclose(rank_loss(scores, code, 0.1), expected)
    value, slope = _loss(matrix.ravel(), x, code, target, 0.1, 1e-3)
    assert value == pytest.approx(np.mean(expected) + 1e-3 * np.square(matrix).sum())
    numeric = approx_fprime(matrix.ravel(), lambda flat: _loss(flat, x, code, target, 0.1, 1e-3)[0], 1e-7)
    np.testing.assert_allclose(slope, numeric, atol=1e-4)


def test_a_class_that_shares_a_name_with_none_seen_stands_after_the_seen_ones():
    x, label, attributes = known_attributes()
    seen = ~np.isin(label, UNSEEN)
    found = ESZSL(attributes).fit(x[seen], label[seen])
    assert found.classes_.tolist() == [number for number in range(16) if number not in UNSEEN] + [*UNSEEN]


def test_exemplars_equal_a_gaussian_process_that_starts_at_their_mean():
    generator = np.random.default_rng(0)
    descriptions, exemplars = generator.normal(size=(8, 3)), generator.normal(size=(8, 5))
    asked = generator.normal(size=(2, 3))
    spread = np.mean([np.sum((descriptions[i] - descriptions[j]) ** 2) for i in range(8) for j in range(i)])
    process = GaussianProcessRegressor(RBF((0.5 * spread / 2) ** 0.5), alpha=0.1, optimizer=None)
    expected = exemplars.mean(0) + process.fit(descriptions, exemplars - exemplars.mean(0)).predict(asked)
    found = predicted_exemplars(descriptions, exemplars, asked, width=0.5, penalty=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_far_from_all_descriptions_an_exemplar_is_the_mean():
    found = predicted_exemplars(np.eye(3), np.arange(6.0).reshape(3, 2), np.full((1, 3), 99.0), width=1, penalty=0.1)
    np.testing.assert_allclose(found, [[2, 3]])


def test_class_means_equal_a_loop():
    x, code = np.random.default_rng(0).normal(size=(9, 2)), np.array([0, 1, 2, 2, 1, 0, 0, 0, 1])
    np.testing.assert_allclose(class_means(x, code, 3), [x[code == number].mean(0) for number in range(3)])


@pytest.mark.parametrize(("classes", "sizes"), [(3, []), (4, [2, 2]), (9, [3, 2, 2, 2]), (12, [3, 3, 2, 2, 2])])
def test_every_class_is_held_out_once_and_never_alone(classes, sizes):
    folds = class_folds(classes, seed=0)
    assert [len(fold) for fold in folds] == sizes
    assert sorted(number for fold in folds for number in fold.tolist()) == (list(range(classes)) if sizes else [])
