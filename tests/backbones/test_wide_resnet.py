import pytest
import torch
from torch.nn import functional as F

from lessup import backbones


def test_parameters_are_those_of_the_published_network_without_its_classifier():
    network = backbones.build("wide-resnet-28-2", channels=3)
    assert sum(weight.numel() for weight in network.parameters()) == 1_467_610 - 1_290
    assert network.shapes["pool"] == (128,)
    assert [network.shapes[f"group{number}"] for number in (1, 2, 3)] == [(32, 32, 32), (64, 16, 16), (128, 8, 8)]


@torch.no_grad()
def test_a_unit_is_the_equation_of_the_paper():
    torch.manual_seed(0)
    network = backbones.build("wide-resnet-28-2", channels=3).eval()
    x = torch.rand(2, 3, 32, 32)
    found = network.features(x, ("stem", "group1", "group2"))

    def rectified(value):
        return F.leaky_relu(value / (1 + 1e-5) ** 0.5, 0.1)  # statistics are 0 and 1, gain and bias 1 and 0

    opening, *others = network.stages["group1"]
    h = rectified(found["stem"])
    h = opening.shortcut(h) + opening.conv2(rectified(opening.conv1(h)))
    for unit in others:
        h = h + unit.conv2(rectified(unit.conv1(rectified(h))))
    torch.testing.assert_close(found["group1"], h)
    opening = network.stages["group2"][0]
    h = opening.shortcut(h) + opening.conv2(rectified(opening.conv1(rectified(h))))
    assert h.shape == (2, 64, 16, 16)


def test_first_weights_have_the_spread_of_the_released_code():
    torch.manual_seed(0)
    convolution = backbones.build("wide-resnet-28-2", channels=3).stages["group3"][1].conv1
    assert convolution.weight.std().item() == pytest.approx((2 / (9 * 128)) ** 0.5, rel=0.02)
