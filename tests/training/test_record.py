import os
import signal

import numpy as np
import pytest
import torch
from training_toys import Acting, split, start, train

from lessup.transforms.draws import Draws


def test_metrics_hold_the_mean_loss_between_lines(tmp_path):
    run = start(tmp_path / "run")
    train(run, log_every=5, checkpoint_every=100)
    every = start(tmp_path / "every")
    train(every, log_every=1)
    losses = every.metrics()["loss"]
    lines = run.metrics()
    assert lines["step"].tolist() == [5, 10, 15, 20, 25, 30]
    np.testing.assert_allclose(lines["loss"], losses.reshape(6, 5).mean(axis=1), rtol=1e-6)


def test_validation_is_the_mean_loss_of_the_validation_part_with_fixed_draws(tmp_path):
    run = start(tmp_path / "run")
    method = train(run, validate_every=10, batch_size=8)
    lines = run.metrics()
    validated = ~np.isnan(lines["val_loss"])
    assert lines["step"][validated].tolist() == [10, 20, 30]
    part = split().validation
    total = 0.0
    for number, first in enumerate(range(0, 34, 8)):
        indices = np.arange(first, min(first + 8, 34))
        with torch.no_grad():
            total += method.step(part.batch(indices), Draws.at(-1, number)).players["all"].item() * len(indices)
    assert lines["val_loss"][-1] == pytest.approx(total / 34, rel=1e-5)


def test_best_checkpoint_is_the_one_with_the_lowest_validation_loss(tmp_path):
    run = start(tmp_path / "run")
    train(run, validate_every=3, steps=12)
    steps, losses = run.metrics()["step"], run.metrics()["val_loss"]
    best = int(steps[np.nanargmin(losses)])
    assert torch.load(run.checkpoint("best"), weights_only=True)["global_step"] == best


def test_interrupt_ends_with_a_checkpoint_of_the_present_step(tmp_path):
    run = start(tmp_path / "run", "acting")
    method = Acting(at=9, act=lambda: os.kill(os.getpid(), signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(run, method, checkpoint_every=100)
    assert signal.getsignal(signal.SIGINT) is before
    assert torch.load(run.checkpoint(), weights_only=True)["global_step"] == 9
    assert run.metrics()["step"].tolist() == [5, 9]
