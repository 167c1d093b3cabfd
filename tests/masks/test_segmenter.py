from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_colours import things
from toy_segmenter import ToySegmenter

from lessup.errors import UsageError
from lessup.masks import segmenter
from lessup.masks.dense_crf import DenseCRFConfig, dense_crf, for_size
from lessup.masks.segmenter import BATCH, LabelMapConfig, both_label_maps, label_maps

CRF = DenseCRFConfig(bilateral_weight=40, sigma_xy=40, sigma_rgb=200, num_iterations=3)


def found(images, config=None):
    return [*label_maps(ToySegmenter().eval(), images, np.arange(len(images)), *([config] if config else []))]


def test_every_pixel_of_every_image_gets_the_class_of_its_brightest_channel():
    images = things(BATCH + 3)
    maps = found(images)
    assert len(maps) == BATCH + 3
    for index, labels in enumerate(maps):
        pixels = images.pixels[index].astype(int)
        wanted = np.where(pixels.max(2) > 127.5, pixels.argmax(2) + 1, 0)
        assert labels.dtype == np.uint8
        assert (labels == wanted).all()


def test_few_images_are_in_memory_at_once_and_only_those_asked_for_are_looked_at():
    network, images = ToySegmenter().eval(), things(2 * BATCH + 5)
    some = np.array([4, 1, *range(5, BATCH + 5)])
    maps = [*label_maps(network, images, some)]
    assert network.seen == [BATCH, 2]
    assert [labels.shape for labels in maps] == [tuple(extent) for extent in images.pixels.extent[some].tolist()]


def test_crf_starts_from_minus_the_logarithm_of_the_probabilities_of_each_image_alone():
    images = things(3)
    for index, labels in enumerate(found(images, LabelMapConfig(crf=CRF))):
        batch = images.batch([index])
        energy = -ToySegmenter().probabilities(batch).detach().log()
        own = for_size(CRF, tuple(batch["image"].shape[2:]))
        wanted = dense_crf(energy, 255 * batch["image"], own)[0].argmax(0)
        assert (labels == wanted.numpy()).all()
    assert any(
        (one != other).any() for one, other in zip(found(images), found(images, LabelMapConfig(crf=CRF)), strict=True)
    )


def test_classes_that_an_image_does_not_have_are_not_given_if_its_tags_are_looked_at():
    images = things(3)
    tags = np.array([[0, 1, 1], [-1, 0, 0], [1, -1, 1]], np.int8)
    tagged = replace(images, tags=tags)
    first, second, third = found(tagged, LabelMapConfig(tagged=True))
    assert 1 not in first
    assert 1 in found(images)[0]
    assert set(np.unique(second)) <= {0, 1}
    assert (third == found(images)[2]).all()
    with pytest.raises(UsageError, match="have no tags to look at"):
        found(images, LabelMapConfig(tagged=True))


def test_a_pixel_whose_class_is_certain_is_left_certain_by_a_crf_that_pulls_at_nothing():
    images = things(1)
    black = replace(images, pixels=replace(images.pixels, flat=np.zeros_like(images.pixels.flat)))
    network = ToySegmenter().eval()
    with torch.no_grad():
        network.weight.fill_(1e4)  # probabilities of exactly 0 and 1
    nothing = DenseCRFConfig(bilateral_weight=0, gaussian_weight=0)
    (labels,) = label_maps(network, black, np.arange(1), LabelMapConfig(crf=nothing))
    assert (labels == 0).all()


def test_more_classes_than_a_byte_can_number_are_refused():
    images = replace(things(1), classes=tuple(map(str, range(255))))
    with pytest.raises(UsageError, match="255 classes: wanted 254"):
        found(images)


def test_maps_without_and_with_a_crf_come_from_one_look_at_each_image():
    network, images = ToySegmenter().eval(), things(BATCH + 1)
    both = [*both_label_maps(network, images, np.arange(len(images)), CRF)]
    assert network.seen == [BATCH, 1]
    for (alone, with_crf), one, other in zip(both, found(images), found(images, LabelMapConfig(crf=CRF)), strict=True):
        assert (alone == one).all()
        assert (with_crf == other).all()


def test_images_of_one_size_go_through_a_crf_in_tensors_together_and_come_out_as_alone(monkeypatch):
    images, calls = things(5), []
    alone = found(images, LabelMapConfig(crf=CRF))
    monkeypatch.setattr(segmenter, "loops_suit", lambda tensor: False)
    monkeypatch.setattr(segmenter, "dense_crf", lambda *each: calls.append(len(each[0])) or dense_crf(*each))
    together = found(images, LabelMapConfig(crf=CRF))
    assert all((one == other).all() for one, other in zip(alone, together, strict=True))
    assert len(calls) == len(np.unique(images.pixels.extent, axis=0))
    assert sum(calls) == 5
