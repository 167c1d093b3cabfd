import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lessup import backbones
from lessup.backbones import Backbone

COUNTS = {
    # Caffe's reference model has 60,965,224 parameters, of which fc8 has 4096 * 1000 + 1000.
    "alexnet-caffe": 60_965_224 - 4_097_000,
    "alexnet-triplets": 60_965_224 - 4_097_000 - 4097 * (4096 - 1024),
    # A gain and a bias of every channel in place of the layer's bias.
    "alexnet-caffe-norm": 60_965_224 - 4_097_000 + (96 + 256 + 384 + 384 + 256 + 4096 + 4096),
    # conv1 and conv2 with bias, conv3 to conv5 and fc6 (on 3 x 3 x 256) without.
    "alexnet-context": 34_944 + 614_656 + 884_736 + 1_327_104 + 884_736 + 9_437_184,
    "alexnet-context-encoder": 34_944 + 307_456 + 885_120 + 663_936 + 442_624,
    # conv1 with bias; the others in two groups where 2, 4, 5, each with gain and bias.
    "alexnet-bigan": 34_944 + (307_200 + 512) + (884_736 + 768) + (663_552 + 768) + (442_368 + 512),
}

MAPS = {
    "alexnet-caffe": {"conv1": 55, "conv2": 27, "conv3": 13, "conv5": 13, "pool5": 6},
    "alexnet-triplets": {"conv1": 55, "conv2": 27, "conv3": 13, "conv5": 13, "pool5": 6},
    "alexnet-caffe-norm": {"conv1": 55, "conv2": 27, "conv3": 13, "conv5": 13, "pool5": 6},
    "alexnet-context": {"conv1": 24, "conv2": 12, "conv3": 6, "conv5": 6, "pool5": 3},
    "alexnet-context-encoder": {"conv1": 55, "conv2": 27, "conv3": 13, "conv5": 13, "pool5": 6},
    "alexnet-bigan": {"conv1": 28, "conv2": 14, "conv3": 7, "conv5": 7, "pool5": 4},
    "alexnet-bigan-64": {"conv1": 16, "conv2": 8, "conv3": 4, "conv5": 4, "pool5": 2},
    "alexnet-small": {"conv1": 32, "conv2": 16, "conv3": 8, "conv5": 8, "pool5": 4},
    "alexnet-small-plain": {"conv1": 32, "conv2": 16, "conv3": 8, "conv5": 8, "pool5": 4},
}


@pytest.fixture(scope="module")
def built() -> dict[str, Backbone]:
    torch.manual_seed(0)
    return {name: backbones.build(name, channels=3).eval() for name in MAPS}


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_are_as_many_as_counted_by_hand(built, name):
    assert sum(p.numel() for p in built[name].parameters()) == COUNTS[name]


@pytest.mark.parametrize("name", MAPS)
def test_maps_have_the_sides_of_the_paper_and_max5_follows_conv5(built, name):
    shapes = built[name].shapes
    assert {layer: shapes[layer][1] for layer in MAPS[name]} == MAPS[name]
    assert shapes["max5"] == shapes["conv5"][:1]


