import pytest
import torch
from torch import nn
from torch.nn import functional as F
from toy_colours import things

from lessup.backbones import Backbone
from lessup.backbones.dilation import Grid, off_centre
from lessup.masks.class_maps import class_maps, grad_cam, resized
from lessup.masks.fine_maps import FineMaps
from lessup.methods import Classifier
from lessup.methods.cam import CAM, CAMConfig
from lessup.methods.supervised import Supervised, SupervisedConfig


@pytest.fixture(scope="module")
def network() -> CAM:
    torch.manual_seed(0)
    return CAM(CAMConfig(backbone="resnet18-small", num_classes=3)).eval()


def square_images(side: int) -> dict[str, torch.Tensor]:
    image = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    return {"image": image, "extent": torch.full((2, 2), side)}


def test_fine_map_holds_the_coarse_one_at_its_places(network):
    batch, classes = square_images(32), torch.tensor([[0, 2], [1, 0]])
    coarse = class_maps(network, network.prepared(batch), classes)
    maps = FineMaps(network, stride=2)
    with torch.no_grad():
        fine = torch.einsum("bnc,bchw->bnhw", network.ending.weight[classes], maps.fine(network.prepared(batch)))
    assert coarse.shape[2] == 4
    assert maps.grid == Grid(3.5, 2.0), "the first of 4 shares of 8 pixels has its middle there"
    torch.testing.assert_close(fine[:, :, ::4, ::4], coarse, rtol=1e-4, atol=1e-4)
    found = maps(batch, classes)
    for row in range(2):
        assert found[row].shape == (2, 32, 32)
        near = F.avg_pool2d(found[row][:, 1:], 2, 2)[:, 1::4, 1::4]  # pixels 3 and 4, and so on
        assert torch.corrcoef(torch.stack([near.flatten(), coarse[row].flatten()]))[0, 1] > 0.9
    between = fine[0, :, 2:-4:4, 2:-4:4]
    linear = coarse[0].unfold(1, 2, 1).unfold(2, 2, 1).mean((3, 4))[:, : between.shape[1], : between.shape[2]]
    assert not torch.allclose(between, linear, atol=1e-3), "places between are computed, not interpolated"


class Skewed(Classifier):
    """Three convolutions that pad on the right alone, with weights under which a mirrored image has a mirrored map."""

    def __init__(self) -> None:
        super().__init__()

        def halved() -> nn.Sequential:
            layer = nn.Conv2d(1, 1, 3, 2, bias=False)
            nn.init.zeros_(layer.weight)
            layer.weight.data[..., :2, :2] = 0.25  # the pixels 2p and 2p + 1 of the window 2p ... 2p + 2
            return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), layer)

        stages = {f"conv{number}": halved() for number in (1, 2, 3)}
        stages["pool"] = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.backbone = Backbone(stages, side=64, channels=1, default="pool", mean=(0.0,), std=(1.0,))
        self.classifier = nn.Linear(1, 1, bias=False)
        nn.init.ones_(self.classifier.weight)

    def logits(self, x, *, after=None):
        return self.classifier(self.backbone(x, after=after))

    example = step = optimizations = None


Skewed.__abstractmethods__ = frozenset()


@pytest.mark.parametrize("place", [12, 28, 44])
def test_maps_lie_on_what_was_seen_though_windows_reach_further_to_one_side(place):
    image = torch.zeros(1, 1, 64, 64)
    image[..., place - 4 : place + 4, 24:32] = 1  # one share of the image, or half of two
    batch, classes = {"image": image, "extent": torch.tensor([[64, 64]])}, torch.zeros(1, 1, dtype=torch.int64)
    method = Skewed().eval()
    assert off_centre(method.backbone, layer="conv3") == 3.5 - 7
    for number in (4, 8):
        (found,) = FineMaps(method, stride=number)(batch, classes)
        rows, columns = found[0].sum(1), found[0].sum(0)
        middle = [float((weight * torch.arange(64)).sum() / weight.sum()) for weight in (rows, columns)]
        assert middle == pytest.approx([place - 0.5, 27.5], abs=2.1 if number == 4 else 0.6)


def test_maps_have_the_size_of_each_image_and_follow_it_at_another_scale(network):
    images = things(3)
    batch, classes = images.batch([0, 1, 2]), torch.zeros(3, 1, dtype=torch.int64)
    maps = FineMaps(network)
    plain, larger = maps(batch, classes), maps(batch, classes, side=64)
    for one, other, extent in zip(plain, larger, images.pixels.extent.tolist(), strict=True):
        assert one.shape == other.shape == (1, *extent)
        assert not one.equal(other)


def test_network_that_does_not_end_in_pooling_gives_grad_cam():
    torch.manual_seed(0)
    network = Supervised(SupervisedConfig(backbone="alexnet-small", num_classes=3)).eval()
    batch, classes = things(2).batch([0, 1]), torch.tensor([[0], [1]])
    wanted = resized(grad_cam(network, network.prepared(batch), classes), batch["extent"])
    for one, other in zip(FineMaps(network)(batch, classes), wanted, strict=True):
        assert one.equal(other)
        assert one.any()
