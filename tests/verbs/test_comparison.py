import numpy as np
import pytest

from lessup import verbs
from lessup.errors import UsageError
from lessup.evaluation.shape_repair import ShapeRepair

CONFIG = ShapeRepair.Config(columns=("half",))


def test_runs_of_one_method_become_a_row_with_mean_and_spread_beside_the_trivial_rows(run, shapes, tmp_path, tiny):
    other = verbs.train(tiny(shapes, seed=1), tmp_path / "other")
    table = verbs.compare([run.path, other.path], "shape-repair", config=CONFIG)
    assert list(table) == ["identity", "empty", "closing", "voxel-unet"]
    values = [each.scores()["shape-repair"]["rows"]["model"]["half"]["mean"] for each in (run, other)]
    score = table["voxel-unet"]["half"]
    assert score.mean == pytest.approx(np.mean(values))
    assert score.std == pytest.approx(np.std(values, ddof=1))
    assert score.n == 2
    assert table["identity"]["half"].std == 0


def test_no_runs_cannot_be_compared():
    with pytest.raises(UsageError, match="nothing to compare"):
        verbs.compare([], "shape-repair")
