"""Random numbers that do not depend on the number of processes."""

import torch

from lessup.transforms.draws import Draws


def test_two_ranks_together_hold_the_numbers_of_one_process() -> None:
    whole = Draws.at(3, 9).uniform(4, 5)
    parts = [Draws.at(3, 9, rank=rank, world_size=2).uniform(2, 5) for rank in range(2)]
    assert torch.cat(parts).equal(whole)


def test_steps_and_seeds_give_different_numbers() -> None:
    numbers = {Draws.at(seed, step).uniform(1).item() for seed in range(20) for step in range(20)}
    assert len(numbers) == 400


def test_global_generator_is_untouched() -> None:
    before = torch.get_rng_state()
    Draws.at(0).normal(3)
    assert torch.get_rng_state().equal(before)


def test_integers_cover_their_range_evenly() -> None:
    counts = Draws.at(1).integers(2, 6, 4000).bincount()
    assert counts[:2].sum() == 0
    assert (counts[2:] - 1000).abs().max() < 150  # 5 standard deviations of a binomial count
