import pytest
import torch
from torchvision import models

from lessup import backbones
from lessup.backbones import weights


@pytest.mark.parametrize(("name", "count"), [("resnet18", 11_689_512 - 513_000), ("resnet50", 25_557_032 - 2_049_000)])
def test_parameters_are_those_of_the_published_network_without_its_classifier(name, count):
    assert sum(p.numel() for p in backbones.build(name, channels=3).parameters()) == count


@torch.no_grad()
def test_stages_with_torchvisions_weights_give_its_maps_and_pooled_features(tmp_path):
    torch.manual_seed(0)
    theirs = models.resnet18(weights=None).eval()
    torch.save(theirs.state_dict(), tmp_path / "resnet18.pth")
    ours = backbones.build("resnet18", channels=3).eval()
    match = weights.load(ours, tmp_path / "resnet18.pth")
    assert (match.missing, match.reshaped) == ((), ())
    assert match.unexpected == ("fc.bias", "fc.weight")
    x = torch.rand(2, 3, 64, 64)
    found = ours.features(x, ("layer2", "pool"))
    map1 = theirs.layer1(theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(x)))))
    assert found["layer2"].equal(theirs.layer2(map1))
    theirs.fc = torch.nn.Identity()
    assert found["pool"].equal(theirs(x))


def test_small_stem_keeps_the_size_and_the_others_quarter_it():
    shapes = {name: backbones.build(name, channels=3).shapes["stem"] for name in ("resnet18", "resnet18-small")}
    assert shapes == {"resnet18": (64, 56, 56), "resnet18-small": (64, 32, 32)}


def test_images_of_other_channels_get_a_first_convolution_of_torchvisions_spread():
    torch.manual_seed(0)
    first = backbones.build("resnet18", channels=5).get_parameter("stages.stem.conv1.weight")
    assert first.shape == (64, 5, 7, 7)
    assert first.std().item() == pytest.approx((2 / (64 * 49)) ** 0.5, rel=0.02)
