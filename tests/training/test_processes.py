import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from training_toys import Width, start, train, weights, with_plug

from lessup.runs import Run
from lessup.training import build, restore

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


def work(run: Run, method: str = "toy", kill_at: int = 0, **settings) -> subprocess.CompletedProcess[str]:
    """Train in another process; with several devices, Lightning starts more of them."""
    command = [sys.executable, str(HERE / "worker.py"), str(run.path), method, str(kill_at), json.dumps(settings)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)


def column(run: Run, name: str) -> list[float]:
    return run.metrics()[name].tolist()


@pytest.mark.parametrize(("kill_at", "settings"), [(4, {}), (24, {"ema_decay": 0.9, "accumulate": 2})])
def test_run_killed_at_any_step_and_resumed_equals_one_never_killed(tmp_path, kill_at, settings):
    run = start(tmp_path / "run", "acting")
    assert work(run, "acting", kill_at, **settings).returncode == -signal.SIGKILL
    train(run, "acting", resume=True, **settings)
    whole = start(tmp_path / "whole", "acting")
    train(whole, "acting", **settings)
    assert weights(restore(run)).equal(weights(restore(whole)))
    assert column(run, "step") == column(whole, "step")
    assert column(run, "loss") == column(whole, "loss")


@pytest.mark.parametrize(
    ("method", "settings"), [("toy", {"ema_decay": 0.8, "accumulate": 2, "validate_every": 10}), ("players", {})]
)
def test_two_processes_resume_a_run_to_the_weights_of_one(tmp_path, method, settings):
    whole = start(tmp_path / "whole", method)
    train(whole, method, **settings)
    run = start(tmp_path / "run", method)
    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(run, with_plug(build(method, Width(), seed=0), 11), **settings)
    done = work(run, method, devices=2, **settings)
    assert done.returncode == 0, done.stderr
    torch.testing.assert_close(weights(restore(run)), weights(restore(whole)), rtol=0, atol=1e-6)
    assert column(run, "step") == column(whole, "step")
    assert column(run, "loss") == pytest.approx(column(whole, "loss"), abs=1e-5)
    assert column(run, "val_loss")[-1] == pytest.approx(column(whole, "val_loss")[-1], abs=1e-5)
    assert done.stderr.count("step 30/30") == 1
