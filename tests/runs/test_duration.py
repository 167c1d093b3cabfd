import numpy as np
import pytest

from lessup.runs.duration import training_seconds


def test_each_line_counts_its_updates_at_its_own_speed():
    # 20 updates of 8 at 16 a second are 10 s, 5 more at 4 a second are 10 s; the line between them tells no speed
    metrics = {"step": np.array([20.0, 24, 25]), "samples_per_second": np.array([16.0, np.nan, 4])}
    assert training_seconds(metrics, 8) == pytest.approx(20.0)


def test_nothing_logged_is_no_time():
    assert training_seconds({}, 8) is None
