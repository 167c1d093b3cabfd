import pytest
import torch

from lessup.backbones import build


def test_drawings_become_64_numbers_and_photographs_1600():
    assert build("conv4", channels=1).shapes["conv4"] == (64, 1, 1)
    large = build("conv4-84", channels=3)
    assert large.shapes["conv4"] == (64, 5, 5)
    assert large(torch.zeros(1, 3, 84, 84)).numel() == 1600


@pytest.mark.parametrize(("channels", "wanted"), [(1, 111_936), (3, 113_088)])
def test_number_of_parameters_is_that_of_the_published_blocks(channels, wanted):
    blocks = [9 * channels * 64 + 64, *[9 * 64 * 64 + 64] * 3]  # convolutions with bias, as published
    normalised = 2 * 64 * 4
    count = sum(weight.numel() for weight in build("conv4", channels=channels).parameters())
    assert count == sum(blocks) + normalised - 4 * 64 == wanted - 4 * 64  # here batch normalisation has the only bias


def test_ink_is_1_and_paper_0():
    backbone = build("conv4", channels=1)
    assert backbone.normalised(torch.tensor([0.0, 0.25, 1.0]).view(3, 1, 1, 1)).flatten().tolist() == [1.0, 0.75, 0.0]
