"""A segmenter of one class says how likely each pixel belongs to an object."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lessup.errors import DataError, UsageError
from lessup.masks.network_saliency import network_saliency, saliency_network
from lessup.methods.deeplab import DeepLab, DeepLabConfig
from lessup.methods.supervised import Supervised, SupervisedConfig

SMALL = {"backbone": "alexnet-small", "width": 16, "reach": 2, "crop": 65}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DeepLab(DeepLabConfig(**SMALL, num_classes=1)).eval()


def pixels(height, width):
    return np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("size", [(65, 65), (40, 64), (1, 9), (30, 20)])
def test_image_that_fits_is_looked_at_as_it_is(network, size):
    image = pixels(*size)
    batch = {"image": torch.from_numpy(image).permute(2, 0, 1)[None] / 255, "extent": torch.tensor([size])}
    with torch.no_grad():
        wanted = 1 - network.probabilities(batch)[0, 0]
    np.testing.assert_allclose(network_saliency(network, image), wanted.numpy(), atol=1e-6)


def test_larger_image_is_shrunk_until_it_fits(network):
    image = pixels(100, 130)
    whole = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    small = F.interpolate(whole, (50, 65), mode="bilinear", antialias=True)
    with torch.no_grad():
        likely = 1 - network.probabilities({"image": small, "extent": torch.tensor([[50, 65]])})[:, :1]
    wanted = F.interpolate(likely, (100, 130), mode="bilinear")[0, 0].numpy()
    found = network_saliency(network, image)
    assert found.shape == (100, 130)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert 0 <= found.min() < found.max() <= 1


def test_an_image_many_times_as_long_as_wide_passes(network):
    assert network_saliency(network, pixels(1, 400)).shape == (1, 400)


def test_runs_that_tell_no_foreground_are_refused(network):
    assert saliency_network(network, "runs/boxes") is network
    with pytest.raises(UsageError, match=r"runs/other tells no foreground: wanted a run of .*--masks boxes"):
        saliency_network(DeepLab(DeepLabConfig(**SMALL, num_classes=2)), "runs/other")
    with pytest.raises(UsageError, match="tells no foreground"):
        saliency_network(Supervised(SupervisedConfig(backbone="alexnet-small", num_classes=1)), "runs/other")
    with pytest.raises(DataError, match="reads 1 channels: wanted colours"):
        saliency_network(DeepLab(DeepLabConfig(**SMALL, num_classes=1, channels=1)), "runs/grey")