@torch.no_grad()
def test_caffe_equals_its_prototxt_written_out(built):
    net, x = built["alexnet-caffe"], torch.rand(1, 3, 227, 227)
    with_weights = [module for module in net.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    w = [(module.weight, module.bias) for module in with_weights]
    out = F.relu(F.conv2d(x, *w[0], stride=4))
    out = response(F.max_pool2d(out, 3, 2))
    out = F.relu(F.conv2d(out, *w[1], padding=2, groups=2))
    out = response(F.max_pool2d(out, 3, 2))
    out = F.relu(F.conv2d(out, *w[2], padding=1))
    out = F.relu(F.conv2d(out, *w[3], padding=1, groups=2))
    out = F.relu(F.conv2d(out, *w[4], padding=1, groups=2))
    found = net.features(x, ("max5", "fc7"))
    torch.testing.assert_close(found["max5"], out.amax((2, 3)))
    out = F.relu(F.linear(F.max_pool2d(out, 3, 2).flatten(1), *w[5]))
    torch.testing.assert_close(found["fc7"], F.relu(F.linear(out, *w[6])))


def response(x: torch.Tensor) -> torch.Tensor:
    """Divide by (1 + 1e-4 / 5 * sum of squares over 5 neighbouring channels) ** 0.75, in plain loops."""
    values, divisor = x.double().numpy(), np.zeros(x.shape)
    for channel in range(x.shape[1]):
        near = values[:, max(channel - 2, 0) : channel + 3]
        divisor[:, channel] = (1 + 1e-4 / 5 * (near**2).sum(1)) ** 0.75
    return torch.from_numpy(values / divisor).float()


def test_context_normalises_before_the_rectifier_without_gain_and_leaves_conv1_and_conv2(built):
    norms = {name: [m for m in stage if "BatchNorm" in type(m).__name__] for name, stage in chain(built).items()}
    assert [name for name, found in norms.items() if found] == ["conv3", "conv4", "conv5", "fc6"]
    assert all(norm.weight is None and norm.bias is None for found in norms.values() for norm in found)
    assert [type(m).__name__ for m in chain(built)["fc6"]] == ["Flatten", "Linear", "BatchNorm1d", "ReLU"]


def chain(built) -> dict[str, list[nn.Module]]:
    return {name: list(stage.children()) for name, stage in built["alexnet-context"].stages.items()}


def test_bigan_lets_a_fifth_of_negative_values_through(built):
    conv1 = built["alexnet-bigan"].stages["conv1"]
    x = torch.randn(1, 3, 112, 112)
    linear = conv1.get_submodule("conv")(x)
    torch.testing.assert_close(conv1(x), torch.where(linear > 0, linear, 0.2 * linear))


def test_first_weights_have_the_spread_of_the_papers(built):
    def spread(name: str, layer: str) -> float:
        return built[name].get_parameter(f"stages.{layer}.weight").std().item()

    assert spread("alexnet-caffe", "conv3.conv") == pytest.approx(0.01, rel=0.01)
    assert spread("alexnet-caffe", "fc6.linear") == pytest.approx(0.005, rel=0.01)
    assert spread("alexnet-context", "fc6.linear") == pytest.approx(2304**-0.5, rel=0.01)
    assert spread("alexnet-bigan", "conv2.conv") == pytest.approx(0.02, rel=0.01)
    assert spread("alexnet-small", "conv3.conv") == pytest.approx((2 / 864) ** 0.5, rel=0.01)
    biases = {name: built["alexnet-caffe"].stages[name].conv.bias.unique().tolist() for name in ("conv1", "conv2")}
    assert biases == {"conv1": [0], "conv2": [1]}


def test_images_of_three_channels_lose_caffes_mean_others_its_average():
    white = torch.ones(1, 3, 2, 2)
    colour = backbones.build("alexnet-context", channels=3).normalised(white)
    assert colour[0, :, 0, 0].tolist() == pytest.approx([255 - 123, 255 - 117, 255 - 104])
    grey = backbones.build("alexnet-context", channels=1).normalised(white[:, :1])
    assert grey.unique().item() == pytest.approx(255 - (123 + 117 + 104) / 3)


@torch.no_grad()
def test_features_go_on_after_any_stage_and_pass_max5_by(built):
    net, x = built["alexnet-small"], torch.rand(2, 3, 64, 64)
    whole = net.features(x, net.layers)
    assert net(x).equal(whole["fc7"])
    for layer in ("conv1", "conv5", "pool5", "fc6"):
        assert net.features(whole[layer], ("fc7",), after=layer)["fc7"].equal(whole["fc7"])
    assert net.features(whole["conv4"], ("max5",), after="conv4")["max5"].equal(whole["max5"])
