"""The protocol on generated discs, beside plain loops over the same features."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_images import ToyEncoder, discs

from lessup.errors import DataError, UsageError
from lessup.evaluation.neighbors import Neighbors, chance_recall
from lessup.features import encode_all
from lessup.samples.splits import Split


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return ToyEncoder().eval()


def measure(method, test, **settings):
    nothing = test.take(np.arange(0))
    return Neighbors(Neighbors.Config(**settings)).measure(method, Split(nothing, nothing, test))


def recall_by_loops(features, label, group, k):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    hits = []
    for query in range(len(unit)):
        others = [other for other in range(len(unit)) if group[other] != group[query]]
        first = sorted(others, key=lambda other: -float(unit[query] @ unit[other]))[:k]
        hits.append(any(label[other] == label[query] for other in first))
    return 100 * np.mean(hits)


def test_recall_equals_plain_loops(toy):
    images = discs(12, noise=110)
    rows = measure(toy, images).rows
    features = encode_all(toy, images)
    for k in (1, 5, 10):
        assert rows["model"][f"recall_{k}"].mean == pytest.approx(
            recall_by_loops(features, images.label, images.group, k)
        )


def test_images_of_one_group_do_not_find_one_another(toy):
    images = discs(12, noise=110)
    images = replace(images, group=images.group // 4)
    rows = measure(toy, images, k=(1, 3)).rows
    features = encode_all(toy, images)
    for k in (1, 3):
        assert rows["model"][f"recall_{k}"].mean == pytest.approx(
            recall_by_loops(features, images.label, images.group, k)
        )


@pytest.mark.parametrize(("relevant", "listed", "k"), [(1, 10, 1), (3, 10, 5), (8, 10, 4), (1, 3, 3)])
def test_chance_is_the_share_of_random_picks_that_hit(relevant, listed, k):
    generator = np.random.default_rng(0)
    hits = [generator.permutation(listed)[:k].min() < relevant for _ in range(4000)]
    got = chance_recall(np.array([relevant]), np.array([listed]), k)[0]
    assert got == pytest.approx(np.mean(hits), abs=0.03)


def test_sharing_one_of_several_classes_is_enough(toy):
    images = discs(20, several=True, noise=110)
    rows = measure(toy, images, k=(1,)).rows
    features = encode_all(toy, images)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -2)
    wanted = [(images.tags[query] & images.tags[cosine[query].argmax()]).any() for query in range(len(images))]
    assert rows["model"]["recall_1"].mean == pytest.approx(100 * np.mean(wanted))
    assert rows["chance"]["recall_1"].mean > 50  # most pairs share a class


def test_rows_of_chance_pixels_and_untrained_networks_stand_beside_the_model(toy):
    assert list(measure(toy, discs()).rows) == ["chance", "pixels", "random", "magic_init", "model"]


def test_the_pictures_are_those_of_the_queries_and_their_neighbours(toy):
    images = discs(12)
    figures = measure(toy, images, queries=3, neighbors=2).figures
    assert sorted(figures["query_label"].tolist()) == [0, 1, 2]
    assert figures["query_patch"].shape == (3, 64, 64, 3)
    place = {name: number for number, name in enumerate(images.id)}
    features = encode_all(toy, images)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    for number, name in enumerate(figures["query_id"]):
        cosine = unit @ unit[place[name]]
        cosine[place[name]] = -2
        best = np.argsort(-cosine)[:2]
        assert figures["model_id"][number].tolist() == images.id[best].tolist()
        np.testing.assert_allclose(figures["model_cosine"][number], cosine[best], atol=1e-5)
        assert figures["model_label"][number].tolist() == images.label[best].tolist()
    assert figures["random_patch"].shape == (3, 2, 64, 64, 3)


def test_images_without_a_label_are_found_but_not_counted(toy):
    result = measure(toy, discs(12, unlabelled=4))
    assert "4 of 36 images share no label with another and are not counted" in result.notes


def test_images_without_any_label_still_give_pictures(toy):
    result = measure(toy, discs(12, unlabelled=36))
    assert not result.rows
    assert "query_patch" in result.figures


def test_too_few_images_are_refused(toy):
    with pytest.raises(DataError, match="6 held-out images are too few for 10"):
        measure(toy, discs(2))


def test_no_neighbour_at_all_is_refused(toy):
    with pytest.raises(UsageError, match="1 or more"):
        measure(toy, discs(12), k=(0, 1))
