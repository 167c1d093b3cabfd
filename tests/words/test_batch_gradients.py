import pytest
import torch

from lessup.losses.words import choices_loss
from lessup.words import batch_gradients
from lessup.words.batch_gradients import Choices, gradients, shares_that_hold


@pytest.fixture
def example():
    """Five first and four second vectors; the last of each is in no choice."""
    torch.manual_seed(0)
    vectors = [torch.randn(5, 3, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64), torch.randn(4).double()]
    asked = Choices(torch.randint(0, 4, (50,)), torch.randint(0, 3, (50,)), torch.rand(50) < 0.3)
    return vectors, asked


def loss(vectors, asked):
    first, second, shift = vectors
    return choices_loss((first[asked.word] * second[asked.row]).sum(1) + shift[asked.row], asked.yes, 1)


@pytest.mark.parametrize("at_once", [7, 1000])
def test_gradients_are_those_of_the_loss(example, monkeypatch, at_once):
    monkeypatch.setattr(batch_gradients, "AT_ONCE", at_once)
    vectors, asked = example
    leaves = [each.clone().requires_grad_() for each in vectors]
    whole = loss(leaves, asked)
    found = gradients(*vectors[:2], asked, shift=vectors[2])
    torch.testing.assert_close(found.loss, whole.detach())
    for own, expected in zip(found[1:], torch.autograd.grad(whole, leaves), strict=True):
        torch.testing.assert_close(own, expected)


def test_scores_beyond_the_reach_move_nothing(example):
    (first, second, shift), asked = example
    score = (first[asked.word] * second[asked.row]).sum(1) + shift[asked.row]
    near = score.abs() < 1
    some = Choices(*(each[near] for each in asked))
    found = gradients(first, second, asked, shift=shift, reach=1.0)
    expected = gradients(first, second, some, shift=shift)
    for own, other in zip(found[1:], expected[1:], strict=True):
        torch.testing.assert_close(own, other)
    assert found.loss > expected.loss


@pytest.mark.parametrize("rate", [1e-3, 0.1, 10.0, 1e4])
def test_no_vector_alone_goes_up_however_large_the_rate(example, rate):
    vectors, asked = example
    along = gradients(*vectors[:2], asked, shift=vectors[2])
    of_first, of_second = shares_that_hold(vectors[0], vectors[1], asked, along, rate=rate)
    before = loss(vectors, asked)
    for row in range(4):
        moved = vectors[0].clone()
        moved[row] -= rate * of_first[row] * along.first[row]
        assert loss([moved, *vectors[1:]], asked) < before
    for row in range(3):
        moved, shift = vectors[1].clone(), vectors[2].clone()
        moved[row] -= rate * of_second[row] * along.second[row]
        shift[row] -= rate * of_second[row] * along.shift[row]
        assert loss([vectors[0], moved, shift], asked) < before


def test_small_steps_and_vectors_that_are_in_no_choice_are_whole(example):
    vectors, asked = example
    first, second = vectors[:2]
    along = gradients(first, second, asked)
    shares = shares_that_hold(first, second, asked, along, rate=1e-6)
    assert all((share == 1).all() for share in shares)
    shares = shares_that_hold(first, second, asked, along, rate=1e6)
    assert all(share[-1] == 1 and (share[:3] < 1).all() for share in shares)


def test_the_share_is_half_the_way_to_the_lowest_point_of_the_bound():
    first, second = torch.tensor([[2.0]]), torch.tensor([[0.0]])
    nothing = torch.zeros(8, dtype=torch.int64)
    asked = Choices(nothing, nothing, torch.ones(8, dtype=torch.bool))
    along = gradients(first, second, asked)
    assert along.second.item() == -8  # eight times (1/2 - 1) 2
    # the bound by s is -8 s + (8 2^2 / 4) s^2 / 2, lowest at s = 1; half-way is s = 1/2, and a whole step s = 8
    assert shares_that_hold(first, second, asked, along, rate=1.0)[1].item() == pytest.approx(1 / 16)
