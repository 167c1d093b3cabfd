import math
from itertools import combinations

import numpy as np
import pytest
import torch

from lessup.errors import DataError, UsageError
from lessup.methods.koch_siamese import KochSiamese, KochSiameseConfig, cpu, paper
from lessup.samples.images import Images, Ragged
from lessup.transforms.draws import Draws


def built(**changed) -> KochSiamese:
    torch.manual_seed(0)
    return KochSiamese(KochSiameseConfig(**{"backbone": "koch-small", **changed})).eval()


def batch(label):
    image = torch.rand(len(label), 1, 105, 105, generator=torch.Generator().manual_seed(1))
    return {"image": image, "extent": torch.full((len(label), 2), 105), "label": torch.tensor(label)}


def test_whole_net_has_the_published_number_of_parameters():
    assert sum(weight.numel() for weight in built(backbone="koch").parameters()) == 38_951_745


@torch.no_grad()
def test_loss_is_the_cross_entropy_of_loops_over_pairs():
    label = [0, 0, 1, 1]  # 2 pairs of one class and 4 of two, of which 2 are drawn
    method, given = built(initialisation="kaiming"), batch(label)
    code = method.encode(given).double().numpy()
    alpha, bias = method.weight.weight[0].double().numpy(), method.weight.bias.item()
    costs = {}
    for i, j in combinations(range(4), 2):
        p = 1 / (1 + math.exp(-(alpha @ np.abs(code[i] - code[j]) + bias)))
        costs[i, j] = -math.log(p if label[i] == label[j] else 1 - p)
    same = costs.pop((0, 1)) + costs.pop((2, 3))
    wanted = [(same + first + second) / 4 for first, second in combinations(costs.values(), 2)]
    for seed in range(10):
        loss = method.step(given, Draws.at(seed)).players["pairs"].item()
        assert min(abs(loss - one) for one in wanted) < 1e-4 * loss


@torch.no_grad()
def test_class_is_scored_by_the_mean_probability_of_its_pairs():
    method = built(initialisation="kaiming")
    known, asked = torch.rand(3, 1024), torch.rand(2, 1024)
    found = method.told(known, torch.tensor([0, 1, 1]), asked)
    p = [[torch.sigmoid(method.weight((one - other).abs())).item() for other in known] for one in asked]
    for row, (first, second, third) in zip(found.tolist(), p, strict=True):
        assert row == pytest.approx([first, (second + third) / 2], rel=1e-5)


def test_rate_falls_by_a_hundredth_an_epoch_and_momentum_rises_evenly():
    optimization = built(learning_rate=0.1, epochs=5).optimizations(10)["pairs"]
    rates, momenta = [], []
    for _ in range(10):
        group = optimization.optimizer.param_groups[0]
        rates.append(group["lr"])
        momenta.append(group["momentum"])
        optimization.optimizer.step()
        optimization.schedule.step()
    assert rates == pytest.approx([0.1 * 0.99 ** (step // 2) for step in range(10)])
    assert momenta == pytest.approx([0.5 + 0.1 * (step // 2) for step in range(10)])


def test_labels_without_pairs_are_refused():
    images = Images(
        pixels=Ragged.of([np.zeros((9, 9, 1), np.uint8)] * 3),
        id=np.array(["a", "b", "c"]),
        label=np.array([0, 1, -1]),
        classes=("x", "y"),
        group=np.arange(3),
        official=np.full(3, ""),
        fingerprint="generated",
    )
    with pytest.raises(DataError, match="2 classes have images, 0 of them two or more"):
        built().begin(images, 0)


@pytest.mark.parametrize("changed", [{"jitter": -1.0}, {"epochs": 0}, {"momentum": 1.0}, {"first_momentum": 0.95}])
def test_settings_out_of_range_are_refused(changed):
    with pytest.raises(UsageError, match="wanted"):
        built(**changed)


def test_recipes_hold_out_whole_classes():
    assert paper().training.batch_size == 128
    assert all(recipe.folds.whole_classes for recipe in (paper(), cpu()))
