import pytest
import torch

from lessup.transforms.blur import gaussian_blur


def noise(batch=3, channels=2, height=31, width=26):
    return torch.rand(batch, channels, height, width, generator=torch.Generator().manual_seed(0))


def test_each_image_is_blurred_by_its_own_width_as_by_torchvision():
    functional = pytest.importorskip("torchvision.transforms.functional")
    image, sigma = noise(), torch.tensor([0.1, 0.8, 2.0])
    for reach in (1, 4, 11):
        wanted = [
            functional.gaussian_blur(one, 2 * reach + 1, width.item()) for one, width in zip(image, sigma, strict=True)
        ]
        torch.testing.assert_close(gaussian_blur(image, sigma, reach), torch.stack(wanted), rtol=0, atol=1e-6)


def test_compiled_loops_give_the_pixels_of_the_batched_code():
    image, sigma = noise(6), torch.tensor([0.0, 0.1, 0.5, 1.0, 2.0, 9.0])
    for reach in (1, 2, 3, 11, 25):
        batched = gaussian_blur(image.clone().requires_grad_(), sigma, reach).detach()
        torch.testing.assert_close(gaussian_blur(image, sigma, reach), batched, rtol=0, atol=1e-6)


def test_a_width_of_zero_changes_nothing():
    image = noise()
    assert gaussian_blur(image, torch.zeros(3), 5).equal(image)


def test_a_single_point_becomes_the_bell_curve():
    image = torch.zeros(1, 1, 21, 21)
    image[0, 0, 10, 10] = 1
    got = gaussian_blur(image, torch.tensor([1.5]), 8)[0, 0]
    ratio = got[10, 13] / got[10, 10]
    torch.testing.assert_close(ratio, torch.tensor(-(3**2) / (2 * 1.5**2)).exp())
    torch.testing.assert_close(got.sum(), torch.tensor(1.0))
    torch.testing.assert_close(got, got.T)


def test_a_plain_image_stays_plain_to_its_border():
    torch.testing.assert_close(
        gaussian_blur(torch.full((1, 1, 12, 12), 0.7), torch.tensor([3.0]), 9), torch.full((1, 1, 12, 12), 0.7)
    )
