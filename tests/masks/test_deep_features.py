from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_colours import ToyColours, things

from lessup.errors import DataError
from lessup.features import encode_all
from lessup.masks.boxes import paper_boxes
from lessup.masks.class_maps import class_activation_maps
from lessup.masks.deep_features import LAYER, pooling_network, taught
from lessup.masks.image_maps import image_maps


@pytest.fixture(scope="module")
def network():
    return ToyColours().eval()


def overlap_of(first, second) -> float:
    across = max(0.0, min(first[2], second[2]) - max(first[0], second[0]))
    down = max(0.0, min(first[3], second[3]) - max(first[1], second[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return across * down / (sum(areas) - across * down)


def in_a_corner(count: int = 12):
    """Things whose lower right quarter holds what tells the classes apart."""
    images = things(count)
    rng = np.random.default_rng(3)
    for number in range(count):
        pixels = images.pixels[number]  # a view
        height, width, _ = pixels.shape
        pixels[:] = rng.integers(0, 60, pixels.shape)
        pixels[height // 2 :, width // 2 :, number % 3] += 180
    return images


def test_mean_of_a_map_and_bias_are_the_score_of_the_machine(network):
    images = things(30)
    found = taught(network, images)
    batch = images.batch(np.arange(5))
    maps = class_activation_maps(found.network, found.network.prepared(batch), torch.arange(3).expand(5, 3))
    means = torch.stack([batch["image"][n, :, :h, :w].mean((1, 2)) for n, (h, w) in enumerate(batch["extent"])])
    by_hand = found.layer.scores(encode_all(found.network, images, layer=LAYER))[:5]
    with torch.no_grad():
        np.testing.assert_allclose(found.network.classify(batch).numpy(), by_hand, atol=1e-4)
    without_bias = by_hand - found.layer.bias
    np.testing.assert_allclose(maps.mean((2, 3)).numpy(), without_bias, atol=1e-4)
    np.testing.assert_allclose(means.numpy() @ found.layer.weight.T, without_bias, atol=0.05)  # the pooled colours


def test_maps_of_a_class_never_trained_on_light_up_its_corner(network):
    images = in_a_corner()
    found = taught(network, images)
    batch = images.batch(np.arange(12))
    maps = image_maps(found.network, batch, batch["label"][:, None], scale="maximum")
    for own, (height, width) in zip(maps, images.pixels.extent, strict=True):
        box = paper_boxes(own[0])[0]
        assert overlap_of(box, (width // 2, height // 2, width, height)) > 0.6


def test_the_network_that_was_there_stays_as_it_is(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    pooling_network(network, 9)
    taught(network, things())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert network.backbone.layers == ("map", "pool")


def test_test_part_and_images_without_a_label_are_not_learnt_from(network):
    images = things(30)
    official = np.where(np.arange(30) < 6, "test", "train")
    wrong = np.where(np.arange(30) < 6, (images.label + 1) % 3, images.label)
    parted, misled = (replace(images, official=official, label=label) for label in (images.label, wrong))
    found = taught(network, parted)
    assert found.num_images == 24
    np.testing.assert_array_equal(found.layer.weight, taught(network, misled).layer.weight)
    unlabelled = replace(images, label=np.where(np.arange(30) < 9, -1, images.label))
    assert taught(network, unlabelled).num_images == 21


def test_images_with_several_tags_teach_every_one_of_them(network):
    images = things(30)
    tags = (images.label[:, None] == np.arange(3)).astype(np.int8)
    tagged = replace(images, tags=tags, label=np.full(30, -1))
    weight = taught(network, images).layer.weight  # of images in another order, so to the tolerance of the machine
    np.testing.assert_allclose(taught(network, tagged).layer.weight, weight, rtol=0.1)


def test_images_of_one_class_teach_nothing(network):
    images = things()
    with pytest.raises(DataError, match="two classes or more"):
        taught(network, replace(images, label=np.zeros(12, np.int64)))
