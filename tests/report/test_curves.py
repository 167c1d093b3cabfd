import base64
import json
import re

import numpy as np

from lessup.report.curves import training_curves


def specs(text: str) -> list[dict]:
    return [json.loads(found) for found in re.findall(r'<script type="application/json">(.*?)</script>', text)]


def decoded(value: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])


def test_loss_and_validation_share_a_chart_and_missing_values_are_skipped():
    metrics = {
        "step": np.array([1.0, 2, 3]),
        "loss": np.array([3.0, 2, 1]),
        "val_loss": np.array([np.nan, 2.5, np.nan]),
    }
    (only,) = specs(training_curves(metrics))
    assert [trace["name"] for trace in only["data"]] == ["training", "validation"]
    assert decoded(only["data"][1]["x"]).tolist() == [2.0]
    assert decoded(only["data"][1]["y"]).tolist() == [2.5]


def test_every_column_has_a_chart_and_the_guards_come_last():
    names = ("step", "effective_rank", "loss", "wrong_cells", "feature_std", "samples_per_second")
    titles = [spec["layout"]["title"]["text"] for spec in specs(training_curves({name: np.ones(3) for name in names}))]
    assert titles == [
        "loss",
        "wrong cells",
        "samples per second",
        "spread of the features",
        "effective rank of the features",
    ]


def test_axis_is_logarithmic_where_values_span_decades():
    steps = np.arange(1.0, 4)
    wide, narrow = ({"step": steps, "loss": loss} for loss in (np.array([1.0, 0.1, 0.01]), np.array([1.0, 0.9, 0.8])))
    assert [specs(training_curves(metrics))[0]["layout"]["yaxis"]["type"] for metrics in (wide, narrow)] == [
        "log",
        "linear",
    ]


def test_long_runs_are_thinned():
    steps = np.arange(100_000.0)
    trace = specs(training_curves({"step": steps, "loss": steps}))[0]["data"][0]
    assert 500 <= len(decoded(trace["x"])) <= 1000
    np.testing.assert_array_equal(decoded(trace["x"]), decoded(trace["y"]))


def test_diverged_run_is_still_drawn():
    metrics = {"step": np.arange(3.0), "loss": np.array([1.0, np.inf, np.nan])}
    assert decoded(specs(training_curves(metrics))[0]["data"][0]["y"]).tolist() == [1.0]


def test_nothing_logged_nothing_drawn():
    assert training_curves({}) == ""
    nothing = training_curves({"step": np.arange(2.0), "loss": np.full(2, np.nan)})
    assert len(specs(nothing)) == 1


def test_names_from_the_file_are_text():
    assert "<b>" not in training_curves({"step": np.arange(2.0), "<b>x": np.arange(2.0)})
