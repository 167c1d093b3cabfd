import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from lessup.errors import DataError, UsageError
from lessup.methods.mean_teacher import MeanTeacher, MeanTeacherConfig
from lessup.transforms.draws import Draws
from toy_digits import as_samples, zeros_to_twos

SMALL = MeanTeacherConfig(backbone="convnet-small", channels=1, num_classes=3, unlabelled=3, ramp_up=20)


def built(config: MeanTeacherConfig = SMALL) -> MeanTeacher:
    torch.manual_seed(0)
    return MeanTeacher(config)


@pytest.fixture(scope="module")
def digits():
    """8 images with a label before 24 others, of three digits."""
    image, label = zeros_to_twos()
    return {"image": image[:32], "extent": torch.full((32, 2), 28), "label": label[:32]}


def test_loss_is_that_of_a_plain_loop_over_the_images(digits):
    method = built(replace(SMALL, shift=0.0, noise=0.0))
    method.updates.fill_(10)
    with torch.no_grad():
        for weight in method.classifier.parameters():
            weight.mul_(1.5)  # so that teacher and student differ
    twin = built(replace(SMALL, shift=0.0, noise=0.0))
    twin.load_state_dict(method.state_dict())
    loss = method.step(digits, Draws.at(0)).players["classification"].item()
    twin._follow()
    image = twin.scaled(digits["image"])
    student = twin.student["classifier"](twin.student["backbone"](image)).softmax(1).tolist()
    teacher = twin.classifier(twin.backbone(image)).softmax(1).tolist()
    labelled = sum(-math.log(student[n][int(digits["label"][n])]) for n in range(8)) / 32
    distance = sum((a - b) ** 2 for x, y in zip(student, teacher, strict=True) for a, b in zip(x, y, strict=True)) / 96
    assert distance > 1e-6
    assert loss == pytest.approx(labelled + 100 * math.exp(-5 * 0.25) * distance, rel=1e-4)


def test_teacher_is_the_weighted_mean_of_all_that_the_student_was():
    method = built(replace(SMALL, ramp_up=3, early_decay=0.6, decay=0.9))
    weight, was = method.student["classifier"].weight, []
    for update in range(8):
        with torch.no_grad():
            weight.normal_(generator=torch.Generator().manual_seed(update))
        was.append(weight.detach().double().clone())
        method._follow()
        method.updates += 1
    # 1 - 1 / (n + 1) below the decays at first: 0, 1/2, 0.6 (of 2/3), then 3/4, 4/5, 5/6, 6/7, 7/8, all below 0.9
    decays = [0, 1 / 2, 0.6, 3 / 4, 4 / 5, 5 / 6, 6 / 7, 7 / 8]
    shares = [(1 - decays[n]) * math.prod(decays[n + 1 :]) for n in range(8)]
    assert sum(shares) == pytest.approx(1)
    wanted = sum(share * one for share, one in zip(shares, was, strict=True))
    torch.testing.assert_close(method.classifier.weight.double(), wanted, atol=1e-6, rtol=0)


def test_teacher_gets_no_gradient_and_no_optimiser(digits):
    method = built()
    (optimization,) = method.optimizations(10).values()
    method.step(digits, Draws.at(0)).players["classification"].backward()
    teacher = [*method.backbone.parameters(), *method.classifier.parameters()]
    assert all(weight.grad is None for weight in teacher)
    assert all(weight.grad is not None for weight in method.student.parameters())
    learnt = {id(weight) for group in optimization.optimizer.param_groups for weight in group["params"]}
    assert learnt == {id(weight) for weight in method.student.parameters()}


def test_student_and_teacher_begin_alike_and_the_teacher_is_what_is_asked(digits):
    method = built().eval()
    before = method.classify(digits)
    with torch.no_grad():
        for weight in method.student.parameters():
            weight.zero_()
    assert method.classify(digits).equal(before)
    twin = built().eval()
    assert twin.student["classifier"](twin.student["backbone"](twin.prepared(digits))).equal(before)


def test_student_and_teacher_see_images_jittered_each_in_its_own_way(digits):
    method, image = built(replace(SMALL, shift=0.0, noise=0.0, bend=0.03)), digits["image"]
    plain = method.scaled(image)
    first, second = (method._changed(image, Draws.at(0, number)) for number in (0, 1))
    assert not first.allclose(second)
    assert (first - plain).abs().mean() < plain.abs().mean()
    torch.testing.assert_close(built(replace(SMALL, shift=0.0, noise=0.0))._changed(image, Draws.at(0)), plain)


def test_labels_behind_the_first_are_not_looked_at(digits):
    found = []
    for hidden in (digits["label"][8:], digits["label"][8:].flip(0), torch.full((24,), -1)):
        method, batch = built(), {**digits, "label": torch.cat([digits["label"][:8], hidden])}
        losses = method.step(batch, Draws.at(0))
        gradients = torch.autograd.grad(losses.players["classification"], [*method.student.parameters()])
        found.append([*losses.log.values(), *gradients])
    assert all(one.equal(other) for one, other in zip(found[0], found[1], strict=True))
    assert all(one.equal(other) for one, other in zip(found[0], found[2], strict=True))


def test_settings_and_data_that_make_no_sense_are_refused():
    for name, value in (("unlabelled", 0), ("decay", 1.5), ("ramp_up", -1), ("bend", -1.0)):
        with pytest.raises(UsageError, match=f"{name.replace('_', '-')} {value}"):
            MeanTeacher(replace(SMALL, **{name: value}))


def test_tags_are_refused():
    with pytest.raises(DataError, match="one label an image"):
        MeanTeacher.configured(SMALL, as_samples([-1] * 4, tags=np.eye(4, 3, dtype=np.int8)))
