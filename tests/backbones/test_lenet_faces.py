import numpy as np
import torch

from lessup.backbones.lenet_faces import MaskedConv2d, Squash, Subsampling, lenet_faces


def test_maps_have_the_published_sizes():
    backbone = lenet_faces(1)
    assert backbone.size == (56, 46)
    assert backbone.shapes == {
        "c1": (15, 50, 40),
        "s2": (15, 25, 20),
        "c3": (45, 20, 15),
        "s4": (45, 5, 5),
        "c5": (250,),
    }


def test_parameters_are_those_of_the_published_layers():
    counts = [sum(weight.numel() for weight in stage.parameters()) for stage in lenet_faces(1).stages.values()]
    assert counts[0] == 15 * (49 + 1)
    assert counts[1] == 2 * 15  # two a map
    assert counts[3] == 2 * 45
    assert counts[4] == 250 * (45 * 25 + 1)


def test_subsampling_is_the_mean_of_a_block_times_a_coefficient_plus_a_bias():
    layer = Subsampling(2, (4, 3))
    torch.nn.init.normal_(layer.weight)
    torch.nn.init.normal_(layer.bias)
    x = torch.rand(3, 2, 20, 15)
    found = layer(x)
    assert found.shape == (3, 2, 5, 5)
    for n, c, row, column in np.ndindex(3, 2, 5, 5):
        block = x[n, c, 4 * row : 4 * row + 4, 3 * column : 3 * column + 3]
        torch.testing.assert_close(found[n, c, row, column], block.mean() * layer.weight[c] + layer.bias[c])


def test_each_map_of_c3_sees_a_third_of_s2_in_a_way_of_its_own():
    layer = MaskedConv2d(15, 45, 6)
    assert layer.seen.sum((1, 2, 3)).tolist() == [5] * 45
    assert layer.seen.sum((0, 2, 3)).tolist() == [15] * 15
    assert len({tuple(row.flatten().tolist()) for row in layer.seen}) == 45
    x = torch.rand(1, 15, 25, 20)
    before = layer(x)
    x[:, 0] += 1
    changed = (layer(x) != before).flatten(2).any(2)[0]
    assert changed.equal(layer.seen[:, 0, 0, 0] == 1)


def test_squash_maps_one_to_one_and_has_a_bound():
    found = Squash()(torch.tensor([-1e9, -1.0, 0.0, 1.0, 1e9]))
    torch.testing.assert_close(found, torch.tensor([-1.7159, -1.0, 0.0, 1.0, 1.7159]), atol=1e-4, rtol=0)


def test_a_whole_image_of_any_size_is_brought_to_the_height_and_width_of_the_net():
    assert lenet_faces(3).until("s2").size == (56, 46)
