"""Mean field equals plain loops, pydensecrf2 where it is installed, and itself in every way that it is computed."""

import math

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from lessup.errors import DataError, ShapeError, UsageError
from lessup.masks import dense_crf as module
from lessup.masks.dense_crf import FINAL, SEED, DenseCRFConfig, dense_crf, for_size

NEAR = DenseCRFConfig(
    bilateral_weight=2.0, sigma_xy=3.0, sigma_rgb=60.0, gaussian_weight=1.0, sigma=1.5, num_iterations=4
)


def example(batch=1, classes=3, size=(6, 7), channels=3, seed=0):
    """Return noisy energies and noisy images of two halves."""
    generator = torch.Generator().manual_seed(seed)
    energy = 2 * torch.randn(batch, classes, *size, generator=generator)
    image = 60.0 + 15 * torch.randn(batch, channels, *size, generator=generator)
    image[..., size[1] // 2 :] += 90
    return energy, image.clamp(0, 255).round()


def photograph(size):
    image = torch.from_numpy(astronaut()).permute(2, 0, 1)[None, :, ::2, ::2].float()
    return torch.nn.functional.interpolate(image, size=size, mode="area").round()


def kernel(feature):
    """Return the (N, N) Gaussians of the distances of (N, D) features, in plain loops."""
    return torch.tensor([[math.exp(-float(((a - b) ** 2).sum()) / 2) for b in feature] for a in feature]).double()


def lattice_kernel(feature):
    """Return the same as the lattice approximates it."""
    return module.Lattice.around(feature).filter(torch.eye(len(feature), dtype=torch.float64))


def mean_field(energy, image, config, kernel):
    """Update (K, N) probabilities pixel by pixel: algorithm 1 with full matrices."""
    classes, height, width = energy.shape
    place = torch.tensor([[x, y] for y in range(height) for x in range(width)]).double()
    colour = image.double().flatten(1).T
    matrix = torch.zeros(len(place), len(place), dtype=torch.float64)
    for weight, feature in (
        (config.bilateral_weight, torch.cat([place / config.sigma_xy, colour / config.sigma_rgb], 1)),
        (config.gaussian_weight, place / config.sigma),
    ):
        one = kernel(feature)
        mass = one.sum(1)
        matrix += weight * one / (mass[:, None] * mass).sqrt()
    unary = energy.double().flatten(1)
    q = torch.zeros(classes, len(place), dtype=torch.float64)
    for iteration in range(config.num_iterations + 1):
        old = q.clone()
        for pixel in range(len(place)):
            score = -unary[:, pixel] + (old @ matrix[pixel] if iteration else 0)
            q[:, pixel] = score.exp() / score.exp().sum()
    return q.view(classes, height, width)


def test_float64_equals_plain_loops_on_the_matrix_of_the_lattice():
    energy, image = example()
    wanted = mean_field(energy[0], image[0], NEAR, lattice_kernel)
    torch.testing.assert_close(dense_crf(energy.double(), image, NEAR)[0], wanted, rtol=0, atol=1e-10)


def test_exact_kernels_in_plain_loops_come_near():
    energy, image = example(size=(8, 9))
    wanted = mean_field(energy[0], image[0], NEAR, kernel)
    got = dense_crf(energy, image, NEAR)[0]
    done = (energy.neg().softmax(1)[0] - wanted).abs().mean()
    assert done > 0.05
    assert (got - wanted).abs().mean() < 0.1 * done


@pytest.mark.parametrize("config", [FINAL, SEED, NEAR], ids=["final", "seed", "near"])
@pytest.mark.parametrize(
    ("classes", "size", "channels"), [(21, (40, 50), 3), (1, (5, 5), 3), (2, (30, 31), 1), (9, (12, 9), 6)]
)
def test_loops_equal_float64_tensors(config, classes, size, channels):
    energy, image = example(2, classes, size, channels)
    exact = dense_crf(energy.double(), image, config)
    error = (dense_crf(energy, image, config) - exact).abs()
    assert error.mean() < 1e-6
    assert error.max() < 1e-3  # a point on the border of two simplices may fall to either


def test_float32_tensors_equal_the_loops(monkeypatch):
    energy, image = example(2, 5, (33, 21))
    loops = dense_crf(energy, image)
    monkeypatch.setattr(module, "loops_suit", lambda _: False)
    torch.testing.assert_close(dense_crf(energy, image), loops, rtol=0, atol=5e-5)
    assert (dense_crf(energy, image) - loops).abs().mean() < 1e-6


@pytest.mark.parametrize("preset", [FINAL, SEED], ids=["final", "seed"])
def test_equals_pydensecrf2_on_a_photograph(preset):
    other = pytest.importorskip("pydensecrf.densecrf", reason="pydensecrf2 is not installed")
    height, width, classes = 120, 150, 21
    image = photograph((height, width))
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(1, classes, 8, 10, generator=generator)
    score = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    energy = -torch.log_softmax(3 * score + torch.randn(score.shape, generator=generator), 1)
    crf = other.DenseCRF2D(width, height, classes)
    crf.setUnaryEnergy(energy[0].flatten(1).numpy())
    crf.addPairwiseGaussian(sxy=preset.sigma, compat=preset.gaussian_weight)
    pixels = np.ascontiguousarray(image[0].permute(1, 2, 0).byte().numpy())
    crf.addPairwiseBilateral(sxy=preset.sigma_xy, srgb=preset.sigma_rgb, rgbim=pixels, compat=preset.bilateral_weight)
    wanted = torch.from_numpy(np.array(crf.inference(preset.num_iterations))).view(classes, height, width)
    got = dense_crf(energy, image, preset)[0]
    assert (got.argmax(0) == wanted.argmax(0)).double().mean() > 0.999
    assert (got - wanted).abs().mean() < 1e-4
    assert (got.argmax(0) != energy[0].argmin(0)).double().mean() > 0.05  # it moved borders


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_weights_or_iterations_it_is_the_softmax(dtype):
    energy, image = example(2, 4)
    energy = energy.to(dtype)
    for config in (DenseCRFConfig(bilateral_weight=0, gaussian_weight=0), DenseCRFConfig(num_iterations=0)):
        torch.testing.assert_close(dense_crf(energy, image, config), torch.softmax(-energy, 1))


@pytest.mark.parametrize("left_out", ["bilateral_weight", "gaussian_weight"])
def test_either_kernel_can_be_left_out(left_out):
    energy, image = example()
    without = DenseCRFConfig(**{left_out: 0.0})
    faint = DenseCRFConfig(**{left_out: 1e-7})
    torch.testing.assert_close(dense_crf(energy, image, without), dense_crf(energy, image, faint), rtol=0, atol=1e-5)
    assert (dense_crf(energy, image, without) - dense_crf(energy, image)).abs().max() > 0.01


def test_classes_may_come_in_any_order():
    energy, image = example(classes=11)
    order = torch.randperm(11, generator=torch.Generator().manual_seed(0))
    moved = dense_crf(energy[:, order], image, NEAR)
    torch.testing.assert_close(moved, dense_crf(energy, image, NEAR)[:, order], rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_batch_equals_its_images_one_by_one(dtype):
    energy, image = example(3, 4, (15, 16))
    energy = energy.to(dtype)
    alone = torch.cat([dense_crf(energy[n : n + 1], image[n : n + 1], NEAR) for n in range(3)])
    torch.testing.assert_close(dense_crf(energy, image, NEAR), alone, rtol=0, atol=1e-6)


def test_threads_change_nothing():
    energy, image = example(3, 4, (15, 16))
    alone, threads = dense_crf(energy, image), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert dense_crf(energy, image).equal(alone)
    finally:
        torch.set_num_threads(threads)


def test_a_pixel_against_all_others_of_its_colour_gives_in():
    energy = torch.zeros(1, 2, 9, 9)
    energy[:, 1] = 1
    energy[0, :, 4, 4] = torch.tensor([0.5, 0.0])
    assert (dense_crf(energy, torch.full((1, 3, 9, 9), 80.0)).argmax(1) == 0).all()


def test_equal_energies_on_an_equal_image_stay_equal():
    energy = torch.tensor([0.3, 1.0, 2.0])[None, :, None, None].expand(1, 3, 8, 8)
    result = dense_crf(energy, torch.full((1, 1, 8, 8), 200.0), DenseCRFConfig(gaussian_weight=0))
    assert (result.argmax(1) == 0).all()
    torch.testing.assert_close(result.sum(1), torch.ones(1, 8, 8))


@pytest.mark.parametrize(
    ("classes", "size", "channels"),
    [(255, (7, 9), 3), (1, (4, 4), 1), (3, (1, 40), 3), (3, (40, 1), 5), (2, (1, 1), 3)],
)
def test_images_of_any_shape_and_number_of_classes_pass(classes, size, channels):
    energy, image = example(1, classes, size, channels)
    result = dense_crf(energy, image)
    torch.testing.assert_close(result.sum(1), torch.ones(1, *size))
    assert result.min() >= 0


def test_no_images_give_no_probabilities():
    assert dense_crf(torch.zeros(0, 3, 4, 4), torch.zeros(0, 3, 4, 4)).shape == (0, 3, 4, 4)


def test_energies_far_apart_do_not_overflow():
    energy, image = example(1, 3, (6, 6))
    result = dense_crf(1e30 * energy, image)
    torch.testing.assert_close(result, torch.nn.functional.one_hot(energy.argmin(1), 3).movedim(3, 1).float())


def test_bytes_halves_and_strided_tensors_give_the_same():
    energy, image = example(2, 3, (10, 12))
    wanted = dense_crf(energy, image, NEAR)
    assert dense_crf(energy, image.byte(), NEAR).equal(wanted)
    rows = energy.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    assert dense_crf(rows.requires_grad_(), image.mT.contiguous().mT, NEAR).equal(wanted)
    half = dense_crf(energy.half(), image, NEAR)
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.float(), wanted, rtol=0, atol=0.01)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_energies_that_are_not_finite_are_refused(value):
    energy, image = example()
    energy[0, 1, 2, 3] = value
    with pytest.raises(DataError, match=r"1 of 126 energies .* wanted finite ones.*clamp"):
        dense_crf(energy, image)


def test_colours_that_are_not_finite_or_in_the_unit_interval_are_refused():
    energy, image = example()
    with pytest.raises(DataError, match="multiply them by 255"):
        dense_crf(energy, image / 255)
    image[0, 0, 0, 0] = math.nan
    with pytest.raises(DataError, match="NaN or infinite colours"):
        dense_crf(energy, image)


@pytest.mark.parametrize(
    ("energy", "image", "told"),
    [
        ((2, 5, 5), (1, 3, 5, 5), "floating .B, K, H, W."),
        ((1, 0, 5, 5), (1, 3, 5, 5), "floating .B, K, H, W."),
        ((1, 2, 5, 5), (1, 5, 5), "axis of channels"),
        ((1, 2, 5, 5), (1, 0, 5, 5), "C at least 1"),
        ((1, 2, 5, 5), (1, 3, 5, 6), "resize the energies"),
        ((1, 2, 5, 5), (2, 3, 5, 5), "equal B, H, W"),
    ],
)
def test_other_shapes_are_refused(energy, image, told):
    with pytest.raises(ShapeError, match=told):
        dense_crf(torch.zeros(energy), torch.zeros(image))


def test_labels_for_energies_are_refused():
    with pytest.raises(ShapeError, match="int64"):
        dense_crf(torch.zeros(1, 2, 3, 3, dtype=torch.int64), torch.zeros(1, 3, 3, 3))


@pytest.mark.parametrize(
    ("name", "value"),
    [("sigma", 0.0), ("sigma_xy", -1.0), ("bilateral_weight", -1.0), ("num_iterations", -1), ("sigma_rgb", math.nan)],
)
def test_settings_without_a_meaning_are_refused(name, value):
    with pytest.raises(UsageError, match=f"{name} = "):
        DenseCRFConfig(**{name: value})


def test_a_standard_deviation_of_nearly_0_is_refused():
    energy, image = example()
    with pytest.raises(DataError, match="raise the standard deviation"):
        dense_crf(energy, image, DenseCRFConfig(sigma_rgb=1e-7))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same():
    energy, image = example(2, 21, (60, 70))
    got = dense_crf(energy.cuda(), image.cuda())
    torch.testing.assert_close(got.cpu(), dense_crf(energy, image), rtol=0, atol=1e-4)
    assert dense_crf(energy.cuda(), image.cuda()).equal(got)


def test_settings_for_another_size_give_the_same_labels_on_an_enlarged_image():
    generator = np.random.default_rng(3)
    energy = torch.from_numpy(generator.normal(size=(1, 2, 20, 25))).float()
    image = torch.from_numpy(generator.integers(0, 255, (1, 3, 20, 25))).float()
    config = DenseCRFConfig(sigma_xy=200, sigma=60, sigma_rgb=60)
    small = dense_crf(energy, image, for_size(config, (20, 25)))
    double = [each.repeat_interleave(2, 2).repeat_interleave(2, 3) for each in (energy, image)]
    large = dense_crf(*double, for_size(config, (40, 50)))
    # four times as many pixels pull, and each is normalised by as many: the same but for the grid of the lattice
    assert (large[:, :, ::2, ::2].argmax(1) == small.argmax(1)).float().mean() > 0.97
    assert for_size(config, (500, 20)) == config
