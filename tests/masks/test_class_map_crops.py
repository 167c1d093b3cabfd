import numpy as np
import pytest
import torch
from toy_colours import knowing_colours, things

from lessup.features import encode_all
from lessup.masks.boxes import paper_boxes
from lessup.masks.class_map_crops import class_boxes, encode_boxes
from lessup.masks.image_maps import image_maps
from lessup.samples.images import Ragged


def whole(images):
    height, width = images.pixels.extent.T
    return np.stack([0 * width, 0 * height, width, height], 1).astype(np.float64)


@pytest.mark.parametrize("scale", ["maximum", "range"])
def test_box_is_that_of_the_asked_class_above_the_share(scale):
    images, network = things(), knowing_colours()
    boxes = class_boxes(network, images, images.label, share=0.4, scale=scale)
    for index in range(len(images)):
        batch = images.batch([index])
        (own,) = image_maps(network, batch, batch["label"][:, None], scale=scale)
        np.testing.assert_array_equal(boxes[index], paper_boxes(own[0], 0.4)[0])


def test_image_in_which_nothing_speaks_for_the_class_is_taken_whole():
    images, network = things(), knowing_colours()
    with torch.no_grad():
        network.classifier.weight.fill_(-1.0)
    np.testing.assert_array_equal(class_boxes(network, images, images.label), whole(images))


def test_features_of_a_box_are_those_of_an_image_cut_by_hand():
    images, network = things(), knowing_colours()
    boxes = class_boxes(network, images, images.label)
    cut = []
    for index, (left, top, right, bottom) in enumerate(boxes.astype(int)):
        cut.append(np.ascontiguousarray(images.pixels[index][top:bottom, left:right]))
    by_hand = encode_all(network, type(images)(**{**vars(images), "pixels": Ragged.of(cut)}), layer="map")
    np.testing.assert_allclose(encode_boxes(network, images, boxes, "map"), by_hand, atol=1e-5)
    np.testing.assert_allclose(
        encode_boxes(network, images, whole(images), "map"), encode_all(network, images, layer="map"), atol=1e-5
    )
