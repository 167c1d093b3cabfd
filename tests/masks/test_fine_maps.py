import pytest
import torch
from toy_colours import things

from lessup.masks.class_maps import class_maps, grad_cam, resized
from lessup.masks.fine_maps import FineMaps
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
    found = FineMaps(network, stride=2)(batch, classes)
    assert coarse.shape[2] == 4
    for row in range(2):
        assert found[row].shape == (2, 32, 32)
        torch.testing.assert_close(found[row][:, ::8, ::8], coarse[row], rtol=1e-4, atol=1e-4)
    between = found[0][:, 4:-8:8, 4:-8:8]
    linear = coarse[0].unfold(1, 2, 1).unfold(2, 2, 1).mean((3, 4))[:, : between.shape[1], : between.shape[2]]
    assert not torch.allclose(between, linear, atol=1e-3), "places between are computed, not interpolated"


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
