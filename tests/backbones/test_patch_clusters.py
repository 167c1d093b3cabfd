import numpy as np
import pytest
import torch
from torch import nn

from lessup.backbones.patch_clusters import PatchClusters, random_patches, whitening
from lessup.transforms.draws import Draws


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2)


def correlated(groups, count, size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(groups, size, size, generator=generator)
    return torch.randn(groups, count, size, generator=generator) @ mixing + 3


def begun(layer, patches):
    clusters = PatchClusters(layer)
    clusters.measure(patches)
    clusters.begin(patches, Draws.at(0))
    return clusters


def test_patches_are_what_the_convolution_meets(layer):
    x = torch.randn(3, 4, 8, 9)
    patches = random_patches(x, layer, 5, Draws.at(0))
    assert patches.shape == (2, 15, 18)
    responses = torch.einsum("gpf,gkf->gkp", patches, layer.weight.view(2, 3, 18)).flatten(0, 1)  # (6, 15)
    maps = (layer(x) - layer.bias.view(-1, 1, 1)).flatten(2)  # (3, 6, 20)
    places = Draws.at(0).integers(0, 20, 3, 5)
    for image in range(3):
        for number in range(5):
            wanted = maps[image, :, places[image, number]]
            torch.testing.assert_close(responses[:, image * 5 + number], wanted)


def test_mean_and_scatter_of_parts_are_those_of_the_whole(layer):
    patches = correlated(2, 50, 18)
    clusters = PatchClusters(layer)
    for part in patches.split([7, 30, 13], dim=1):
        clusters.measure(part)
    for group in range(2):
        whole = patches[group].double().numpy()
        np.testing.assert_allclose(clusters.mean[group], whole.mean(0), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(clusters.scatter[group], 50 * np.cov(whole.T, bias=True), rtol=1e-3, atol=0.05)


def test_whitened_patches_have_equal_spread_in_the_largest_directions_and_no_correlation():
    patches = correlated(1, 400, 10)[0].double()
    centred = patches - patches.mean(0)
    scatter = centred.T @ centred
    points = centred @ whitening(scatter, 4).T
    torch.testing.assert_close(points.T @ points, torch.eye(4, dtype=torch.float64), rtol=0, atol=1e-4)
    values = torch.linalg.eigvalsh(scatter)
    kept = whitening(scatter, 4)
    torch.testing.assert_close((kept @ scatter @ kept.T).diagonal(), values[-4:] / (values[-4:] + 1e-3))


def test_direction_without_spread_is_not_blown_up():
    patches = correlated(1, 40, 3)[0].double()
    flat = torch.cat([patches, torch.zeros(40, 1)], 1)
    centred = flat - flat.mean(0)
    assert (centred @ whitening(centred.T @ centred, 4).T).abs().max() < 1


def test_centroids_are_the_means_of_all_patches_that_ever_chose_them(layer):
    patches = correlated(2, 60, 18)
    clusters = begun(layer, patches)
    sums, counts = np.zeros((2, 3, 3)), np.zeros((2, 3))
    for seed in range(3):
        batch = correlated(2, 40, 18, seed + 1)
        before = clusters.centroids.double().numpy().copy()
        for group in range(2):
            for patch in batch[group].double().numpy():
                point = clusters.whitening[group].double().numpy() @ (patch - clusters.mean[group].double().numpy())
                point /= np.linalg.norm(point)
                nearest = ((before[group] - point) ** 2).sum(1).argmin()
                sums[group, nearest] += point
                counts[group, nearest] += 1
        clusters.move(batch, Draws.at(seed))
        assert counts.min() > 0.01 * counts.max()
        np.testing.assert_allclose(clusters.centroids, sums / counts[:, :, None], atol=1e-4)
        np.testing.assert_array_equal(clusters.chosen, counts)


def test_a_centroid_that_no_patch_chooses_is_put_onto_one(layer):
    patches = correlated(2, 60, 18)
    clusters = begun(layer, patches)
    clusters.centroids[0, 1] = 100.0
    clusters.move(patches, Draws.at(0))
    points = clusters._points(patches)
    assert torch.cdist(points[0], clusters.centroids[0, 1:2]).min() < 1e-3


def test_error_falls_as_the_centroids_move(layer):
    patches = correlated(2, 200, 18)
    clusters = begun(layer, patches)
    errors = [clusters.error(patches).item()]
    for step in range(10):
        clusters.move(patches, Draws.at(step))
        errors.append(clusters.error(patches).item())
    assert errors[-1] < errors[0]
    points = clusters._points(patches)
    by_loops = [
        min(((point - c) ** 2).sum().item() for c in clusters.centroids[g]) for g in (0, 1) for point in points[g]
    ]
    assert errors[-1] == pytest.approx(np.mean(by_loops), rel=1e-4)


def test_filters_respond_to_a_patch_as_centroids_do_to_the_whitened_patch(layer):
    patches = correlated(2, 60, 18)
    clusters = begun(layer, patches)
    filters = clusters.filters().view(2, 3, 18)
    whitened = (patches - clusters.mean[:, None]) @ clusters.whitening.transpose(1, 2)
    wanted = whitened @ clusters.centroids.transpose(1, 2)
    got = (patches - clusters.mean[:, None]) @ filters.transpose(1, 2)
    torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-3)


def test_all_that_was_found_is_in_the_state(layer):
    clusters = begun(layer, correlated(2, 60, 18))
    other = PatchClusters(layer)
    other.load_state_dict(clusters.state_dict())
    patches = correlated(2, 30, 18, seed=5)
    for each in (clusters, other):
        each.move(patches, Draws.at(1))
    assert other.filters().equal(clusters.filters())
