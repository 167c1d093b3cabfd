import pytest
import torch
from torch import nn

from lessup import backbones
from lessup.backbones.folding import folded


def settled(name):
    """Return a backbone whose averages are those of some batches, with gains and shifts of its own."""
    torch.manual_seed(0)
    backbone = backbones.build(name, channels=3)
    with torch.no_grad():
        for part in backbone.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d) and part.weight is not None:
                part.weight.uniform_(0.5, 2)
                part.bias.normal_()
        for _ in range(2):
            backbone.train()(torch.rand(4, 3, backbone.side, backbone.side))
    return backbone.eval()


@pytest.mark.parametrize("name", ["alexnet-small", "alexnet-bigan-64", "alexnet-context", "resnet18-small"])
def test_folded_network_computes_in_training_what_the_backbone_does_without(name):
    backbone = settled(name)
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    plain = folded(backbone).train()
    x = torch.rand(2, 3, backbone.side, backbone.side)
    with torch.no_grad():
        wanted = backbone.features(x, backbone.layers)
        found = plain.features(x, plain.layers)
        again = plain.features(x[:1], plain.layers)
    for layer in backbone.layers:
        torch.testing.assert_close(found[layer], wanted[layer], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(again[layer], wanted[layer][:1], rtol=1e-4, atol=1e-4)
    assert all(torch.equal(value, before[key]) for key, value in backbone.state_dict().items())


def test_layers_in_a_row_keep_no_normalisation_and_blocks_keep_their_averages():
    for name in ("alexnet-small", "alexnet-context"):
        assert not any("BatchNorm" in type(part).__name__ for part in folded(settled(name)).modules())
    backbone = settled("resnet18-small")
    plain = folded(backbone).train()
    assert plain.stages["stem"].get_submodule("conv1").bias is not None
    assert any(isinstance(part, nn.BatchNorm2d) for part in backbone.stages["stem"])
    norms = [part for part in plain.modules() if isinstance(part, nn.BatchNorm2d)]
    kept = [norm.running_mean.clone() for norm in norms]
    plain(torch.rand(4, 3, plain.side, plain.side)).sum().backward()
    assert norms
    assert all(torch.equal(norm.running_mean, mean) for norm, mean in zip(norms, kept, strict=True))
    assert all(norm.weight.grad is not None for norm in norms)
