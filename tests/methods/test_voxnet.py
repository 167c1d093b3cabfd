import numpy as np
import pytest
import torch
from torch import nn

from lessup.errors import DataError, UsageError
from lessup.methods.voxnet import VoxNet, VoxNetConfig, jittered
from lessup.samples.voxels import Voxels, pack
from lessup.transforms.draws import Draws


@pytest.fixture(scope="module")
def method() -> VoxNet:
    torch.manual_seed(0)
    return VoxNet(VoxNetConfig()).eval()


@pytest.fixture(scope="module")
def published(method) -> nn.Sequential:
    """The released network, layer by layer, with the weights of ``method``."""
    network = nn.Sequential(
        nn.Conv3d(1, 32, 5, 2),
        nn.LeakyReLU(0.1),
        nn.Dropout(0.2),
        nn.Conv3d(32, 32, 3),
        nn.LeakyReLU(0.1),
        nn.MaxPool3d(2),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(6912, 128),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(128, 10),
    ).eval()
    with torch.no_grad():
        for theirs, ours in zip(network.parameters(), method.parameters(), strict=True):
            theirs.copy_(ours)
    return network


@pytest.fixture(scope="module")
def voxels() -> torch.Tensor:
    return torch.rand(2, 32, 32, 32, generator=torch.Generator().manual_seed(1)) < 0.3


def test_it_has_the_921736_parameters_of_the_paper_with_40_classes():
    method = VoxNet(VoxNetConfig(num_classes=40))
    assert sum(p.numel() for p in method.parameters()) == 921_736


def test_every_layer_equals_the_published_one(method, published, voxels):
    signs = torch.where(voxels, 1.0, -1.0)[:, None]
    for layer, depth in {"pool": 8, "fc1": 10, "logits": 12}.items():
        torch.testing.assert_close(method.encode({"voxels": voxels}, layer), published[:depth](signs))
    assert method.encode({"voxels": voxels}).shape == (2, 128)
    assert method.classify(voxels).equal(method.encode({"voxels": voxels}, "logits"))


def test_an_unknown_layer_is_refused_by_name(method, voxels):
    with pytest.raises(UsageError, match="fc1, pool, logits"):
        method.encode({"voxels": voxels}, "fc9")


def test_grids_of_30_are_padded_by_one_empty_cell(method):
    small = torch.rand(1, 30, 30, 30) < 0.3
    large = torch.zeros(1, 32, 32, 32, dtype=torch.bool)
    large[:, 1:31, 1:31, 1:31] = small
    assert method.classify(small).equal(method.classify(large))


def test_loss_without_training_mode_is_the_plain_cross_entropy(method, published, voxels):
    batch = {"voxels": voxels, "label": torch.tensor([3, 7])}
    losses = method.step(batch, Draws.at(0))
    logits = published(torch.where(voxels, 1.0, -1.0)[:, None]).double()
    probability = logits.exp() / logits.exp().sum(1, keepdim=True)
    wanted = -(probability[0, 3].log() + probability[1, 7].log()) / 2
    assert losses.players["classification"].item() == pytest.approx(wanted.item(), rel=1e-5)
    assert losses.log["accuracy"].item() == (logits.argmax(1) == batch["label"]).float().mean()


def test_training_mode_jitters_and_drops(method, voxels):
    batch = {"voxels": voxels, "label": torch.tensor([3, 7])}
    plain = method.step(batch, Draws.at(0)).players["classification"]
    method.train()
    noisy = method.step(batch, Draws.at(0)).players["classification"]
    method.eval()
    assert not noisy.equal(plain)


def test_jitter_mirrors_then_rolls_each_sample_as_numpy_does(voxels):
    count = 40
    grids = voxels[:1].expand(count, -1, -1, -1)
    ours = jittered(grids, Draws.at(5), mirror=0.2, shift=2)
    draws = Draws.at(5)
    mirrored, moved = draws.uniform(count, 3).numpy(), draws.integers(-2, 3, count, 3).numpy()
    for grid, jittered_grid, flips, shifts in zip(grids.numpy(), ours.numpy(), mirrored, moved, strict=True):
        flipped = np.flip(grid, [axis for axis in (0, 1) if flips[axis] < 0.2])
        np.testing.assert_array_equal(jittered_grid, np.roll(flipped, shifts, (0, 1, 2)))
    assert (moved.min(), moved.max()) == (-2, 2)


def test_initial_weights_have_the_released_spread(method):
    assert method.conv1.weight.std().item() == pytest.approx((2 / 125) ** 0.5, rel=0.05)
    assert method.conv2.weight.std().item() == pytest.approx((2 / 864) ** 0.5, rel=0.05)
    assert method.fc1.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert method.fc2.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert not any(p.any() for p in method.parameters() if p.ndim == 1)


def test_learning_rate_follows_the_published_steps(method):
    optimization = method.optimizations(1)["classification"]
    rate = {update: 1e-3 * optimization.schedule.lr_lambdas[0](update) for update in (0, 59_999, 60_000, 4e5, 6e5)}
    assert list(rate.values()) == pytest.approx([1e-3, 1e-3, 1e-4, 5e-5, 1e-5])


def test_l2_decays_weights_by_its_gradient_and_leaves_biases():
    method = VoxNet(VoxNetConfig(learning_rate=0.5))
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.fill_(1.0)
            parameter.grad = torch.zeros_like(parameter)
    optimization = method.optimizations(1)["classification"]
    optimization.optimizer.step()
    # d(1e-3 * w^2)/dw = 2e-3 at w = 1; times the rate of 0.5.
    assert method.fc1.weight[0, 0].item() == pytest.approx(0.999, abs=1e-6)
    assert method.fc1.bias[0].item() == 1.0


def test_configured_takes_the_classes_and_refuses_what_does_not_fit():
    assert VoxNet.configured(VoxNetConfig(), samples(30, label=0)).num_classes == 3
    with pytest.raises(DataError, match="these have 40: resample them with --side 32"):
        VoxNet.configured(VoxNetConfig(), samples(40, label=0))
    with pytest.raises(DataError, match="1 of 1 samples have none"):
        VoxNet.configured(VoxNetConfig(), samples(30, label=-1))


def samples(side, *, label):
    zero = np.zeros(1, np.int64)
    return Voxels(
        bits=pack(np.ones((1, side, side, side), bool)),
        side=side,
        id=np.array(["a"]),
        label=np.array([label]),
        classes=("bed", "chair", "desk"),
        group=zero,
        view=zero,
        official=np.array([""]),
        fingerprint="",
        row=zero,
    )
