import math

import numpy as np
import pytest
import torch

from lessup.errors import UsageError
from lessup.methods.prototypical_networks import PrototypicalNetworks, PrototypicalNetworksConfig, cpu, paper
from lessup.transforms.draws import Draws
from lessup.transforms.episodes import turned, turns
from lessup.transforms.jitter import bends, moved, movements


def built(**changed) -> PrototypicalNetworks:
    torch.manual_seed(0)
    return PrototypicalNetworks(PrototypicalNetworksConfig(**changed)).eval()


def batch(label, side=28):
    generator = torch.Generator().manual_seed(1)
    count = len(label)
    image = torch.rand(count, 1, side, side, generator=generator)
    return {"image": image, "extent": torch.full((count, 2), side), "label": torch.tensor(label)}


@pytest.mark.parametrize("shot", [1, 2])
@torch.no_grad()
def test_loss_is_that_of_loops_over_the_queries_of_the_batch(shot):
    label = [3, 3, 3, 8, 8, 8, 5, 5, 5]
    method, given = built(shot=shot), batch(label)
    code = method.encode(given).double().numpy()
    prototypes = {k: code[[i for i in range(9) if label[i] == k][:shot]].mean(0) for k in (3, 8, 5)}
    costs, right = [], []
    for k in (3, 8, 5):
        for query in [i for i in range(9) if label[i] == k][shot:]:
            distance = {other: ((code[query] - prototypes[other]) ** 2).sum() for other in prototypes}
            costs.append(distance[k] + math.log(sum(math.exp(-one) for one in distance.values())))
            right.append(min(distance, key=distance.get) == k)
    losses = method.step(given, Draws.at(0))
    assert losses.players["prototypes"].item() == pytest.approx(np.mean(costs), rel=1e-4)
    assert losses.log["accuracy"].item() == pytest.approx(100 * np.mean(right))


def test_rate_of_adam_is_halved_every_2000_updates():
    optimization = built().optimizations(10_000)["prototypes"]
    rate = optimization.schedule.lr_lambdas[0]
    assert [rate(update) for update in (0, 1999, 2000, 5999)] == [1, 1, 0.5, 0.25]
    assert optimization.optimizer.param_groups[0]["lr"] == 1e-3
    assert optimization.optimizer.param_groups[0]["betas"] == (0.9, 0.999)


def test_paper_trains_60_ways_with_one_shot_and_five_queries():
    recipe = paper()
    assert recipe.training.batch_size == 60 * (1 + 5)
    assert recipe.folds.whole_classes
    assert cpu().training.batch_size % (cpu().config.shot + cpu().config.queries) == 0


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


@pytest.mark.parametrize("bend", [0.0, 0.04])
@torch.no_grad()
def test_features_are_the_mean_over_views_that_do_not_depend_on_the_other_images(bend):
    method, given = built(jittered_views=3, bend=bend), batch([0, 1, 2])
    image = method.prepared(given)
    views = [image]
    for number in (1, 2):
        draws = Draws.at(0, number)
        movement, places = movements(1, draws).expand(3, -1), bends(1, draws, bend).expand(3, -1, -1, -1)
        views.append(moved(image, movement, places))
    expected = torch.stack([method.backbone(view).flatten(1) for view in views]).mean(0)
    torch.testing.assert_close(method.encode(given), expected, rtol=1e-4, atol=1e-5)
    alone = method.encode({name: values[2:] for name, values in given.items()})
    torch.testing.assert_close(alone, expected[2:], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(views[1], image)


@pytest.mark.parametrize("changed", [{"jittered_views": 0}, {"mirrored_classes": True, "turned_classes": False}])
def test_views_and_mirror_images_that_make_no_sense_are_refused(changed):
    with pytest.raises(UsageError, match="wanted 1 or more, and mirror images of turned classes alone"):
        built(**changed)
