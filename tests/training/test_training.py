import csv
import os
import signal

import numpy as np
import pytest
import torch
from training_toys import Points, Toy, Width, points, split, start, train, weights, with_plug

from lessup.errors import DataError, RunError, UsageError
from lessup.optimization import Optimization
from lessup.runs import Run, Training
from lessup.samples.splits import Split
from lessup.training import build, fit, restore
from lessup.transforms.draws import Draws


def plain_loop(method: Toy, samples: Points, training: Training) -> None:
    """Train as one would without Lightning, from the documented order and draws."""
    (player,) = method.optimizations(training.steps).values()
    order = [np.random.default_rng((training.seed, epoch)).permutation(len(samples)) for epoch in range(20)]
    order = np.concatenate(order)
    for step in range(training.steps):
        batch = samples.batch(order[step * training.batch_size : (step + 1) * training.batch_size])
        player.optimizer.zero_grad()
        method.step(batch, Draws.at(training.seed, step)).players["all"].backward()
        player.optimizer.step()
        player.schedule.step()


def test_fit_gives_the_weights_of_a_plain_loop(tmp_path):
    fitted = train(start(tmp_path / "run"))
    plain = build("toy", Width(), seed=0)
    plain_loop(plain, split().train, Training(steps=30, batch_size=8))
    assert weights(fitted).equal(weights(plain))


def test_restore_gives_the_trained_weights(tmp_path):
    run = start(tmp_path / "run")
    fitted = train(run)
    restored = restore(run)
    assert weights(restored).equal(weights(fitted))
    assert not restored.training


@pytest.mark.parametrize("settings", [{}, {"ema_decay": 0.8}, {"accumulate": 2, "clip_norm": 0.1}])
@pytest.mark.parametrize("method", ["toy", "players"])
def test_run_interrupted_at_any_step_and_resumed_equals_one_never_interrupted(tmp_path, method, settings):
    whole = train(start(tmp_path / "whole", method), method, **settings)
    run = start(tmp_path / "run", method)
    for stop in (3, 11, 29):  # before the first checkpoint, and two between checkpoints
        with pytest.raises(RuntimeError, match="pulled the plug"):
            train(run, with_plug(build(method, Width(), seed=0), stop), resume=True, **settings)
    resumed = train(run, method, resume=True, **settings)
    assert weights(resumed).equal(weights(whole))
    assert _lines(run) == _lines(Run.open(tmp_path / "whole"))


def test_a_new_run_begins_from_its_training_part_and_a_resumed_one_from_its_checkpoint(tmp_path):
    begun = []

    def beginning() -> Toy:
        method = build("toy", Width(), seed=0)
        method.begin = lambda samples, seed: begun.append((len(samples), seed))
        return method

    run = start(tmp_path / "run")
    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(run, with_plug(beginning(), 11))
    assert begun == [(40, 0)]
    train(run, beginning(), resume=True)
    assert begun == [(40, 0)]


def test_average_of_the_weights_is_kept(tmp_path):
    run = start(tmp_path / "run")
    averaged = train(run, steps=3, ema_decay=0.5)
    steps = [weights(train(start(tmp_path / f"run{count}"), _fixed_rate(), steps=count)) for count in (1, 2, 3)]
    averaged = weights(train(start(tmp_path / "averaged"), _fixed_rate(), steps=3, ema_decay=0.5))
    # The average starts at the weights after the first update.
    torch.testing.assert_close(averaged, 0.25 * steps[0] + 0.25 * steps[1] + 0.5 * steps[2])


def _fixed_rate() -> Toy:
    method = build("toy", Width(), seed=0)
    method.optimizations = lambda num_steps: {"all": Optimization(torch.optim.SGD(method.parameters(), lr=0.1))}
    return method


def test_average_is_what_restore_gives_and_the_last_weights_differ(tmp_path):
    run = start(tmp_path / "run")
    averaged = train(run, ema_decay=0.9)
    last = train(start(tmp_path / "last"))
    assert weights(restore(run)).equal(weights(averaged))
    assert not weights(averaged).equal(weights(last))


def test_data_smaller_than_a_batch_trains(tmp_path):
    train(start(tmp_path / "run"), count=3, batch_size=32, steps=4)


def test_interrupted_run_resumes_to_the_weights_of_one_never_interrupted(tmp_path):
    run = start(tmp_path / "run")
    method = build("acting", Width(), seed=0)
    method.at, method.act = 9, lambda: os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(run, method)
    assert weights(train(run, resume=True)).equal(weights(train(start(tmp_path / "whole"))))


def test_finished_run_resumed_stays_as_it_is(tmp_path):
    run = start(tmp_path / "run")
    fitted = train(run)
    before = run.metrics()
    assert weights(train(run, resume=True)).equal(weights(fitted))
    assert run.metrics()["step"].tolist() == before["step"].tolist()


def test_build_draws_weights_from_the_seed_and_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    first, same, other = (build("toy", Width(), seed=seed) for seed in (1, 1, 2))
    assert torch.get_rng_state().equal(before)
    assert weights(first).equal(weights(same))
    assert not weights(first).equal(weights(other))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 9, "accumulate": 2}, "pass --batch-size 10"),
        ({"steps": 0}, "steps is 0"),
        ({"seed": -1}, "seed of 0 or more"),
        ({"ema_decay": 1.0}, "EMA decay"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path, settings, message):
    with pytest.raises(UsageError, match=message):
        train(start(tmp_path / "run"), **settings)


def test_data_without_what_the_method_reads_is_refused(tmp_path):
    method = Toy()
    method.reads = ("voxels",)
    with pytest.raises(DataError, match="reads voxels; the data has points, label"):
        train(start(tmp_path / "run"), method)


def test_nothing_to_train_on_is_refused(tmp_path):
    none = Split(points(0), points(3), points(3))
    with pytest.raises(DataError, match="no samples are left"):
        fit(Toy(), none, Training(), start(tmp_path / "run"))


def test_restore_refuses_a_run_of_another_method(tmp_path):
    run = start(tmp_path / "run")
    train(run, steps=2)
    run.write_config({"lessup": "0", "method": "toy", "config": {"width": 4}})
    with pytest.raises(RunError, match="do not fit"):
        restore(run)
    run.write_config({"lessup": "0", "method": "unheard", "config": {}})
    with pytest.raises(RunError, match="known method"):
        restore(run)
    run.write_config({"lessup": "0", "method": "toy", "config": {"depth": 4}})
    with pytest.raises(RunError, match="depth"):
        restore(run)


def _lines(run) -> list[dict]:
    with (run.path / "metrics.csv").open() as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        del line["samples_per_second"]
    return lines
