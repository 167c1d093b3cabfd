import math

import pytest
import torch

from lessup.losses.consistency import pseudo_label_loss, sigmoid_ramp_up, softmax_distance


def softmax(scores):
    top = [math.exp(score - max(scores)) for score in scores]
    return [value / sum(top) for value in top]


@pytest.fixture
def scores():
    generator = torch.Generator().manual_seed(0)
    weak = 4 * torch.randn(60, 5, generator=generator, dtype=torch.float64)
    return weak, torch.randn(60, 5, generator=generator, dtype=torch.float64)


def test_loss_of_unlabelled_images_is_that_of_a_plain_loop(scores):
    weak, strong = scores
    total, counted = 0.0, []
    for told, said in zip(weak.tolist(), strong.tolist(), strict=True):
        shares = softmax(told)
        counted.append(max(shares) >= 0.8)
        if counted[-1]:
            total -= math.log(softmax(said)[shares.index(max(shares))])
    loss, counts = pseudo_label_loss(weak, strong, threshold=0.8)
    assert loss.item() == pytest.approx(total / 60, rel=1e-12)
    assert counts.tolist() == counted
    assert 0 < sum(counted) < 60


def test_an_image_counts_from_the_threshold_on():
    weak = torch.tensor([[0.75, 0.25], [0.7499, 0.2501], [0.25, 0.75]], dtype=torch.float64).log()
    counts = pseudo_label_loss(weak, torch.zeros(3, 2, dtype=torch.float64), threshold=0.75 - 1e-12)[1]
    assert counts.tolist() == [True, False, True]


def test_no_gradient_reaches_what_is_believed(scores):
    weak, strong = (value.requires_grad_() for value in scores)
    for loss in (pseudo_label_loss(weak, strong, threshold=0.5)[0], softmax_distance(strong, weak)):
        to_weak, to_strong = torch.autograd.grad(loss, [weak, strong], allow_unused=True)
        assert to_weak is None
        assert to_strong.any()


def test_distance_is_that_of_a_plain_loop(scores):
    teacher, student = scores
    total = sum(
        (a - b) ** 2
        for one, other in zip(teacher.tolist(), student.tolist(), strict=True)
        for a, b in zip(softmax(one), softmax(other), strict=True)
    )
    assert softmax_distance(student, teacher).item() == pytest.approx(total / 300, rel=1e-12)


def test_ramp_rises_from_exp_minus_5_to_1_and_stays():
    assert sigmoid_ramp_up(0, 100) == pytest.approx(0.006737947)
    assert sigmoid_ramp_up(20, 100) == pytest.approx(0.040762204)
    assert sigmoid_ramp_up(50, 100) == pytest.approx(0.2865048)
    assert sigmoid_ramp_up(100, 100) == sigmoid_ramp_up(1e6, 100) == sigmoid_ramp_up(0, 0) == 1
