import numpy as np
import pytest
import torch
from torch import nn

from lessup.errors import DataError, UsageError
from lessup.methods.vconv_dae import VConvDAE, VConvDAEConfig
from lessup.samples.voxels import Voxels, pack
from lessup.transforms.draws import Draws


@pytest.fixture(scope="module")
def method() -> VConvDAE:
    torch.manual_seed(0)
    return VConvDAE(VConvDAEConfig())


@pytest.fixture(scope="module")
def published(method) -> nn.Sequential:
    """The released network, layer by layer, with the weights of ``method`` and without its dropouts."""
    network = nn.Sequential(
        nn.Conv3d(1, 64, 9, 3),
        nn.ReLU(),
        nn.Conv3d(64, 256, 4, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6912, 6912),
        nn.ReLU(),
        nn.Unflatten(1, (256, 3, 3, 3)),
        nn.ConvTranspose3d(256, 64, 5, 2),
        nn.ReLU(),
        nn.ConvTranspose3d(64, 1, 6, 3),
        nn.Flatten(),
        nn.Sigmoid(),
    )
    with torch.no_grad():
        for theirs, ours in zip(network.parameters(), method.parameters(), strict=True):
            theirs.copy_(ours)
    return network


@pytest.fixture(scope="module")
def voxels() -> torch.Tensor:
    return torch.rand(2, 30, 30, 30, generator=torch.Generator().manual_seed(1)) < 0.3


def dropped(x, share, draws):
    return x * (draws.uniform(*x.shape) >= share) / (1 - share)


def test_each_layer_has_the_number_of_parameters_counted_by_hand(method):
    counts = {name: sum(p.numel() for p in layer.parameters()) for name, layer in method.named_children()}
    assert counts == {
        "conv1": 64 * 9**3 + 64,
        "conv2": 256 * 64 * 4**3 + 256,
        "bottleneck": 6912 * 6912 + 6912,
        "deconv1": 256 * 64 * 5**3 + 64,
        "deconv2": 64 * 6**3 + 1,
    }


def test_repair_equals_the_published_layers(method, published, voxels):
    theirs = published(voxels.float()[:, None]).view(2, 30, 30, 30)
    torch.testing.assert_close(method.repair(voxels), theirs, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_loss_and_every_gradient_equal_those_of_the_published_layers_with_both_dropouts(method, published, voxels):
    draws = Draws.at(0)
    seen = dropped(voxels.float(), 0.5, draws)
    code = dropped(published[:7](seen[:, None]), 0.5, draws)
    theirs = nn.BCELoss()(published[7:](code), voxels.float().flatten(1))
    ours = method.step({"voxels": voxels}, Draws.at(0)).players["reconstruction"]
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=0)
    wanted = torch.autograd.grad(theirs, list(published.parameters()))
    got = torch.autograd.grad(ours, list(method.parameters()))
    for mine, right in zip(got, wanted, strict=True):
        # The plain layer adds the 54,000 gradients of the one last bias naively in float32; ours is nearer to float64.
        tolerance = 1e-5 if mine.numel() > 1 else 1e-3
        torch.testing.assert_close(mine, right, rtol=0, atol=tolerance * right.abs().max().item())


def test_wrong_cells_counts_the_cells_on_the_wrong_side(method, voxels):
    full = torch.ones(1, 30, 30, 30, dtype=torch.bool)
    with torch.no_grad():
        losses = method.step({"voxels": full}, Draws.at(0))
        draws = Draws.at(0)
        code = method.encode({"voxels": dropped(full.float(), 0.5, draws)})
        probability = method._decode(dropped(code, 0.5, draws)).sigmoid()
    assert losses.log["wrong_cells"].item() == (probability <= 0.5).sum().item()


def test_repair_and_encode_repeat_in_training_mode_because_they_drop_nothing(method, voxels):
    assert method.training
    assert method.repair(voxels).equal(method.repair(voxels))


def test_without_corruption_the_loss_is_that_of_the_whole_input(method, published, voxels):
    plain = VConvDAE(VConvDAEConfig(corruption=False))
    plain.load_state_dict(method.state_dict())
    code = dropped(published[:7](voxels.float()[:, None]), 0.5, Draws.at(5))
    theirs = nn.BCELoss()(published[7:](code), voxels.float().flatten(1))
    ours = plain.step({"voxels": voxels}, Draws.at(5)).players["reconstruction"]
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=0)


def test_layers_are_the_published_stages(method, published, voxels):
    grids = voxels.float()[:, None]
    torch.testing.assert_close(method.encode({"voxels": voxels}), published[:7](grids), rtol=0, atol=1e-5)
    conv2 = method.encode({"voxels": voxels}, "conv2")
    torch.testing.assert_close(conv2, published[:5](grids), rtol=0, atol=1e-5)
    with pytest.raises(UsageError, match="bottleneck, conv2"):
        method.encode({"voxels": voxels}, "fc9")


def test_blend_halfway_decodes_the_mean_of_the_codes_after_relu(method, published, voxels):
    first, second = voxels[:1], voxels[1:]
    codes = published[:7](voxels.float()[:, None])
    wanted = published[7:](codes.mean(0, keepdim=True)).view(1, 30, 30, 30)
    torch.testing.assert_close(method.blend(first, second, 0.5), wanted, rtol=0, atol=1e-5)


def test_initial_weights_are_uniform_with_torch7_bounds(method):
    bounds = {"conv1": 9**3, "conv2": 64 * 4**3, "bottleneck": 6912, "deconv1": 256 * 5**3, "deconv2": 64 * 6**3}
    for name, fan_in in bounds.items():
        weight = getattr(method, name).weight
        assert weight.abs().max().item() == pytest.approx(fan_in**-0.5, rel=2e-3)
        assert weight.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=2e-2)


def test_optimiser_takes_the_steps_of_torch7_sgd():
    class Tiny(VConvDAE):
        def __init__(self):
            nn.Module.__init__(self)
            self.config = VConvDAEConfig(decay=0.5)
            self.weight = nn.Parameter(torch.tensor([1.0]))

    tiny = Tiny()
    optimization = tiny.optimizations(3)["reconstruction"]
    weight, average = 1.0, None
    for update in range(3):
        tiny.weight.grad = torch.tensor([update + 1.0])
        optimization.optimizer.step()
        optimization.schedule.step()
        average = update + 1.0 if average is None else 0.9 * average + 0.1 * (update + 1.0)
        weight -= 0.1 / (1 + update * 0.5) * average
    assert tiny.weight.item() == pytest.approx(weight, rel=1e-6)


def test_grids_of_another_side_are_refused_with_advice():
    with pytest.raises(DataError, match="these have 32: resample them with --side 30"):
        VConvDAE.configured(VConvDAEConfig(), grids(32))
    assert VConvDAE.configured(VConvDAEConfig(), grids(30)) == VConvDAEConfig()


def grids(side):
    zero = np.zeros(1, np.int64)
    return Voxels(
        bits=pack(np.ones((1, side, side, side), bool)),
        side=side,
        id=np.array(["a"]),
        label=zero,
        classes=("box",),
        group=zero,
        view=zero,
        official=np.array([""]),
        fingerprint="",
        row=zero,
    )
