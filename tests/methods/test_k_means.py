import copy

import pytest
import torch

from lessup.errors import UsageError
from lessup.methods.k_means import KMeans, KMeansConfig
from lessup.transforms.draws import Draws

UPDATES = 6
"""Of each layer; the first two measure its patches."""


def small(**settings) -> KMeans:
    torch.manual_seed(0)
    return KMeans(KMeansConfig(backbone="alexnet-small-plain", layer="conv2", updates=UPDATES, patches=40, **settings))


def batch(seed):
    image = torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(seed))
    return {"image": image.cumsum(2).cumsum(3) / 300, "extent": torch.full((8, 2), 64)}


def train(method, steps, first=0):
    optimizer = method.train().optimizations(steps)["filters"].optimizer
    logs = []
    for step in range(first, first + steps):
        losses = method.step(batch(step), Draws.at(0, step))
        optimizer.zero_grad()
        losses.players["filters"].backward()
        optimizer.step()
        logs.append({name: value.item() for name, value in {**losses.players, **losses.log}.items()})
    return logs


@pytest.fixture(scope="module")
def trained():
    method = small()
    return method, train(method, 2 * UPDATES + 1)


def test_layers_are_learnt_one_after_the_other_and_each_is_measured_first(trained):
    _, logs = trained
    assert [log["learning"] for log in logs] == [1] * UPDATES + [2] * (UPDATES + 1)
    for start in (0, UPDATES):
        errors = [log["quantisation_error"] for log in logs[start : start + UPDATES]]
        assert errors[:2] == [1.0, 1.0]
        assert all(0 < error < 1 for error in errors[2:])


def test_after_the_last_layer_nothing_changes(trained):
    _, logs = trained
    assert logs[-1]["filters"] == 0.0
    assert logs[-1]["quantisation_error"] == 0.0
    assert all(log["filters"] > 0 for log in logs[:-1])


def test_learnt_filters_are_the_centroids_up_to_scale(trained):
    method, _ = trained
    for layer, clusters in zip(method.convolutions, method.clusters, strict=True):
        weight, filters = layer.weight.flatten(1), clusters.filters()
        cosine = torch.nn.functional.cosine_similarity(weight, filters)
        torch.testing.assert_close(cosine, torch.ones_like(cosine), rtol=0, atol=1e-4)


def test_every_channel_responds_with_unit_variance_and_the_bias_as_mean():
    method = small(bias=0.3)
    train(method, UPDATES)
    x = method.prepared(batch(UPDATES - 1))  # the batch of the last update of the first layer
    response = method.convolutions[0](x)
    torch.testing.assert_close(response.mean((0, 2, 3)), torch.full((48,), 0.3), rtol=0, atol=1e-3)
    torch.testing.assert_close(response.std((0, 2, 3), correction=0), torch.ones(48), rtol=0, atol=1e-3)


def test_one_step_of_descent_takes_the_weights_where_k_means_wants_them():
    method = small()
    losses = method.train().step(batch(0), Draws.at(0))
    before = [weight.detach().clone() for weight in method.backbone.parameters()]
    optimizer = method.optimizations(9)["filters"].optimizer
    losses.players["filters"].backward()
    optimizer.step()
    moved = sum(((new - old) ** 2).sum() for new, old in zip(method.backbone.parameters(), before, strict=True)) / 2
    assert moved.item() == pytest.approx(losses.players["filters"].item(), rel=1e-4)


def test_validation_moves_nothing(trained):
    method = copy.deepcopy(trained[0]).eval()
    method.updates.fill_(UPDATES + 3)  # in the middle of the second layer
    before = {name: value.clone() for name, value in method.state_dict().items()}
    method.step(batch(99), Draws.at(0))
    assert all(value.equal(before[name]) for name, value in method.state_dict().items())


def test_run_that_goes_on_from_its_state_ends_like_one_never_stopped(trained):
    first, second = small(), small()
    train(first, 5)
    second.load_state_dict(first.state_dict())
    train(second, 2 * UPDATES - 4, first=5)
    assert all(value.equal(second.state_dict()[name]) for name, value in trained[0].state_dict().items())


def test_groups_of_a_convolution_are_clustered_apart():
    torch.manual_seed(0)
    method = KMeans(KMeansConfig(layer="conv2"))
    assert method.clusters[1].centroids.shape == (2, 128, 128)
    assert method.clusters[1].mean.shape == (2, 48 * 5 * 5)


@pytest.mark.parametrize(
    ("backbone", "layer", "found"),
    [("alexnet-small", "pool5", "BatchNorm2d"), ("alexnet-small-plain", "fc6", "Linear")],
)
def test_networks_of_more_than_convolutions_are_refused(backbone, layer, found):
    with pytest.raises(UsageError, match=rf"{found}.* up to {layer}: pass --backbone"):
        KMeans(KMeansConfig(backbone=backbone, layer=layer))
