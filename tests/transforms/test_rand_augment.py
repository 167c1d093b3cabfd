import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps

from lessup.transforms import rand_augment as ra
from lessup.transforms.draws import Draws


@pytest.fixture
def pixels():
    """Three colour images of 20 x 24 pixels, uint8, with smooth and rough parts."""
    random = np.random.default_rng(0)
    smooth = np.add.outer(np.arange(20) * 5, np.arange(24) * 4)[:, :, None] + np.array([0, 20, 50])
    return np.stack([(smooth + random.integers(0, 1 + 40 * n, (20, 24, 3))).clip(0, 255) for n in range(3)]).astype(
        np.uint8
    )


def as_tensor(pixels):
    return torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).float() / 255


def by_pillow(pixels, change):
    return torch.stack([as_tensor(np.asarray(change(Image.fromarray(one)))[None])[0] for one in pixels])


@pytest.mark.parametrize(
    ("operation", "strength", "change", "tolerance"),
    [
        (ra.autocontrast, 0.5, ImageOps.autocontrast, 1.01),
        (ra.brightness, 0.4, lambda image: ImageEnhance.Brightness(image).enhance(0.4), 1.01),
        (ra.colour, 0.3, lambda image: ImageEnhance.Color(image).enhance(0.3), 1.51),
        (ra.contrast, 0.3, lambda image: ImageEnhance.Contrast(image).enhance(0.3), 1.51),
        (ra.equalize, 0.5, ImageOps.equalize, 0.01),
        (ra.posterize, 4.6, lambda image: ImageOps.posterize(image, 4), 0.01),
        (ra.sharpness, 0.2, lambda image: ImageEnhance.Sharpness(image).enhance(0.2), 1.51),
        (ra.solarize, 100 / 255, lambda image: ImageOps.solarize(image, 100), 0.01),
        (ra.identity, 0.5, lambda image: image, 0.01),
    ],
)
def test_operations_on_values_are_pillows_up_to_its_rounding(pixels, operation, strength, change, tolerance):
    found = operation(as_tensor(pixels), torch.full((3,), strength))
    assert (255 * (found - by_pillow(pixels, change))).abs().max() < tolerance


@pytest.mark.parametrize(
    ("operation", "strength", "data"),
    [
        (ra.shear_x, 0.25, lambda w, h: (1, 0.25, -0.25 * h / 2, 0, 1, 0)),
        (ra.shear_y, -0.2, lambda w, h: (1, 0, 0, -0.2, 1, 0.2 * w / 2)),
        (ra.translate_x, 0.25, lambda w, h: (1, 0, 0.25 * w, 0, 1, 0)),
        (ra.translate_y, -0.2, lambda w, h: (1, 0, 0, 0, 1, -0.2 * h)),
    ],
)
def test_operations_on_places_are_pillows_affine_maps(pixels, operation, strength, data):
    found = operation(as_tensor(pixels), torch.full((3,), strength))
    bilinear = Image.Resampling.BILINEAR
    wanted = by_pillow(pixels, lambda one: one.transform(one.size, Image.Transform.AFFINE, data(*one.size), bilinear))
    inside = (slice(None), slice(None), slice(2, -2), slice(8, -8))  # at borders Pillow does not mix with black
    if operation in (ra.translate_x, ra.translate_y):
        inside = (slice(None), slice(None), slice(5, -5), slice(7, -7))
    assert (255 * (found - wanted)[inside]).abs().max() < 1.51


def test_rotation_is_pillows_counterclockwise(pixels):
    found = ra.rotate(as_tensor(pixels), torch.full((3,), 25.0))
    wanted = by_pillow(pixels, lambda image: image.rotate(25, Image.Resampling.BILINEAR))
    assert (255 * (found - wanted)[:, :, 7:-7, 7:-7]).abs().max() < 1.51


def test_each_image_has_a_strength_of_its_own(pixels):
    image = as_tensor(pixels)
    together = ra.rotate(image, torch.tensor([0.0, 10.0, -30.0]))
    alone = [ra.rotate(image[n : n + 1], torch.tensor([degrees])) for n, degrees in enumerate((0.0, 10.0, -30.0))]
    torch.testing.assert_close(together, torch.cat(alone))
    torch.testing.assert_close(together[0], image[0], atol=1e-5, rtol=0)


def test_changes_repeat_with_the_seed_and_differ_with_another(pixels):
    image = as_tensor(pixels)
    first, again, other = (ra.rand_augment(image, Draws.at(seed)) for seed in (3, 3, 4))
    assert first.equal(again)
    assert not first.equal(other)
    assert 0 <= first.min() <= first.max() <= 1
    assert ra.rand_augment(image, Draws.at(3), operations=0).equal(image)


def test_one_operation_is_the_drawn_one_with_a_strength_in_its_range():
    image = torch.rand(400, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    found = ra.rand_augment(image, Draws.at(5), operations=1)
    draws = Draws.at(5)
    kind, share = draws.integers(0, len(ra.OPERATIONS), 400, 1), draws.uniform(400, 1)
    assert set(kind[:, 0].tolist()) == set(range(len(ra.OPERATIONS)))
    for number in range(50):
        operation = ra.OPERATIONS[int(kind[number])]
        strength = operation.low + (operation.high - operation.low) * share[number]
        wanted = operation.apply(image[number : number + 1], strength).clamp(0, 1)
        torch.testing.assert_close(found[number : number + 1], wanted)


def test_cut_squares_are_grey_and_their_sides_are_even_up_to_half_of_the_image():
    hole = ra.cut_out(torch.zeros(4000, 2, 32, 40), Draws.at(0)) == ra.GREY
    assert hole[:, 0].equal(hole[:, 1])
    rows, columns = hole[:, 0].any(2).sum(1), hole[:, 0].any(1).sum(1)
    assert rows.max() == columns.max() == 16
    assert hole[:, 0].flatten(1).sum(1).equal(rows * columns)
    assert ra.cut_out(torch.ones(5, 1, 8, 8), Draws.at(0), largest=0.0).equal(torch.ones(5, 1, 8, 8))
    inner = rows[rows > 0].float().mean()
    assert inner == pytest.approx(8, abs=0.7)  # the border takes a little off
