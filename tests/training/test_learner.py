import copy

import numpy as np
import pytest
import torch
from training_toys import Toy, Width, split, start, train, weights

from lessup.optimization import Optimization
from lessup.training import build
from lessup.transforms.draws import Draws


def test_accumulated_parts_give_the_update_of_the_whole_batch(tmp_path):
    whole = train(start(tmp_path / "whole"))
    parts = train(start(tmp_path / "parts"), accumulate=4)
    torch.testing.assert_close(weights(parts), weights(whole), rtol=0, atol=1e-6)


def test_players_move_at_once_from_one_graph(tmp_path):
    fitted = train(start(tmp_path / "run", "players"), "players", steps=1)
    method = build("players", Width(), seed=0)
    before = copy.deepcopy(method)
    samples = split().train
    losses = method.step(samples.batch(np.random.default_rng((0, 0)).permutation(40)[:8]), Draws.at(0, 0)).players
    for name, rate in (("down", 0.05), ("up", 0.1)):
        gradients = torch.autograd.grad(losses[name], [*getattr(method, name).parameters()], retain_graph=True)
        for old, gradient, new in zip(
            getattr(before, name).parameters(), gradients, getattr(fitted, name).parameters(), strict=True
        ):
            torch.testing.assert_close(new, old - rate * gradient)


def test_players_accumulate_and_clip_like_the_whole_batch(tmp_path):
    whole = train(start(tmp_path / "whole", "players"), "players", clip_norm=0.05)
    parts = train(start(tmp_path / "parts", "players"), "players", clip_norm=0.05, accumulate=2)
    free = train(start(tmp_path / "free", "players"), "players")
    torch.testing.assert_close(weights(parts), weights(whole), rtol=0, atol=1e-6)
    assert not torch.allclose(weights(free), weights(whole))


def test_clipping_bounds_the_step(tmp_path):
    class Descent(Toy):
        def optimizations(self, num_steps):
            return {"all": Optimization(torch.optim.SGD(self.parameters(), lr=1.0))}

    torch.manual_seed(0)
    method = Descent()
    before = weights(method)
    train(start(tmp_path / "run"), method, steps=1, clip_norm=0.25)
    assert (weights(method) - before).norm().item() == pytest.approx(0.25, rel=1e-4)
