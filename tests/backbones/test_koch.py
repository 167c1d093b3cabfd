import pytest
import torch

from lessup.backbones import build


def test_maps_are_those_of_the_published_figure():
    shapes = build("koch", channels=1).shapes
    assert shapes == {
        "conv1": (64, 48, 48),
        "conv2": (128, 21, 21),
        "conv3": (128, 9, 9),
        "conv4": (256, 6, 6),
        "fc": (4096,),
    }


def test_number_of_parameters_is_that_of_the_published_layers():
    count = sum(weight.numel() for weight in build("koch", channels=1).parameters())
    assert count == 38_951_745 - 4097  # the published siamese net without the layer that weighs differences


def test_first_weights_have_the_published_spreads():
    torch.manual_seed(0)
    stages = build("koch", channels=1).stages
    for name, index, std in (("conv1", 0, 0.01), ("conv4", 0, 0.01), ("fc", 1, 0.2)):
        layer = stages[name][index]
        assert layer.weight.std().item() == pytest.approx(std, rel=0.05)
        assert layer.weight.mean().abs().item() < 0.05 * std
        assert layer.bias.mean().item() == pytest.approx(0.5, abs=0.005)
        assert layer.bias.std().item() == pytest.approx(0.01, rel=0.3)


def test_small_one_is_for_the_same_drawings():
    assert build("koch-small", channels=1).shapes["fc"] == (1024,)
