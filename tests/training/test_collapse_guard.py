import math

import pytest
import torch
from training_toys import Collapsing, Exploding, Toy, points, split, start, train, with_plug

from lessup.errors import CollapseError
from lessup.runs import Training
from lessup.samples.splits import Split
from lessup.training.collapse_guard import CollapseGuard

CPU = torch.device("cpu")


def guard(run, **settings) -> CollapseGuard:
    return CollapseGuard(split(), Training(**settings), run)


def test_healthy_run_is_measured_and_not_flagged(tmp_path):
    run = start(tmp_path / "run")
    train(run)
    assert run.warnings() == []
    measured = run.metrics()
    assert 1.5 < measured["effective_rank"][-1] <= 5
    assert measured["feature_std"][-1] > 0.1
    assert measured["dead_dimensions"][-1] == 0


def test_collapsed_features_are_flagged_once_with_advice(tmp_path, capsys):
    run = start(tmp_path / "run")
    train(run, Collapsing(), validate_every=5)
    (warning,) = run.warnings()
    assert warning["kind"] == "collapse"
    assert warning["step"] == 5
    assert "learning rate" in warning["advice"]
    assert capsys.readouterr().err.count("the features have collapsed") == 1


def test_resumed_run_flags_again_what_it_had_to_forget(tmp_path):
    run = start(tmp_path / "run")
    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(run, with_plug(Collapsing(), 11), validate_every=10)
    assert [warning["step"] for warning in run.warnings()] == [10]
    train(run, Collapsing(), validate_every=10, resume=True)  # from step 7
    assert [warning["step"] for warning in run.warnings()] == [10]


def test_collapsed_run_is_stopped_on_request(tmp_path):
    run = start(tmp_path / "run")
    with pytest.raises(CollapseError, match="stopped at step 10: the features have collapsed"):
        train(run, Collapsing(), validate_every=10, on_collapse="stop")
    assert run.warnings()[0]["step"] == 10
    assert run.checkpoint().is_file()


def test_nan_loss_is_flagged_once_and_the_run_goes_on(tmp_path):
    run = start(tmp_path / "run")
    train(run, Exploding())
    assert [(warning["kind"], warning["step"]) for warning in run.warnings()] == [("not finite", 14)]
    losses = run.metrics()["loss"]
    assert math.isfinite(losses[0])
    assert math.isnan(losses[-1])


def test_nan_loss_stops_on_request_before_a_checkpoint_holds_it(tmp_path):
    run = start(tmp_path / "run")
    with pytest.raises(CollapseError, match="the loss is nan"):
        train(run, Exploding(), on_collapse="stop")
    checkpoint = torch.load(run.checkpoint(), weights_only=True)
    assert checkpoint["global_step"] == 7
    assert all(weight.isfinite().all() for weight in checkpoint["state_dict"].values())


def test_features_are_measured_but_not_judged_during_warm_up(tmp_path):
    run = start(tmp_path / "run")
    watch = guard(run, steps=100)
    assert watch.measure(Collapsing(), CPU, step=5)["effective_rank"] == 0
    assert run.warnings() == []
    watch.measure(Collapsing(), CPU, step=6)
    assert len(run.warnings()) == 1


def test_features_of_one_dimension_are_not_taken_for_collapsed(tmp_path):
    class Narrow(Toy):
        def encode(self, batch, layer=None):
            return super().encode(batch)[:, :1]

    run = start(tmp_path / "run")
    guard(run).measure(Narrow(), CPU, step=9_000)
    assert run.warnings() == []


def test_features_on_a_line_are_collapsed(tmp_path):
    class Line(Toy):
        def encode(self, batch, layer=None):
            return batch["points"][:, :1] * torch.tensor([[1.0, -1.0, 2.0]])

    run = start(tmp_path / "run")
    guard(run).measure(Line(), CPU, step=9_000)
    assert run.warnings()[0]["effective_rank"] == pytest.approx(1, abs=1e-3)


def test_nan_features_are_flagged(tmp_path):
    class Broken(Toy):
        def encode(self, batch, layer=None):
            return super().encode(batch) * math.nan

    run = start(tmp_path / "run")
    assert math.isnan(guard(run).measure(Broken(), CPU, step=1)["effective_rank"])
    assert run.warnings()[0]["kind"] == "not finite"


def test_measuring_leaves_every_part_of_the_method_in_its_mode(tmp_path):
    method = Toy().train()
    method.up.eval()
    guard(start(tmp_path / "run")).measure(method, CPU, step=1)
    assert [method.training, method.down.training, method.up.training] == [True, True, False]


def test_a_tiny_validation_part_is_not_probed(tmp_path):
    run = start(tmp_path / "run")
    few = CollapseGuard(Split(points(100), points(1), points(1)), Training(), run)
    assert few.measure(Toy(), CPU, step=9_999)["effective_rank"] > 1.5


@pytest.mark.parametrize(("steps", "batch_size"), [(50, 32), (1_000, 8), (10_000, 32), (200_000, 256)])
def test_probing_costs_at_most_two_percent_of_the_training(tmp_path, steps, batch_size):
    whole = Split(points(100), points(400), points(1))
    watch = CollapseGuard(whole, Training(steps=steps, batch_size=batch_size), start(tmp_path / "run"))
    encoded = steps // watch.interval * 256
    # Training costs three forward passes a sample.
    assert encoded <= 0.02 * 3 * steps * batch_size
    assert steps // watch.interval <= 50
