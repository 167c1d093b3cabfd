from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lessup.errors import UsageError
from lessup.methods.egomotion import Egomotion, EgomotionConfig
from lessup.transforms.draws import Draws
from lessup.transforms.rigid_motion import Motion, moved

SMALL = EgomotionConfig(backbone="egomotion-digits-small", channels=1, hidden=64)


def built(config: EgomotionConfig = SMALL) -> Egomotion:
    torch.manual_seed(0)
    return Egomotion(config).eval()


def digits(count: int) -> dict[str, torch.Tensor]:
    """Bars that no two of the motions leave alike."""
    image = torch.zeros(count, 1, 28, 28)
    image[:, :, 8:20, 12:15] = 1
    image[:, :, 8:11, 12:20] = 1
    return {"image": image, "extent": torch.full((count, 2), 28)}


def test_every_class_of_motions_is_as_frequent_and_is_what_it_says():
    motion = Motion.drawn(20_000, Draws.at(0), shift=3, degrees=30)
    bins = built().bins(motion)
    assert (bins[:, :2] == motion.shift + 3).all()
    low = -30 + 3.0 * bins[:, 2]
    assert ((low - 1e-5 <= motion.degrees) & (motion.degrees < low + 3 + 1e-5)).all(), "bins of 3 degrees"
    for column, classes in ((0, 7), (1, 7), (2, 20)):
        counts = np.bincount(bins[:, column].numpy(), minlength=classes)
        assert len(counts) == classes
        assert abs(counts - 20_000 / classes).max() < 5 * np.sqrt(20_000 / classes)


def test_loss_is_the_sum_of_three_cross_entropies_of_the_moved_pairs():
    method, batch = built(), digits(5)
    losses = method.step(batch, Draws.at(3))
    motion = Motion.drawn(5, Draws.at(3), shift=3, degrees=30)
    second = moved(batch["image"], motion.shift, motion.degrees)
    codes = [method.backbone(view).flatten(1) for view in (batch["image"], second)]
    scores = method.answer(method.both(torch.cat(codes, 1)).relu())
    bins = torch.cat([motion.shift + 3, ((motion.degrees + 30) // 3).long()[:, None]], 1)
    parts = scores[:, :7], scores[:, 7:14], scores[:, 14:]
    wanted = sum(F.cross_entropy(part, bins[:, number]) for number, part in enumerate(parts))
    torch.testing.assert_close(losses.players["motion"], wanted)
    for number, name in enumerate(("right", "down", "turn")):
        share = (parts[number].argmax(1) == bins[:, number]).double().mean()
        assert losses.log[name].item() == pytest.approx(100 * share.item())


def test_both_views_go_through_the_same_weights():
    method = built()
    view = torch.rand(2, 1, 28, 28)
    method.both.weight.data[:, method.both.in_features // 2 :] = method.both.weight.data[
        :, : method.both.in_features // 2
    ]
    one, other = method.told(view, view.flip(3)), method.told(view.flip(3), view)
    for first, second in zip(one, other, strict=True):
        torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-5)


def test_it_learns_to_tell_shifts():
    method = built(replace(SMALL, degrees=0, turns=1, dropout=0, optimizer="adamw", learning_rate=3e-3)).train()
    optimizer = method.optimizations(100)["motion"].optimizer
    for number in range(60):
        optimizer.zero_grad()
        method.step(digits(32), Draws.at(1, number)).players["motion"].backward()
        optimizer.step()
    found = method.eval().step(digits(64), Draws.at(9)).log
    assert found["right"] > 80
    assert found["down"] > 80


def test_dropout_is_off_outside_of_training():
    method = built()
    assert (
        method.step(digits(4), Draws.at(0)).players["motion"] == method.step(digits(4), Draws.at(0)).players["motion"]
    )
    method.train()
    method.config = replace(SMALL, dropout=0.9)
    assert (
        method.step(digits(4), Draws.at(0)).players["motion"] != built().step(digits(4), Draws.at(0)).players["motion"]
    )


@pytest.mark.parametrize("wrong", [{"shift": -1}, {"turns": 0}, {"degrees": 200.0}])
def test_motions_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError, match=r"wanted [01] or more"):
        Egomotion(replace(SMALL, **wrong))
