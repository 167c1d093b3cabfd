"""What hides colours, against plain loops and by what it must not let through."""

import numpy as np
import pytest
import torch

from lessup.transforms.draws import Draws
from lessup.transforms.patch_colour import NOISE, RMS, drop_colours, equal_rms, project_colours, turn_channels


def test_one_channel_is_kept_less_its_mean_and_the_others_are_faint_noise():
    patches = torch.rand(40, 9, 3, 12, 12)
    dropped = drop_colours(patches, Draws.at(0))
    kept = dropped.abs().amax((3, 4)) > NOISE  # (B, P, C)
    assert (kept.sum(2) == 1).all()
    wanted = patches.double() - patches.double().mean((3, 4), keepdim=True)
    torch.testing.assert_close(dropped[kept].double(), wanted[kept], rtol=0, atol=1e-6)
    noise = dropped[~kept]
    assert noise.abs().max() <= NOISE
    assert noise.mean().abs() < NOISE / 100
    assert noise.std().item() == pytest.approx(2 * NOISE / 12**0.5, rel=0.02)
    np.testing.assert_allclose(kept.float().mean((0, 1)), 1 / 3, atol=0.08)


def test_what_is_dropped_leaves_no_trace():
    patches = torch.rand(2, 9, 3, 8, 8)
    dropped = drop_colours(patches, Draws.at(0))
    kept = (dropped.abs().amax((3, 4), keepdim=True) > NOISE).expand_as(patches)
    other = torch.where(kept, patches, torch.rand(2, 9, 3, 8, 8))
    assert drop_colours(other, Draws.at(0)).equal(dropped)


def test_projection_equals_the_matrix_of_the_paper_and_hides_green_against_magenta():
    patches = torch.rand(2, 4, 3, 5, 5)
    axis = np.array([[-1.0, 2.0, -1.0]])
    matrix = np.eye(3) - axis.T @ axis / (axis @ axis.T)
    wanted = np.einsum("dc,bpchw->bpdhw", matrix, patches.numpy())
    np.testing.assert_allclose(project_colours(patches), wanted, atol=1e-6)
    tinted = patches + torch.rand(2, 4, 1, 5, 5) * torch.tensor([-1.0, 2.0, -1.0]).view(3, 1, 1)
    torch.testing.assert_close(project_colours(tinted), project_colours(patches), rtol=0, atol=1e-5)
    grey = torch.rand(2, 4, 1, 5, 5).expand(2, 4, 3, 5, 5)
    torch.testing.assert_close(project_colours(grey), grey)


def test_all_patches_get_one_root_mean_square_and_a_flat_one_stays_near_0():
    patches = torch.randn(3, 4, 3, 6, 6) * torch.logspace(-2, 2, 4)[:, None, None, None]
    scaled = equal_rms(patches)
    np.testing.assert_allclose(np.sqrt(np.mean(scaled.numpy() ** 2, axis=(2, 3, 4))), RMS, rtol=1e-5)
    torch.testing.assert_close(scaled / RMS, patches / patches.square().mean((2, 3, 4), keepdim=True).sqrt())
    assert equal_rms(torch.zeros(1, 1, 3, 6, 6)).equal(torch.zeros(1, 1, 3, 6, 6))


def test_no_channel_stays_in_its_place_and_both_turns_occur():
    image = torch.rand(200, 3, 2, 2)
    turned = turn_channels(image, Draws.at(0))
    by_one, by_two = (turned == image.roll(-by, 1) for by in (1, 2))
    by_one, by_two = by_one.all(3).all(2).all(1), by_two.all(3).all(2).all(1)
    assert (by_one ^ by_two).all()
    assert by_one.float().mean().item() == pytest.approx(0.5, abs=0.15)
    two = torch.rand(4, 2, 3, 3)
    assert turn_channels(two, Draws.at(0)).equal(two.flip(1))
