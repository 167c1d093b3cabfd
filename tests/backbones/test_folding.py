import torch
from torch import nn

from lessup import backbones
from lessup.backbones.folding import folded


@torch.no_grad()
def test_folded_network_has_no_batch_normalisation_and_computes_the_same():
    torch.manual_seed(0)
    for name in ("alexnet-small", "alexnet-bigan-64", "resnet18-small"):
        backbone = backbones.build(name, channels=3)
        for _ in range(2):
            backbone(torch.rand(4, 3, backbone.side, backbone.side))  # moves the averages
        backbone.eval()
        plain = folded(backbone)
        x = torch.rand(2, 3, backbone.side, backbone.side)
        torch.testing.assert_close(plain(x), backbone(x), rtol=1e-4, atol=1e-5)
        if name != "resnet18-small":  # its blocks are more than layers in a row
            assert not any("BatchNorm" in type(part).__name__ for part in plain.modules())
    assert plain.stages["stem"].get_submodule("conv1").bias is not None
    assert any(isinstance(part, nn.BatchNorm2d) for part in backbone.stages["stem"])
