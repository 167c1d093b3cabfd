import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from lessup.errors import DataError, UsageError
from lessup.methods.fixmatch import FixMatch, FixMatchConfig
from lessup.transforms.draws import Draws
from lessup.transforms.shifts import shifted
from toy_digits import as_samples, told_wrongly, trained, zeros_to_twos

SMALL = FixMatchConfig(backbone="convnet-small", channels=1, num_classes=3, mirror=0.0, unlabelled=3)


def built(config: FixMatchConfig = SMALL) -> FixMatch:
    torch.manual_seed(0)
    return FixMatch(config)


@pytest.fixture(scope="module")
def digits():
    """8 images with a label before 24 others, of three digits."""
    image, label = zeros_to_twos()
    return {"image": image[:32], "extent": torch.full((32, 2), 28), "label": label[:32]}


def test_loss_is_that_of_a_plain_loop_over_the_images(digits):
    method = built(replace(SMALL, threshold=0.8, unlabelled_weight=0.7))
    with torch.no_grad():
        method.classifier.weight.mul_(5)  # so that some images are told surely
    losses = method.step(digits, Draws.at(1))
    draws = Draws.at(1)
    weak = shifted(digits["image"], draws, shift=0.125, mirror=0.0)
    strong = method.strongly_changed(weak[8:], draws)
    told = method.logits(method.scaled(weak[8:])).softmax(1).tolist()
    said = method.logits(method.scaled(torch.cat([weak[:8], strong]))).softmax(1).tolist()
    labelled = sum(-math.log(said[n][int(digits["label"][n])]) for n in range(8)) / 8
    unlabelled, sure = 0.0, 0
    for shares, answer in zip(told, said[8:], strict=True):
        if max(shares) >= 0.8:
            unlabelled -= math.log(answer[shares.index(max(shares))]) / 24
            sure += 1
    assert 0 < sure < 24
    assert losses.players["classification"].item() == pytest.approx(labelled + 0.7 * unlabelled, rel=1e-4)
    assert losses.log["loss_unlabelled"].item() == pytest.approx(unlabelled, rel=1e-4)
    assert losses.log["sure"].item() == pytest.approx(100 * sure / 24)


def test_labels_behind_the_first_are_not_looked_at(digits):
    found = []
    for hidden in (digits["label"][8:], digits["label"][8:].flip(0), torch.full((24,), -1)):
        method, batch = built(), {**digits, "label": torch.cat([digits["label"][:8], hidden])}
        losses = method.step(batch, Draws.at(0))
        gradients = torch.autograd.grad(losses.players["classification"], [*method.parameters()])
        found.append([*losses.log.values(), *gradients])
    assert all(one.equal(other) for one, other in zip(found[0], found[1], strict=True))
    assert all(one.equal(other) for one, other in zip(found[0], found[2], strict=True))


def test_strong_changes_repeat_with_the_seed(digits):
    method = built()
    first, again, other = (method.strongly_changed(digits["image"], Draws.at(seed)) for seed in (0, 0, 1))
    assert first.equal(again)
    assert not first.equal(other)


def test_rate_falls_along_seven_sixteenths_of_a_cosine_and_momentum_is_nesterovs():
    (optimization,) = built().optimizations(100).values()
    group = optimization.optimizer.param_groups[0]
    assert group["nesterov"]
    for update in range(100):
        assert group["lr"] == pytest.approx(0.03 * math.cos(7 * math.pi * update / (16 * 100)))
        optimization.optimizer.step()
        optimization.schedule.step()


@pytest.mark.slow
def test_six_labels_and_other_digits_make_half_of_the_errors_of_six_labels_alone():
    image, label = zeros_to_twos()
    wrong = {}
    for weight in (0.0, 1.0):
        config = replace(SMALL, unlabelled_weight=weight, threshold=0.9, learning_rate=0.05, shift=0.07)
        wrong[weight] = told_wrongly(trained(FixMatch, config, image, label), image, label)
    assert wrong[1.0] <= wrong[0.0] / 2


def test_settings_and_data_that_make_no_sense_are_refused():
    for config in (replace(SMALL, unlabelled=0), replace(SMALL, threshold=1.5), replace(SMALL, operations=-1)):
        with pytest.raises(UsageError, match=f"threshold {config.threshold}"):
            FixMatch(config)


def test_tags_are_refused():
    with pytest.raises(DataError, match="one label an image"):
        FixMatch.configured(SMALL, as_samples([-1] * 4, tags=np.eye(4, 3, dtype=np.int8)))
