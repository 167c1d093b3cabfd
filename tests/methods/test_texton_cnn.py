from dataclasses import replace

import numpy as np
import pytest
import torch

from lessup.errors import DataError, UsageError
from lessup.methods.texton_cnn import TextonCNN, TextonCNNConfig
from lessup.samples.images import Images, Ragged
from lessup.transforms.draws import Draws

SMALL = TextonCNNConfig(backbone="alexnet-small", textons=6, clusters=3)


def textures(per_kind=6) -> Images:
    """Stripes that lie, stripes that stand, and noise, each at another brightness."""
    rng, pixels = np.random.default_rng(0), []
    stripes = np.tile((np.arange(64) // 3 % 2)[:, None], (1, 64)).astype(float)
    for number in range(3 * per_kind):
        kind = number // per_kind
        plain = (stripes, stripes.T, rng.uniform(size=(64, 64)))[kind]
        grey = 60 + 10 * (number % per_kind) + 100 * np.roll(plain, number, (0, 1)) + rng.normal(0, 3, (64, 64))
        pixels.append(np.repeat(grey[:, :, None], 3, 2).clip(0, 255).astype(np.uint8))
    count = len(pixels)
    return Images(
        pixels=Ragged.of(pixels),
        id=np.arange(count).astype(str),
        label=np.repeat(np.arange(3), per_kind),
        classes=("lying", "standing", "noise"),
        group=np.arange(count),
        official=np.full(count, ""),
        fingerprint="generated",
    )


@pytest.fixture
def fitted():
    torch.manual_seed(0)
    method, samples = TextonCNN(SMALL), textures()
    method.begin(samples, 0)
    return method, samples


def test_clusters_are_the_kinds_of_texture(fitted):
    method, samples = fitted
    told = method.targets(samples.batch(np.arange(len(samples))))
    pairs = set(zip(told.tolist(), samples.label.tolist(), strict=True))
    assert len(pairs) == 3
    torch.testing.assert_close(method.centres.sum(1), torch.ones(3))


def test_labels_have_no_part_in_it(fitted):
    method, samples = fitted
    torch.manual_seed(0)
    other = TextonCNN(SMALL)
    other.begin(replace(samples, label=samples.label[::-1].copy()), 0)
    assert other.textons.equal(method.textons)
    assert other.centres.equal(method.centres)


@torch.no_grad()
def test_loss_is_the_cross_entropy_of_the_cluster(fitted):
    method, samples = fitted
    batch = samples.batch(np.array([0, 7, 14]))
    losses = method.eval().step(batch, Draws.at(0))
    scores = method.answer(method.encode(batch, method.backbone.layers[-1])).double().log_softmax(1)
    expected = -np.mean([scores[row, target] for row, target in enumerate(method.targets(batch).tolist())])
    assert losses.players["textons"].item() == pytest.approx(expected, rel=1e-4)


def test_images_that_are_all_alike_are_refused():
    samples = textures(2)
    flat = Ragged.of([np.full((64, 64, 3), 128, np.uint8)] * len(samples))
    with pytest.raises(DataError, match="too few or too much alike: pass a smaller --textons than 6"):
        TextonCNN(SMALL).begin(replace(samples, pixels=flat), 0)


@pytest.mark.parametrize("changed", [{"clusters": 1}, {"textons": 1}, {"square": 0.0}])
def test_settings_out_of_range_are_refused(changed):
    with pytest.raises(UsageError, match="wanted 2 or more"):
        TextonCNN(replace(SMALL, **changed))
