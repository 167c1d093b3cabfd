"""Means and spreads of several seeds are those of all their values together."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import egomotion

    yield egomotion
    for name in ("egomotion", "record", "run"):
        sys.modules.pop(name)


def test_pooled_errors_are_those_of_all_values_together(script):
    groups = [np.array([90.0, 92.0, 91.0]), np.array([80.0, 84.0]), np.array([95.0])]
    scores = [{"mean": one.mean(), "std": one.std(ddof=1) if len(one) > 1 else 0.0, "n": len(one)} for one in groups]
    every = np.concatenate(groups)
    found = script.pooled(scores)
    assert found["mean"] == pytest.approx(100 - every.mean())
    assert found["std"] == pytest.approx(every.std(ddof=1))
    assert found["n"] == 6
