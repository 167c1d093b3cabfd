from dataclasses import replace

import numpy as np
import pytest

from lessup import verbs
from lessup.errors import DataError, UsageError
from lessup.evaluation.shape_repair import ShapeRepair
from lessup.samples.splits import Folds
from lessup.verbs.comparison import Asked

CONFIG = ShapeRepair.Config(columns=("half",))


@pytest.fixture(scope="module")
def other(shapes, tiny, tmp_path_factory):
    """The same run with another seed."""
    return verbs.train(tiny(shapes, seed=1), tmp_path_factory.mktemp("other") / "other")


def test_runs_of_one_method_become_a_row_with_mean_and_spread_beside_the_trivial_rows(run, other):
    table = verbs.compare([run.path, other.path], "shape-repair", config=CONFIG)
    assert [row.key for row in table.rows] == ["identity", "empty", "closing", "voxel-unet"]
    values = [each.scores()["shape-repair"]["rows"]["model"]["half"]["mean"] for each in (run, other)]
    score = table.row("voxel-unet").values["shape-repair"]["half"]
    assert score.mean == pytest.approx(np.mean(values))
    assert score.std == pytest.approx(np.std(values, ddof=1))
    assert score.n == 2
    assert table.rows[0].values["shape-repair"]["half"].std == 0
    assert table.row("voxel-unet").runs == (str(run.path), str(other.path))


def test_runs_of_other_configs_are_rows_of_their_own(run, shapes, tiny, tmp_path):
    longer = verbs.train(tiny(shapes, steps=3), tmp_path / "longer")
    table = verbs.compare([run.path, longer.path], "shape-repair", config=CONFIG)
    assert [row.name for row in table.rows if row.kind == "trained"] == ["voxel-unet (tiny)", "voxel-unet (longer)"]


def test_several_protocols_are_columns_that_keep_their_settings_apart(run):
    two = [
        Asked("shape-repair", ShapeRepair.Config(columns=(column,)), f"shape-repair --columns {column}")
        for column in ("half", "view")
    ]
    table = verbs.compare([run.path], [*two, Asked("shape-retrieval")])
    assert [(column.protocol, column.metric) for column in table.columns] == [
        ("shape-repair --columns half", "half"),
        ("shape-repair --columns view", "view"),
        ("shape-retrieval", "map"),
    ]
    assert table.row("voxel-unet").values.keys() == {column.protocol for column in table.columns}
    assert table.row("random initialisation").values.keys() == {"shape-retrieval"}
    assert table.row("voxel-unet").values["shape-retrieval"]["map"].standing == "unknown"


def test_cost_counts_every_weight_and_the_time_of_the_log(run):
    cost = verbs.compare([run.path], "shape-repair", config=CONFIG).row("voxel-unet").cost
    _, method = verbs.load(run.path)
    assert cost.parameters == sum(value.numel() for name, value in method.named_parameters())
    assert cost.backbone_parameters is None
    assert cost.minutes > 0
    assert cost.samples_per_second == pytest.approx(2 * 2 / (60 * cost.minutes))


def test_data_that_cannot_carry_one_of_several_protocols_leaves_the_others(run, monkeypatch):
    def refuse(*_):
        raise DataError("too few shapes")

    monkeypatch.setattr(ShapeRepair, "measure", refuse)
    table = verbs.compare([run.path], [Asked("shape-repair"), Asked("shape-retrieval")])
    assert [column.protocol for column in table.columns] == ["shape-retrieval"]
    assert "shape-repair: not measured: too few shapes" in table.notes
    with pytest.raises(DataError, match="too few shapes"):
        verbs.compare([run.path], "shape-repair")


def test_no_runs_cannot_be_compared():
    with pytest.raises(UsageError, match="nothing to compare"):
        verbs.compare([], "shape-repair")


def test_a_protocol_twice_cannot_be_told_apart(run):
    with pytest.raises(UsageError, match="none twice"):
        verbs.compare([run.path], [Asked("shape-repair"), Asked("shape-repair")])


def test_protocol_that_can_measure_none_of_the_runs_is_refused(run):
    with pytest.raises(UsageError, match="the runs hold voxel-unet"):
        verbs.compare([run.path], "segmentation")


def test_runs_on_different_data_need_common_data_to_be_measured_on(run, shapes, tiny, tmp_path):
    smaller = tmp_path / "smaller"
    for name in ("column", "plate"):
        (smaller / name).mkdir(parents=True)
        for number in range(5):
            (smaller / name / f"{number}.npy").write_bytes((shapes / name / f"{number}.npy").read_bytes())
    other = verbs.train(tiny(smaller), tmp_path / "other")
    with pytest.raises(UsageError, match="different data"):
        verbs.compare([run.path, other.path], "shape-repair", config=CONFIG)


def test_rows_measured_on_other_parts_of_the_data_are_said_to_be(run, shapes, tiny, tmp_path):
    asked = replace(tiny(shapes, steps=3), folds=Folds(fold=1))
    other = verbs.train(asked, tmp_path / "other")
    table = verbs.compare([run.path, other.path], "shape-repair", config=CONFIG)
    (note,) = [note for note in table.notes if "not all rows" in note]
    assert "(fold 0 of 4: 4 samples; fold 1 of 4: 4 samples)" in note
    alike = verbs.compare([run.path], "shape-repair", config=CONFIG)
    assert not any("not all rows" in note for note in alike.notes)
