import math

import numpy as np
import pytest
import torch

from lessup.errors import UsageError
from lessup.methods.matching_networks import MatchingNetworks, MatchingNetworksConfig, cpu, paper
from lessup.transforms.draws import Draws
from lessup.transforms.episodes import turned, turns


def built(**changed) -> MatchingNetworks:
    torch.manual_seed(0)
    return MatchingNetworks(MatchingNetworksConfig(**changed)).eval()


def batch(label, side=28):
    generator = torch.Generator().manual_seed(1)
    count = len(label)
    image = torch.rand(count, 1, side, side, generator=generator)
    return {"image": image, "extent": torch.full((count, 2), side), "label": torch.tensor(label)}


@pytest.mark.parametrize(("shot", "scale"), [(1, 1.0), (2, 10.0)])
@torch.no_grad()
def test_loss_is_that_of_loops_over_the_queries_of_the_batch(shot, scale):
    label = [3, 3, 3, 8, 8, 8, 5, 5, 5]
    method, given = built(shot=shot, scale=scale), batch(label)
    code = method.encode(given).double().numpy()
    code /= np.linalg.norm(code, axis=1, keepdims=True)
    known = [i for k in (3, 8, 5) for i in [j for j in range(9) if label[j] == k][:shot]]
    costs, right = [], []
    for query in sorted({*range(9)} - {*known}):
        attention = {i: math.exp(scale * (code[query] @ code[i])) for i in known}
        share = {k: sum(attention[i] for i in known if label[i] == k) / sum(attention.values()) for k in (3, 8, 5)}
        costs.append(-math.log(share[label[query]]))
        right.append(max(share, key=share.get) == label[query])
    losses = method.step(given, Draws.at(0))
    assert losses.players["attention"].item() == pytest.approx(np.mean(costs), rel=1e-4)
    assert losses.log["accuracy"].item() == pytest.approx(100 * np.mean(right))


def test_recipes_are_of_20_and_60_ways():
    for recipe, way in ((paper(), 20), (cpu(), 60)):
        assert recipe.training.batch_size == way * (recipe.config.shot + recipe.config.queries)
        assert recipe.folds.whole_classes


def test_turned_runs_of_one_class_are_classes_of_their_own():
    method = built(queries=1).train()
    given = batch([4, 4, 4, 4])  # two runs of one class: alone it is no episode, turned it is one of two classes
    draws = Draws.at(3)
    losses = method.step(given, draws)
    turn = turns(given["label"], Draws.at(3), per_class=2)
    assert turn[0] == turn[1] != turn[2] == turn[3]
    image = turned(method.prepared(given), turn)
    code = method.backbone(image).flatten(1)
    scores = method.told(code[[0, 2]], torch.tensor([0, 1]), code[[1, 3]])
    wanted = -torch.log_softmax(scores, 1).diagonal().mean()
    (loss,) = losses.players.values()
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-4)


def test_nothing_is_turned_or_jittered_once_trained():
    method, given = built(jitter=1.0), batch([0, 0, 1, 1])
    (first,), (second,) = (method.step(given, Draws.at(seed)).players.values() for seed in (0, 1))
    assert first.item() == second.item()


@pytest.mark.parametrize("changed", [{"shot": 0}, {"queries": 0}, {"jitter": -1.0}])
def test_settings_out_of_range_are_refused(changed):
    with pytest.raises(UsageError, match="wanted"):
        built(**changed)


def test_images_that_are_not_square_cannot_be_turned():
    with pytest.raises(UsageError, match=r"46x56 pixels, .* --no-turned-classes"):
        built(backbone="lenet-faces")
    assert built(backbone="lenet-faces", turned_classes=False).copies == 1
