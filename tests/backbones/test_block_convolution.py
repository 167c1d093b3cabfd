import pytest
import torch
from torch.nn import functional as F

from lessup.backbones.block_convolution import block_conv3d, block_conv_transpose3d

CONVOLUTIONS = [(1, 3, 12, 9, 3), (1, 4, 8, 5, 2), (2, 3, 6, 4, 2), (2, 2, 4, 3, 1)]
TRANSPOSED = [(4, 1, 3, 6, 3), (2, 3, 4, 4, 2), (3, 2, 2, 2, 2), (2, 2, 3, 3, 1)]


def random(*shape):
    return torch.rand(shape, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(("inputs", "outputs", "side", "kernel", "stride"), CONVOLUTIONS)
def test_block_convolution_and_its_gradients_equal_the_plain_one(inputs, outputs, side, kernel, stride):
    x, weight, bias = random(2, inputs, side, side, side), random(outputs, inputs, *[kernel] * 3), random(outputs)
    assert_same(block_conv3d(x, weight, bias, stride=stride), F.conv3d(x, weight, bias, stride), (x, weight, bias))


@pytest.mark.parametrize(("inputs", "outputs", "side", "kernel", "stride"), TRANSPOSED)
def test_transposed_block_convolution_and_its_gradients_equal_the_plain_one(inputs, outputs, side, kernel, stride):
    x, weight, bias = random(2, inputs, side, side, side), random(inputs, outputs, *[kernel] * 3), random(outputs)
    plain = F.conv_transpose3d(x, weight, bias, stride)
    assert_same(block_conv_transpose3d(x, weight, bias, stride=stride), plain, (x, weight, bias))


def test_one_cell_lights_its_kernel_block():
    weight = torch.arange(27.0).reshape(1, 1, 3, 3, 3)
    x = torch.zeros(1, 1, 2, 2, 2)
    x[0, 0, 1, 0, 1] = 1
    lit = block_conv_transpose3d(x, weight, torch.zeros(1), stride=3)
    assert lit[0, 0, 3:, :3, 3:].equal(weight[0, 0])
    assert lit.sum() == weight.sum()


def assert_same(ours, plain, leaves):
    torch.testing.assert_close(ours, plain)
    upstream = torch.rand_like(plain)
    for mine, theirs in zip(
        torch.autograd.grad(ours, leaves, upstream), torch.autograd.grad(plain, leaves, upstream), strict=True
    ):
        torch.testing.assert_close(mine, theirs)
