import pytest
import torch
from torchvision import models

from lessup import backbones
from lessup.backbones import dense, weights


@pytest.fixture(scope="module")
def ours() -> backbones.Backbone:
    torch.manual_seed(0)
    return backbones.build("vgg16", channels=3).eval()


def test_parameters_are_the_138_357_544_published_without_the_classifier(ours):
    assert sum(p.numel() for p in ours.parameters()) == 138_357_544 - 4_097_000


def test_maps_halve_from_block_to_block_and_the_last_fine_one_is_conv5(ours):
    sides = {name: ours.shapes[name][1] for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "pool5")}
    assert sides == {"conv1": 224, "conv2": 112, "conv3": 56, "conv4": 28, "conv5": 14, "pool5": 7}
    assert dense.last_map(ours) == "conv5"


def numbers(shape):
    """Return random weights; of a linear layer one number a row, which keeps the file small."""
    if len(shape) == 4:
        return 0.05 * torch.randn(shape)
    return (1e-3 * torch.randn(shape[0])).view(-1, *[1] * (len(shape) - 1)).expand(shape)


@torch.no_grad()
def test_stages_with_torchvisions_weights_give_its_maps_and_hidden_layers(ours, tmp_path):
    with torch.device("meta"):  # shapes alone: filling 138 million numbers takes seconds
        theirs = models.vgg16(weights=None, init_weights=False).eval()
    state = {name: numbers(value.shape) for name, value in theirs.state_dict().items()}
    theirs.load_state_dict(state, assign=True)
    torch.save(state, tmp_path / "vgg16.pth")
    match = weights.load(ours, tmp_path / "vgg16.pth")
    assert match.missing == match.reshaped == ()
    assert match.unexpected == ("classifier.6.bias", "classifier.6.weight")
    x = torch.rand(1, 3, 224, 224)
    found = ours.features(x, ("conv5", "pool5", "fc7"))
    conv5 = theirs.features[:30](x)
    wanted = {"conv5": conv5, "pool5": theirs.features[30](conv5)}
    wanted["fc7"] = theirs.classifier[:5](wanted["pool5"].flatten(1))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert found["fc7"].any()
