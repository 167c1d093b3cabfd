import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models

from lessup import backbones
from lessup.backbones import Backbone, dense, weights
from lessup.backbones.alexnet import MEAN

ALEXNET = 34_944 + 307_456 + 885_120 + 663_936
"""Parameters of conv1 to conv4, the last three of them in two groups, one, two."""

COUNTS = {
    # One output of a 3 x 3 convolution in two groups sees 9 times half of the channels, and has a bias.
    "alexnet-gap": ALEXNET + 442_624 + 1024 * (9 * 128 + 1),
    "alexnet-plus-gap": ALEXNET + 384 * (9 * 192 + 1) + 512 * (9 * 192 + 1) + 512 * (9 * 256 + 1),
    "vgg16-gap": 14_714_688 + 1024 * (9 * 256 + 1),
}
LAST = {
    "alexnet-gap": ("cam_conv", (1024, 13, 13)),
    "alexnet-plus-gap": ("conv7", (512, 11, 11)),
    "vgg16-gap": ("cam_conv", (1024, 14, 14)),
    "googlenet-gap": ("cam_conv", (1024, 14, 14)),
}


@pytest.fixture(scope="module")
def built() -> dict[str, Backbone]:
    torch.manual_seed(0)
    return {name: backbones.build(name, channels=3).eval() for name in LAST}


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_are_as_many_as_counted_by_hand(built, name):
    assert sum(p.numel() for p in built[name].parameters()) == COUNTS[name]


@pytest.mark.parametrize("name", LAST)
@torch.no_grad()
def test_last_map_is_as_fine_as_published_and_its_mean_is_the_output(built, name):
    net = built[name]
    assert dense.pooled_map(net) == LAST[name][0]
    assert net.shapes[LAST[name][0]] == LAST[name][1]
    found = net.features(torch.rand(1, 3, net.side, net.side), (LAST[name][0], "pool"))
    torch.testing.assert_close(found["pool"], found[LAST[name][0]].mean((2, 3)))


@torch.no_grad()
def test_alexnet_plus_equals_its_prototxt_written_out(built):
    net, x = built["alexnet-plus-gap"], torch.rand(1, 3, 227, 227)
    w = [(module.weight, module.bias) for module in net.modules() if isinstance(module, nn.Conv2d)]
    out = F.relu(F.conv2d(x, *w[0], stride=4))
    out = F.local_response_norm(F.max_pool2d(out, 3, 2), 5, alpha=1e-4, beta=0.75)
    out = F.relu(F.conv2d(out, *w[1], padding=2, groups=2))
    out = F.local_response_norm(F.max_pool2d(out, 3, 2), 5, alpha=1e-4, beta=0.75)
    out = F.relu(F.conv2d(out, *w[2], padding=1))
    out = F.relu(F.conv2d(out, *w[3], padding=1, groups=2))
    out = F.relu(F.conv2d(out, *w[4], padding=1, groups=2))
    out = F.max_pool2d(out, 3, 1)
    out = F.relu(F.conv2d(out, *w[5], padding=1, groups=2))
    out = F.relu(F.conv2d(out, *w[6], padding=1, groups=2))
    torch.testing.assert_close(net(x), F.avg_pool2d(out, 11, 11).flatten(1))


@pytest.mark.parametrize("name", ["alexnet-gap", "vgg16-gap", "googlenet-gap"])
@torch.no_grad()
def test_each_half_of_the_added_channels_sees_its_half_of_the_map(built, name):
    before = torch.rand(1, *built[name].shapes[built[name].layers[-3]])
    half = before.shape[1] // 2
    layer = built[name].stages["cam_conv"]
    other = before.clone()
    other[:, half:] = 0
    assert layer(other)[:, :512].equal(layer(before)[:, :512])
    assert not layer(other)[:, 512:].equal(layer(before)[:, 512:])


def test_first_weights_of_what_is_added_are_those_of_the_release(built):
    def spread(name: str, layer: str) -> float:
        return built[name].get_parameter(f"stages.{layer}.conv.weight").std().item()

    assert spread("vgg16-gap", "cam_conv") == pytest.approx(0.01, rel=0.01)
    assert spread("alexnet-plus-gap", "conv7") == pytest.approx(0.01, rel=0.01)
    assert spread("googlenet-gap", "cam_conv") == pytest.approx((9 * 416) ** -0.5, rel=0.01)
    biases = [built["alexnet-plus-gap"].get_parameter(f"stages.conv{n}.conv.bias").unique().tolist() for n in (6, 7)]
    assert biases == [[1], [1]]


@torch.no_grad()
def test_vgg16_with_torchvisions_weights_gives_its_last_map(built, tmp_path):
    theirs = models.vgg16(weights=None, init_weights=False).features[:30].eval()
    torch.save({f"features.{name}": value for name, value in theirs.state_dict().items()}, tmp_path / "vgg16.pth")
    match = weights.load(built["vgg16-gap"], tmp_path / "vgg16.pth")
    assert match.missing == ("stages.cam_conv.conv.bias", "stages.cam_conv.conv.weight")
    assert match.unexpected == match.reshaped == ()
    x = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(built["vgg16-gap"].features(x, ("conv5",))["conv5"], theirs(x))


@torch.no_grad()
def test_googlenet_with_torchvisions_weights_gives_its_map_behind_inception_4e(built, tmp_path):
    torch.manual_seed(1)
    theirs = models.googlenet(weights=None, aux_logits=False, init_weights=True, transform_input=True)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0  # without statistics of images the random weights let hardly anything through
    theirs.train()(torch.randn(4, 3, 96, 96))
    theirs.eval()
    torch.save(theirs.state_dict(), tmp_path / "googlenet.pth")
    ours = built["googlenet-gap"]
    match = weights.load(ours, tmp_path / "googlenet.pth")
    assert match.missing == ("stages.cam_conv.conv.bias", "stages.cam_conv.conv.weight")
    assert all(name.startswith(("inception5", "fc.")) for name in match.unexpected)
    seen = []
    theirs.inception4e.register_forward_hook(lambda *parts: seen.append(parts[2]))
    image = torch.rand(1, 3, 96, 96)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    theirs((image - mean.view(3, 1, 1)) / std.view(3, 1, 1))
    found = ours.features(ours.normalised(image), ("inception4",))["inception4"]
    torch.testing.assert_close(found, seen[0], rtol=1e-4, atol=1e-4)
    assert found.std() > 0.1


def test_images_lose_what_the_trained_networks_want(built):
    white = torch.ones(1, 3, 2, 2)
    assert built["alexnet-gap"].normalised(white)[0, :, 0, 0].tolist() == pytest.approx([255 * (1 - m) for m in MEAN])
    assert built["googlenet-gap"].normalised(white).unique().tolist() == [1]
    wanted = [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    assert built["vgg16-gap"].normalised(white)[0, :, 0, 0].tolist() == pytest.approx(wanted)
