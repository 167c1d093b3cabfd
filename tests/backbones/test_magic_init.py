import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn
from torch.nn import functional as F

from lessup import backbones
from lessup.backbones.magic_init import BATCH_SIZE, calibrate, chain, gradient_ratios, initialise
from lessup.errors import DataError, UsageError


def plain_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, padding=1, groups=2),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(12 * 16, 10),
        nn.ReLU(),
        nn.Linear(10, 5),
    )


def images(count: int, seed: int) -> torch.Tensor:
    """Smooth noise that is brighter in some images: correlated as photographs are."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, 3, 5, 5, generator=generator) + torch.randn(count, 1, 1, 1, generator=generator)
    return F.interpolate(coarse, size=(16, 16), mode="bilinear") + 0.1 * torch.randn(
        count, 3, 16, 16, generator=generator
    )


def inputs_of_nonlinearities(network: nn.Sequential, x: torch.Tensor) -> list[np.ndarray]:
    """Return (C, N * positions) float64 outputs of every layer with weights."""
    found = []
    for part in network:
        x = part(x)
        if isinstance(part, nn.Conv2d | nn.Linear):
            found.append(np.moveaxis(x.detach().double().numpy(), 1, 0).reshape(x.shape[1], -1))
    return found


@pytest.mark.parametrize("kind", ["random", "pca", "k-means"])
def test_every_channel_has_variance_1_and_mean_beta_on_the_images_and_nearly_so_on_fresh_ones(kind):
    network = plain_network()
    initialise(chain(network), images(160, 1), kind=kind, beta=0.1)
    for values in inputs_of_nonlinearities(network, images(160, 1)):
        np.testing.assert_allclose(values.std(1), 1, atol=1e-3)
        np.testing.assert_allclose(values.mean(1), 0.1, atol=1e-3)
    for values in inputs_of_nonlinearities(network, images(800, 2)):
        assert values.std(1).mean() == pytest.approx(1, abs=0.1)
        assert values.mean() == pytest.approx(0.1, abs=0.1)


def test_random_weights_are_normal_draws_divided_by_the_deviation_they_give():
    layer = nn.Linear(4, 3)
    x = torch.randn(50, 4) * torch.tensor([1.0, 2.0, 3.0, 4.0])
    initialise([layer], x, kind="random", seed=7, beta=0.0)
    drawn = torch.randn(3, 4, generator=torch.Generator().manual_seed(7)).double().numpy()
    output = x.double().numpy() @ drawn.T
    np.testing.assert_allclose(layer.weight.detach(), drawn / output.std(0)[:, None], rtol=1e-4)
    np.testing.assert_allclose(layer.bias.detach(), -output.mean(0) / output.std(0), rtol=1e-4, atol=1e-5)


def test_pca_filters_are_the_principal_directions_of_the_patches():
    x = images(60, 3)
    layer = nn.Conv2d(3, 6, 4, stride=4)
    initialise([layer], x, kind="pca")
    patches = [
        image[:, r : r + 4, c : c + 4].flatten() for image in x for r in range(0, 16, 4) for c in range(0, 16, 4)
    ]
    theirs = PCA(6).fit(torch.stack(patches).numpy()).components_[::-1]
    ours = layer.weight.detach().flatten(1).numpy()
    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1)
    np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-3)


def test_k_means_finds_the_patches_that_toy_images_are_made_of():
    generator = torch.Generator().manual_seed(0)
    shapes = torch.randn(6, 2, 3, 3, generator=generator)
    which = torch.randint(6, (80, 4, 4), generator=generator)
    tiles = shapes[which] + 0.05 * torch.randn(80, 4, 4, 2, 3, 3, generator=generator)
    x = tiles.permute(0, 3, 1, 4, 2, 5).reshape(80, 2, 12, 12)
    layer = nn.Conv2d(2, 6, 3, stride=3)
    initialise([layer], x, kind="k-means")
    answer = layer(shapes).flatten(1)  # of every filter (columns) to every shape (rows)
    assert sorted(answer.argmax(1).tolist()) == [0, 1, 2, 3, 4, 5]
    first, second = answer.topk(2).values.T
    assert (first > 2 * second).all()


def test_a_layer_with_fewer_inputs_than_channels_is_drawn_at_random():
    x = torch.randn(20, 30)
    layers = {kind: nn.Linear(30, 25) for kind in ("random", "k-means")}
    for kind, layer in layers.items():
        initialise([layer], x, kind=kind, seed=3)
    assert layers["random"].weight.equal(layers["k-means"].weight)


def test_pca_without_enough_directions_draws_the_other_filters():
    x = torch.randn(40, 3, 8, 8)
    x[:, 2] = x[:, 1]
    layer = nn.Conv2d(3, 5, 1)
    initialise([layer], x, kind="pca")
    values = layer(x).detach().transpose(0, 1).flatten(1)
    torch.testing.assert_close(values.std(1), torch.ones(5), rtol=0, atol=1e-3)


def test_the_same_seed_gives_the_same_weights_and_another_one_others():
    def weights(seed: int) -> torch.Tensor:
        network = plain_network()
        initialise(chain(network), images(40, 1), kind="k-means", seed=seed)
        return nn.utils.parameters_to_vector(network.parameters())

    assert weights(1).equal(weights(1))
    assert not weights(1).equal(weights(2))


def plain_ratios(network: nn.Sequential, x: torch.Tensor, seed: int) -> np.ndarray:
    """Return rms(gradient) / rms(weight) of every layer by ``backward``."""
    generator, squares = torch.Generator().manual_seed(seed), []
    layers = [part for part in network if isinstance(part, nn.Conv2d | nn.Linear)]
    for start in range(0, len(x), BATCH_SIZE):
        network.zero_grad()
        output = network(x[start : start + BATCH_SIZE])
        (output * torch.randn(output.shape, generator=generator)).sum().backward()
        squares.append([layer.weight.grad.double().square().mean().item() for layer in layers])
    weights = [layer.weight.detach().double().square().mean().item() for layer in layers]
    return np.sqrt(np.mean(squares, axis=0) / weights)


@pytest.mark.parametrize("kind", ["random", "k-means", None])
def test_calibration_makes_the_gradient_ratios_equal_to_1_percent(kind):
    network, x = plain_network(), images(160, 1)
    if kind:
        initialise(chain(network), x, kind=kind)
    before = plain_ratios(network, x, seed=0)
    said = calibrate(chain(network), x, seed=0)
    after = plain_ratios(network, x, seed=0)
    assert before.max() / before.min() > 1.3
    np.testing.assert_allclose(after, after.mean(), rtol=0.01)
    np.testing.assert_allclose(said, after, rtol=1e-3)
    fresh = np.mean([plain_ratios(network, x, seed) for seed in range(1, 9)], axis=0)
    np.testing.assert_allclose(fresh, fresh.mean(), rtol=0.2)  # other gradients: chance comes in


def test_calibration_keeps_the_function_up_to_a_factor_and_the_output_near_deviation_1():
    network, x = plain_network(), images(160, 1)
    with torch.no_grad():
        for part, factor in zip(
            [m for m in network if isinstance(m, nn.Conv2d | nn.Linear)], (3, 0.2, 9, 0.5), strict=True
        ):
            part.weight.mul_(factor)
            part.bias.normal_()
    before = network(images(30, 2)).detach()
    calibrate(chain(network), x)
    after = network(images(30, 2)).detach()
    factor = (after * before).sum() / before.square().sum()
    torch.testing.assert_close(after, factor * before, rtol=1e-3, atol=1e-4)
    assert network(x).std(0).mean().item() == pytest.approx(1, abs=0.1)


def test_calibration_of_a_trained_network_with_batch_normalisation_keeps_what_it_decides():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6 * 14 * 14, 8),
        nn.ReLU(),
        nn.Linear(8, 4),
    )
    for _ in range(60):
        network(images(40, 1))  # moves the averages
    network.eval()
    before = network(images(20, 2)).detach()
    ratio = calibrate(chain(network), images(160, 1))
    after = network(images(20, 2)).detach()
    factor = (after * before).sum() / before.square().sum()
    torch.testing.assert_close(after, factor * before, rtol=1e-2, atol=1e-3)
    assert max(ratio) / min(ratio) < 1.02


def test_a_layer_before_batch_normalisation_is_drawn_and_not_scaled():
    network = nn.Sequential(nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 3))
    initialise(chain(network), images(40, 1), seed=5)
    drawn = torch.randn(6, 3, 3, 3, generator=torch.Generator().manual_seed(5))
    assert network[0].weight.equal(drawn)
    assert network[1].num_batches_tracked == 0
    after = network(images(40, 1)).transpose(0, 1).flatten(1)  # training mode: the batch normalises
    torch.testing.assert_close(after.std(1), torch.ones(4), rtol=0, atol=0.01)


def test_a_backbone_and_a_classifier_make_one_chain_without_what_stands_aside():
    backbone = backbones.build("alexnet-small-plain", channels=3)
    kinds = [type(part).__name__ for part in chain(backbone, nn.Dropout(), nn.Linear(512, 3))]
    assert kinds.count("Conv2d") == 5
    assert kinds[-5:] == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]
    assert "AdaptiveMaxPool2d" not in kinds
    assert "Dropout" not in kinds


def test_a_network_that_is_no_chain_is_refused():
    with pytest.raises(UsageError, match="BasicBlock is more than that"):
        chain(backbones.build("resnet18-small", channels=3))


def test_images_that_are_all_alike_are_refused():
    with pytest.raises(DataError, match="equal everywhere"):
        initialise(chain(plain_network()), torch.ones(10, 3, 16, 16))


def test_a_network_without_a_gradient_is_refused():
    network = plain_network()
    nn.init.constant_(network[0].bias, -1e6)
    with pytest.raises(DataError, match="layer 1 of 4 gets no gradient"):
        gradient_ratios(chain(network), images(10, 1), seed=0)


def test_the_random_state_is_left_alone():
    network, state = plain_network(), torch.get_rng_state()
    initialise(chain(network), images(30, 1), kind="k-means")
    calibrate(chain(network), images(30, 1))
    assert torch.get_rng_state().equal(state)
