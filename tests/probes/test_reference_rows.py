import numpy as np
import pytest
import torch
from torch import nn
from toy_images import ToyEncoder, discs

from lessup import methods
from lessup.probes.reference_rows import references, settle
from lessup.samples.voxels import Voxels, pack
from lessup.training import build


def trained():
    torch.manual_seed(5)
    method = ToyEncoder().eval()
    for part in method.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
    return method


def before_norms(network, images):
    """Return what the two convolutions give in training, where each normalises by the batch."""
    first, second = network.backbone.stages["conv1"], network.backbone.stages["conv2"]
    given = first[0](images)
    mean, variance = given.mean((0, 2, 3)), given.var((0, 2, 3), correction=0)
    normal = (given - mean.view(1, -1, 1, 1)) / (variance.view(1, -1, 1, 1) + first[1].eps).sqrt()
    normal = normal * first[1].weight.view(1, -1, 1, 1) + first[1].bias.view(1, -1, 1, 1)
    return given, second[0](normal.clamp(min=0))


def whole(network, samples):
    return network.prepared(samples.batch(np.arange(len(samples))))


def test_weights_depend_on_the_seed_alone_and_the_trained_network_stays_as_it_is():
    method, samples = trained(), discs()
    before = {name: value.clone() for name, value in method.state_dict().items()}
    torch.manual_seed(1)
    first = references(method, samples, seed=3)
    torch.manual_seed(2)
    again, other = references(method, samples, seed=3), references(method, samples, seed=4)
    assert list(first.networks) == ["random", "magic_init"]
    assert first.notes == ()
    for row, network in first.networks.items():
        own, same, another = (found.networks[row].backbone.stages["conv1"][0].weight for found in (first, again, other))
        assert torch.equal(own, same)
        assert not torch.equal(own, another)
        assert not network.training
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())


@torch.no_grad()
@pytest.mark.parametrize(("row", "settled"), [("magic_init", False), ("magic_init", True), ("random", True)])
def test_running_statistics_are_those_of_the_samples(row, settled):
    samples = discs()
    network = references(trained(), samples, seed=0, settled=settled).networks[row]
    norms = [network.backbone.stages[name][1] for name in ("conv1", "conv2")]
    for norm, values in zip(norms, before_norms(network, whole(network, samples)), strict=True):
        flat = values.transpose(0, 1).flatten(1).double().numpy()
        np.testing.assert_allclose(norm.running_mean, flat.mean(1), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(norm.running_var, flat.var(1, ddof=1), rtol=1e-3)
        assert norm.momentum == 0.1


def test_random_weights_keep_their_first_statistics_unless_asked_to_settle():
    samples = discs()
    plain, settled = (references(trained(), samples, seed=0, settled=each).networks["random"] for each in (False, True))
    assert (plain.backbone.stages["conv1"][1].running_mean == 0).all()
    assert torch.equal(plain.backbone.stages["conv1"][0].weight, settled.backbone.stages["conv1"][0].weight)


@torch.no_grad()
def test_magic_init_gives_the_layer_without_a_normalisation_mean_and_variance_of_the_paper():
    samples = discs()
    network = references(trained(), samples, seed=0).networks["magic_init"]
    linear = network.backbone.stages["fc6"][1]
    seen = []
    linear.register_forward_hook(lambda _layer, _given, output: seen.append(output))
    network.backbone(whole(network, samples))
    torch.testing.assert_close(seen[0].mean(0), torch.full((16,), 0.1), atol=0.02, rtol=0)
    torch.testing.assert_close(seen[0].var(0, correction=0), torch.ones(16), atol=0.05, rtol=0)


def test_a_network_that_magic_init_cannot_go_through_has_no_such_row_and_says_why():
    class Winding(ToyEncoder):
        def __init__(self, config=None):
            super().__init__(config)
            self.backbone.stages["conv2"].append(nn.GELU())

    found = references(Winding().eval(), discs(), seed=0)
    assert list(found.networks) == ["random"]
    assert found.notes[0].startswith("no row for magic-init: ")
    assert "GELU" in found.notes[0]


def test_networks_on_shapes_have_random_weights_alone():
    grids = np.ones((2, 12, 12, 12), bool)
    samples = Voxels(
        bits=pack(grids),
        side=12,
        id=np.array(["a", "b"]),
        label=np.array([0, 1]),
        classes=("a", "b"),
        group=np.arange(2),
        view=np.zeros(2, np.int64),
        official=np.array(["", ""]),
        fingerprint="two",
        row=np.arange(2),
    )
    config = methods.load("voxnet").Config(num_classes=2)
    assert list(references(build("voxnet", config, seed=0), samples, seed=0).networks) == ["random"]


def test_settling_leaves_the_momentum_and_the_mode_as_they_were():
    network = nn.Sequential(nn.BatchNorm1d(2, momentum=0.3)).eval()
    values = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    settle(network, values)
    assert network[0].running_mean.tolist() == [2, 4]
    assert network[0].running_var.tolist() == [2, 8]
    assert network[0].momentum == 0.3
    assert not network.training
