"""A network scores one region of an image as if there were nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_colours import knowing_colours

from lessup.masks.guide_labels import g1
from lessup.masks.region_scores import blanked_scores
from lessup.samples.images import Ragged


@pytest.fixture
def halves():
    """An image whose left half is red and whose right half is blue, and the two halves."""
    from toy_colours import things

    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32, 0], pixels[:, 32:, 2] = 200, 240
    images = replace(things(1), pixels=Ragged.of([pixels]), boxes=None, masks=None)
    left = np.zeros((48, 64), bool)
    left[:, :32] = True
    return images.batch([0]), left


def test_region_is_scored_as_if_all_else_were_black_where_black_is_zero(halves):
    batch, left = halves
    network = knowing_colours()
    scores = blanked_scores(network, batch)
    for region in (left, ~left, np.ones_like(left)):
        alone = batch | {"image": batch["image"] * torch.from_numpy(region)}
        with torch.no_grad():
            wanted = network.classify(alone)[0].numpy()
        np.testing.assert_allclose(scores(region), wanted, atol=0.02)  # one column of pixels is shared at 32 of 64


def test_every_region_gets_the_class_of_its_colour(halves):
    batch, left = halves
    scores = blanked_scores(knowing_colours(), batch)
    assert scores(left).argmax() == 0
    assert scores(~left).argmax() == 2
    apart = left.copy()
    apart[:, 28:36] = False
    apart[:, 36:] = True
    guide = g1(apart, np.array([1, 1, 1]), scores)
    assert (guide[:, :28] == 1).all()
    assert (guide[:, 36:] == 3).all()
    assert (g1(apart, np.array([1, 1, 0]), scores)[:, 36:] < 3).all(), "only classes of the tags"


def test_nothing_collects_a_gradient(halves):
    batch, left = halves
    network = knowing_colours()
    blanked_scores(network, batch)(left)
    assert all(parameter.grad is None for parameter in network.parameters())
