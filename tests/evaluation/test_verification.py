"""The protocol on generated discs, beside loops over the same features and scikit-learn."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf
from sklearn.metrics import roc_curve
from toy_images import ToyEncoder, discs

from lessup.errors import DataError, UsageError
from lessup.evaluation.verification import Verification, claim_errors, pair_errors
from lessup.features import encode_all
from lessup.samples.splits import Split


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return ToyEncoder().eval()


def measure(method, test, train=None, **settings):
    nothing = test.take(np.arange(0))
    parts = Split(nothing if train is None else train, nothing, test)
    return Verification(Verification.Config(**settings)).measure(method, parts)


@pytest.mark.parametrize("metric", ["euclidean", "l1", "cosine"])
def test_pairs_are_scored_as_by_loops_and_scikit_learn(toy, metric):
    images = discs(9, noise=110)
    row = measure(toy, images, metric=metric).rows["model"]
    features = encode_all(toy, images).astype(np.float64)
    apart = cdist(features, features, {"l1": "cityblock"}.get(metric, metric))
    claims = [
        (apart[i, j], images.label[i] == images.label[j]) for i in range(len(images)) for j in range(i + 1, len(images))
    ]
    distance, genuine = map(np.array, zip(*claims, strict=True))
    accepted, kept, _ = roc_curve(genuine, -distance, drop_intermediate=False)
    for level, name in ((0.1, "fr_at_10"), (0.075, "fr_at_7_5"), (0.05, "fr_at_5")):
        assert row[name].mean == pytest.approx(100 * (1 - kept[accepted <= level].max()), abs=1e-9)
    closest = np.argmin(np.abs(accepted - (1 - kept)))
    assert row["eer"].mean == pytest.approx(100 * accepted[closest], abs=1)


def test_claims_are_scored_as_by_loops_with_the_distribution_of_scipy():
    random = np.random.default_rng(0)
    label = np.repeat(np.arange(4), 9)
    x = (random.normal(size=(4, 6))[label] + 0.7 * random.normal(size=(36, 6))).astype(np.float32)
    probability, genuine = [], []
    for person in range(4):
        own = x[label == person].astype(np.float64)
        known = multivariate_normal(own[:5].mean(0), ledoit_wolf(own[:5])[0])
        constant = np.mean(known.pdf(x[label != person]))
        for image in own[5:]:
            probability.append(known.pdf(image) / (known.pdf(image) + constant))
            genuine.append(True)
        for image in x[label != person]:
            probability.append(known.pdf(image) / (known.pdf(image) + constant))
            genuine.append(False)
    accepted, kept, _ = roc_curve(genuine, probability, drop_intermediate=False)
    found = claim_errors(x, label, enrolled=5)
    for level in (0.1, 0.075, 0.05, 0.01):
        assert found.false_reject_at(level) == pytest.approx(1 - kept[accepted <= level].max())


def test_features_that_know_the_class_make_no_errors_and_those_that_do_not_are_a_guess():
    label = np.repeat(np.arange(3), 12)
    random = np.random.default_rng(0)
    known = (np.eye(3)[label] + 1e-3 * random.normal(size=(36, 3))).astype(np.float32)
    assert pair_errors(known, label, metric="euclidean").equal == 0
    assert claim_errors(known, label, enrolled=5).equal == 0
    guess = random.normal(size=(36, 3)).astype(np.float32)
    assert 0.35 < pair_errors(guess, label, metric="euclidean").equal < 0.65


def test_classes_without_images_beyond_the_first_have_no_distribution(toy):
    images = discs(9)
    few = images.take(np.r_[0:9, 9:14, 18:27])  # the second has five
    notes = " ".join(measure(toy, few).notes)
    assert "3 people or classes: 82 genuine and 171 impostor pairs" in notes
    assert "2 with images beyond the first 5: 8 genuine and 28 impostor claims" in notes
    none = measure(toy, discs(4))
    assert "gaussian_eer" not in none.rows["model"]
    assert "gaussian_false_accept_model" not in none.figures


def test_pixels_and_random_weights_stand_beside_the_model_unless_left_out(toy):
    images = discs(9)
    result = measure(toy, images)
    assert [*result.rows] == ["pixels", "random", "model"] == result.figures["rows"].tolist()
    assert [*measure(toy, images, references=False).rows] == ["model"]


def test_figures_are_curves_from_no_accepts_to_no_rejects(toy):
    result = measure(toy, discs(30, noise=110))
    accept, reject = (result.figures[f"pairs_{name}_model"] for name in ("false_accept", "false_reject"))
    assert (accept[0], accept[-1], reject[0], reject[-1]) == (0, 1, 1, 0)
    assert len(accept) <= 500
    assert (np.diff(accept) >= 0).all()
    assert (np.diff(reject) <= 0).all()


def test_people_who_were_seen_in_training_are_counted(toy):
    images = discs(9)
    said = "2 of 3 classes were seen in training: pass --whole-classes to train on others"
    assert said in measure(toy, images, images.take(np.flatnonzero(images.label < 2))).notes
    assert not any("seen" in note for note in measure(toy, images).notes)


def test_images_without_a_label_are_left_out_and_counted(toy):
    images = discs(9)
    images.label[:2] = -1
    result = measure(toy, images)
    assert "2 of 27 images have no label and are left out" in result.notes
    assert any("25 images" in note or "93 genuine" in note for note in result.notes)


def test_too_many_images_are_drawn_from_and_that_is_said(toy):
    result = measure(toy, discs(12), most=20)
    assert "20 of 36 images were drawn: --most 36 compares all" in result.notes


@pytest.mark.parametrize("kept", [slice(0, 9), slice(0, 27, 9), slice(0, 0)])
def test_one_person_or_one_image_a_person_is_refused_with_what_to_do(toy, kept):
    images = discs(9)
    with pytest.raises(DataError, match=r"needs test images of two people .* pass --data"):
        measure(toy, images.take(np.arange(27)[kept]))


@pytest.mark.parametrize("settings", [{"enrolled": 2}, {"most": 1}])
def test_settings_out_of_range_are_refused(toy, settings):
    with pytest.raises(UsageError, match="wanted 3 or more"):
        measure(toy, discs(9), **settings)


def test_layer_that_does_not_exist_is_refused(toy):
    with pytest.raises(UsageError, match="no layer 'conv9'"):
        measure(toy, discs(9), layer="conv9")
