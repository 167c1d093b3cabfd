"""Each change equals torchvision's where that does not clip; composed, they are one map."""

import itertools

import pytest
import torch

from lessup.transforms.colour import LUMA, Jitter, channel_map, random_map
from lessup.transforms.draws import Draws

FACTORS = {
    "brightness": torch.tensor([0.5, 0.9, 1.2, 1.5]),
    "contrast": torch.tensor([1.5, 1.2, 0.9, 0.0]),
    "saturation": torch.tensor([1.4, 0.5, 0.0, 1.1]),
    "hue": torch.tensor([-0.2, 0.1, 0.3, 0.5]),
}


def muted(batch=4, channels=3, seed=0):
    """Images so far from black and white that nothing below is clipped."""
    generator = torch.Generator().manual_seed(seed)
    return 0.35 + 0.15 * torch.rand(batch, channels, 9, 11, generator=generator)


def changed(image, **factors):
    """Apply the named changes, and none of the others."""
    one = torch.ones(len(image))
    none = {"brightness": one, "contrast": one, "saturation": one, "hue": 0 * one}
    return channel_map(image, **(none | factors))(image)


def numbers(seed, batch):
    return Draws.at(seed).uniform(batch, 6)


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_a_change_equals_torchvisions(name):
    functional = pytest.importorskip("torchvision.transforms.functional")
    image = muted()
    change = getattr(functional, f"adjust_{name}")
    pairs = zip(image, FACTORS[name].tolist(), strict=True)
    wanted = torch.stack([change(one, factor) for one, factor in pairs])
    # torchvision's shares of the channels sum to 0.9999.
    torch.testing.assert_close(changed(image, **{name: FACTORS[name]}), wanted, rtol=0, atol=2e-4)


def test_grey_equals_torchvisions():
    functional = pytest.importorskip("torchvision.transforms.functional")
    image = torch.rand(4, 3, 5, 6, generator=torch.Generator().manual_seed(0))
    wanted = functional.rgb_to_grayscale(image, 3)
    torch.testing.assert_close(changed(image, saturation=torch.zeros(4)), wanted, rtol=0, atol=2e-4)


def test_one_map_equals_the_changes_one_after_the_other_in_any_order():
    image = muted()
    composed = changed(image, **FACTORS)
    for order in itertools.permutations(FACTORS):
        stepwise = image
        for name in order:
            stepwise = changed(stepwise, **{name: FACTORS[name]})
        torch.testing.assert_close(stepwise, composed)


def test_hue_keeps_the_luma_and_greys_and_closes_the_circle():
    image = muted()
    image[:, :, 0] = image[:, :1, 0]
    luma = torch.tensor(LUMA).view(3, 1, 1)
    turned = changed(image, hue=FACTORS["hue"])
    torch.testing.assert_close((turned * luma).sum(1), (image * luma).sum(1))
    torch.testing.assert_close(turned[:, :, 0], image[:, :, 0])
    torch.testing.assert_close(changed(turned, hue=1 - FACTORS["hue"]), image)


def test_hue_turns_red_to_green_and_to_blue_as_torchvisions():
    functional = pytest.importorskip("torchvision.transforms.functional")
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    for turn in (1 / 3, -1 / 3):
        got = changed(red, hue=torch.tensor([turn])).flatten()
        assert got.argmax() == functional.adjust_hue(red, turn).flatten().argmax()


@pytest.mark.parametrize("turn", [-0.2, 0.2, 0.5])
def test_large_turns_change_muted_colours_much_as_torchvisions(turn):
    functional = pytest.importorskip("torchvision.transforms.functional")
    image = muted()
    got = changed(image, hue=torch.full((4,), turn)) - image
    wanted = functional.adjust_hue(image, turn) - image
    assert torch.cosine_similarity(got.flatten(), wanted.flatten(), dim=0) > 0.7
    assert 0.7 < got.norm() / wanted.norm() < 1.4


def test_contrast_of_other_images_is_about_the_mean_of_all_channels():
    image = muted(4, 5)
    mean, factor = image.mean((1, 2, 3), keepdim=True), FACTORS["contrast"].view(4, 1, 1, 1)
    torch.testing.assert_close(changed(image, contrast=FACTORS["contrast"]), mean + factor * (image - mean))


def test_results_are_clipped():
    image = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(changed(image, brightness=torch.full((2,), 1.8)), (1.8 * image).clamp(0, 1))


@pytest.mark.parametrize("channels", [1, 2, 3, 7])
def test_any_number_of_channels_is_jittered_as_by_the_batched_code(channels):
    image = muted(64, channels)
    got = random_map(image, Jitter(), numbers(1, 64))(image)
    assert 0 <= got.min() < got.max() <= 1
    assert 0.55 < (got != image).flatten(1).any(1).float().mean() <= 1  # 0.8 expected; 5 standard deviations
    batched = random_map(image, Jitter(), numbers(1, 64))(image.clone().requires_grad_()).detach()
    torch.testing.assert_close(got, batched, rtol=0, atol=1e-6)


def test_shares_are_those_asked_for():
    image = muted(400)
    never = random_map(image, Jitter(share=0, grey=0), numbers(0, 400))(image)
    torch.testing.assert_close(never, image)
    always_grey = random_map(image, Jitter(grey=1), numbers(0, 400))(image)
    assert (always_grey.amax(1) - always_grey.amin(1)).max() < 1e-5
    got = random_map(image, Jitter(), numbers(0, 400))(image)
    grey = ((got.amax(1) - got.amin(1)).flatten(1).amax(1) < 1e-5).float().mean()
    assert abs(grey - 0.2) < 0.1
    same = (got - image).abs().flatten(1).amax(1) < 1e-5
    assert abs(same.float().mean() - 0.2 * 0.8) < 0.09
