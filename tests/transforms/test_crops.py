"""Crops equal Pillow's, and boxes equal torchvision's, as far as random ones can."""

import numpy as np
import pytest
import torch
from PIL import Image

from lessup.transforms.crops import crop_resize, mirrored, random_boxes, resize_whole
from lessup.transforms.draws import Draws


def noise(batch, channels, height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (batch, channels, height, width), generator=generator, dtype=torch.uint8)


def pillow(pixels, box, size):
    """Cut the whole pixels that the box touches, then resize the box within them, with Pillow."""
    left, top, right, bottom = box
    outer = int(np.floor(left)), int(np.floor(top)), int(np.ceil(right)), int(np.ceil(bottom))
    inner = left - outer[0], top - outer[1], right - outer[0], bottom - outer[1]
    image = Image.fromarray(pixels.permute(1, 2, 0).numpy()).crop(outer)
    resized = image.resize((size[1], size[0]), Image.Resampling.BILINEAR, box=inner, reducing_gap=None)
    return torch.from_numpy(np.asarray(resized).copy()).permute(2, 0, 1).float() / 255


@pytest.mark.parametrize("whole", [True, False], ids=["whole pixels", "fractions"])
@pytest.mark.parametrize("size", [(7, 9), (32, 32), (61, 40)])
def test_crops_equal_pillow_on_random_boxes(whole, size):
    image = noise(40, 3, 50, 45)
    corners = torch.rand(40, 2, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([40.0, 45.0])
    low, high = corners.amin(1), corners.amax(1) + 4
    box = torch.cat([low, high], 1)
    box = box.round() if whole else box
    got = crop_resize(image.float() / 255, box, size)
    for row in range(40):
        wanted = pillow(image[row], box[row].tolist(), size)
        # Pillow rounds to 8 bits after each of its two passes.
        assert (got[row] - wanted).abs().max() <= 1.01 / 255


def test_padding_does_not_darken_the_border():
    image = torch.zeros(1, 2, 30, 40)
    image[:, :, :13, :17] = 1
    for size in [(5, 6), (64, 64)]:
        torch.testing.assert_close(resize_whole(image, torch.tensor([[13, 17]]), size), torch.ones(1, 2, *size))


def test_an_image_at_its_own_size_is_unchanged():
    image = noise(2, 4, 6, 8).float()
    torch.testing.assert_close(resize_whole(image, torch.tensor([[6, 8]] * 2), (6, 8)), image)


def test_exchanged_sides_mirror():
    image = noise(3, 3, 20, 30).float() / 255
    box = torch.tensor([[2.5, 3.0, 22.0, 17.25]]).expand(3, 4)
    torch.testing.assert_close(
        crop_resize(image, box[:, [2, 1, 0, 3]], (8, 9)), crop_resize(image, box, (8, 9)).flip(3)
    )
    torch.testing.assert_close(
        crop_resize(image, box[:, [0, 3, 2, 1]], (8, 9)), crop_resize(image, box, (8, 9)).flip(2)
    )


def test_a_box_inside_one_pixel_shows_that_pixel_alone():
    image = torch.arange(16.0).view(1, 1, 4, 4)
    assert crop_resize(image, torch.tensor([[2.2, 1.1, 2.8, 1.9]]), (3, 3)).unique().tolist() == [6.0]


def test_the_gradient_is_the_transpose():
    image = noise(2, 2, 7, 6).double() / 255
    box = torch.tensor([[0.5, 1.0, 5.5, 6.0], [6.0, 0.0, 1.0, 7.0]])
    pixels = image.float().requires_grad_()
    output = crop_resize(pixels, box, (3, 4))
    weight = torch.rand(output.shape, generator=torch.Generator().manual_seed(2))
    (output * weight).sum().backward()
    # Linear in the pixels: the derivative along a direction is the crop of that direction.
    direction = torch.rand(image.shape, generator=torch.Generator().manual_seed(3))
    wanted = (crop_resize(direction, box, (3, 4)) * weight).sum()
    torch.testing.assert_close((pixels.grad * direction).sum(), wanted)


def test_random_boxes_are_whole_inside_and_within_the_asked_ranges():
    extent = torch.tensor([[200, 300], [90, 64]]).repeat(2000, 1)
    left, top, right, bottom = random_boxes(extent, Draws.at(0)).unbind(1)
    wide, high = right - left, bottom - top
    for value in (left, top, right, bottom):
        assert value.equal(value.round())
    assert (left >= 0).all()
    assert (top >= 0).all()
    assert (right <= extent[:, 1]).all()
    assert (bottom <= extent[:, 0]).all()
    share = wide * high / (extent[:, 0] * extent[:, 1])
    # A rounded side of 15 pixels or more is off by 3.4 % at most, so an area is off by 7 %.
    assert share.min() > 0.08 * 0.93
    assert (wide / high).min() > 0.75 * 0.93
    assert (wide / high).max() < 4 / 3 * 1.07
    mirrored_share = (mirrored(random_boxes(extent, Draws.at(0)), Draws.at(1))[:, 0] > left).float().mean()
    assert abs(mirrored_share - 0.5) < 0.04  # 5 standard deviations


def test_random_boxes_spread_as_torchvisions():
    transforms = pytest.importorskip("torchvision.transforms")
    count = 4000
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        canvas = torch.empty(1, 120, 200)
        theirs = [transforms.RandomResizedCrop.get_params(canvas, (0.08, 1.0), (3 / 4, 4 / 3)) for _ in range(count)]
    top, left, high, wide = torch.tensor(theirs).float().unbind(1)
    ours = random_boxes(torch.tensor([[120, 200]]).expand(count, 2), Draws.at(0))
    for got, wanted in zip(ours.unbind(1), (left, top, left + wide, top + high), strict=True):
        levels = torch.linspace(0.05, 0.95, 10)
        # The standard error of these quantiles of 4000 numbers is below 1.5 pixels.
        assert (got.quantile(levels) - wanted.quantile(levels)).abs().max() < 6


@pytest.mark.parametrize(
    ("extent", "wanted"), [((10, 1000), [493, 0, 506, 10]), ((1000, 9), [0, 494, 9, 506])], ids=["wide", "high"]
)
def test_an_image_too_long_for_a_box_gives_its_largest_central_one(extent, wanted):
    assert random_boxes(torch.tensor([extent]), Draws.at(0), area=(0.5, 1.0)).tolist() == [wanted]


def test_two_processes_cut_the_boxes_of_one():
    extent = torch.tensor([[50, 60]]).expand(4, 2)
    whole = mirrored(random_boxes(extent, draws := Draws.at(5, 2)), draws)
    parts = []
    for rank in range(2):
        draws = Draws.at(5, 2, rank=rank, world_size=2)
        parts.append(mirrored(random_boxes(extent[:2], draws), draws))
    assert torch.cat(parts).equal(whole)


@pytest.mark.parametrize("layout", ["channels first", "channels last", "a part"])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_compiled_loops_give_the_pixels_of_the_batched_code(layout, channels):
    image = noise(6, channels, 40, 53).float() / 255
    if layout == "channels last":
        image = image.contiguous(memory_format=torch.channels_last)
    elif layout == "a part":
        image = image[:, :, 3:33, ::2]
    extent = torch.tensor([image.shape[2:]]).expand(6, 2)
    box = mirrored(random_boxes(extent, Draws.at(0)), Draws.at(1))
    box[0] += torch.tensor([0.3, 0.0, -0.2, -0.7])
    box[1] = torch.tensor([-5.0, -5.0, -2.0, 10.0])  # beside the image
    box[2] = torch.tensor([-3.0, 20.0, 90.0, 45.0])  # larger than the image
    for size in [(7, 61), (24, 24)]:
        batched = crop_resize(image.clone().requires_grad_(), box, size).detach()
        torch.testing.assert_close(crop_resize(image, box, size), batched, rtol=0, atol=1e-6)
