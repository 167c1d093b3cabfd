"""Class maps lie on the pixels that they speak of, whatever the shape of the image."""

import numpy as np
import pytest
import torch
from toy_colours import knowing_colours

from lessup.masks.boxes import paper_boxes
from lessup.masks.class_maps import resized, ten_crop_maps
from lessup.masks.image_maps import image_maps
from lessup.samples.images import Ragged


def batch_of(*pictures):
    pixels = Ragged.of(pictures)
    indices = np.arange(len(pictures))
    return {
        "image": pixels.padded(indices).float() / 255,
        "extent": torch.from_numpy(pixels.extent[indices]),
    }


def picture(height, width, left, top, right, bottom, channel):
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[top:bottom, left:right, channel] = 255
    return pixels


def test_maps_of_images_of_other_shapes_are_as_large_and_lie_where_the_colour_is():
    wide = picture(64, 160, 100, 16, 140, 48, 0)
    high = picture(128, 48, 6, 16, 24, 80, 2)
    maps = image_maps(knowing_colours(), batch_of(wide, high), torch.tensor([[0, 1], [2, 0]]), scale="maximum")
    assert [each.shape for each in maps] == [(2, 64, 160), (2, 128, 48)]
    np.testing.assert_allclose(paper_boxes(maps[0][0], 0.5)[0], [100, 16, 140, 48], atol=3)
    np.testing.assert_allclose(paper_boxes(maps[1][0], 0.5)[0], [6, 16, 24, 80], atol=2)
    assert maps[0][0].max() == maps[1][0].max() == 1
    assert not maps[0][1].any(), "nothing speaks for green"


def test_range_begins_at_the_least_value():
    (maps,) = image_maps(
        knowing_colours(), batch_of(picture(32, 32, 0, 0, 8, 8, 0)), torch.tensor([[1]]), scale="range"
    )
    assert maps.min() == 0
    assert maps.max() == 1
    assert maps[0, :6, :6].max() < maps[0, 10:, 10:].min(), "red speaks against green"


def test_small_image_gets_a_small_map():
    (maps,) = image_maps(knowing_colours(), batch_of(picture(3, 5, 0, 0, 2, 3, 1)), torch.tensor([[1]]))
    assert maps.shape == (1, 3, 5)
    assert maps[0, :, 0].min() > maps[0, :, -1].max()


def test_each_pixel_is_interpolated_between_the_middles_of_the_maps_cells():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (32, 32, 3), np.uint8)
    network = knowing_colours()
    (maps,) = image_maps(network, batch_of(pixels), torch.tensor([[0]]), scale="range")
    cells = pixels.reshape(8, 4, 8, 4, 3).mean((1, 3)) / 255 @ np.array([1, -1, -1])
    wanted = np.empty((32, 32))
    for row in range(32):
        for column in range(32):
            y, x = (min(max((place + 0.5) / 4 - 0.5, 0), 7) for place in (row, column))
            top, left = min(int(y), 6), min(int(x), 6)
            down, right = y - top, x - left
            upper = (1 - right) * cells[top, left] + right * cells[top, left + 1]
            lower = (1 - right) * cells[top + 1, left] + right * cells[top + 1, left + 1]
            wanted[row, column] = (1 - down) * upper + down * lower
    wanted = (wanted - wanted.min()) / (wanted.max() - wanted.min())
    assert maps[0] == pytest.approx(wanted, abs=1e-4)


def test_ten_crops_give_their_summed_absolute_maps_at_the_images_size():
    # 37 pixels are to the network's 32 what 256 are to 224.
    batch = batch_of(picture(40, 90, 10, 5, 50, 30, 0))
    classes = torch.tensor([[0, 2]])
    (maps,) = image_maps(knowing_colours(), batch, classes, scale="maximum", crops=10)
    (total,) = resized(ten_crop_maps(knowing_colours(), batch, classes, frame=37), batch["extent"])
    assert maps.shape == (2, 40, 90)
    np.testing.assert_allclose(maps, total / total.amax((1, 2), keepdim=True), rtol=1e-5)
