import sys

import pytest
import torch

from lessup import backbones
from lessup.backbones import weights
from lessup.errors import MissingExtraError, UsageError


@torch.no_grad()
def test_network_of_timm_gives_its_pooled_features(tmp_path):
    timm = pytest.importorskip("timm")
    theirs = timm.create_model("mobilenetv3_small_050", pretrained=False, in_chans=4).eval()
    torch.save(theirs.state_dict(), tmp_path / "weights.pth")
    ours = backbones.build("timm:mobilenetv3_small_050", channels=4).eval()
    match = weights.load(ours, tmp_path / "weights.pth")
    assert match.missing == ()
    assert match.unexpected == ("classifier.bias", "classifier.weight")
    x = torch.rand(1, 4, 224, 224)
    torch.testing.assert_close(ours(x), theirs.forward_head(theirs.forward_features(x), pre_logits=True))


def test_unknown_network_of_timm_is_refused_with_similar_names():
    pytest.importorskip("timm")
    with pytest.raises(UsageError, match="no network called 'convnext_att': convnext_atto"):
        backbones.build("timm:convnext_att", channels=3)


def test_without_timm_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"lessup\[timm\]"):
        backbones.build("timm:resnet18", channels=3)
