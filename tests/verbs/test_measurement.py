import numpy as np
import pytest

from lessup import verbs
from lessup.errors import UsageError
from lessup.evaluation.shape_blending import ShapeBlending
from lessup.evaluation.shape_repair import ShapeRepair

BLENDING = ShapeBlending.Config(pairs=1, steps=2)
REPAIR = ShapeRepair.Config(columns=("rand_30",))


def test_on_its_own_data_the_held_out_part_alone_is_measured_and_kept(run):
    scores = verbs.evaluate(run.path, "shape-repair", config=REPAIR)
    assert scores["samples"] == 4  # a fourth of 16 objects
    assert set(scores["rows"]) == {"identity", "empty", "closing", "model"}
    assert run.scores()["shape-repair"]["rows"] == scores["rows"]
    assert scores["seeds"] == [0]


def test_data_under_another_path_is_known_by_its_content(run, shapes, tmp_path):
    (tmp_path / "moved").symlink_to(shapes)
    assert verbs.evaluate(run.path, "shape-repair", str(tmp_path / "moved"), config=REPAIR)["samples"] == 4


def test_all_of_other_data_is_measured_where_nothing_is_learned_from_it(run, tmp_path):
    (tmp_path / "other").mkdir()
    for number in range(3):
        grid = np.zeros((10, 10, 10), bool)
        grid[2:4, 2:5, 2 : 4 + number] = True
        np.save(tmp_path / "other" / f"{number}.npy", grid)
    assert verbs.evaluate(run.path, "shape-blending", str(tmp_path / "other"), config=BLENDING)["samples"] == 3


def test_a_protocol_refuses_a_method_of_another_kind(run):
    with pytest.raises(UsageError, match=r"inpainting measures methods of the kind Inpainter; .* holds voxel-unet"):
        verbs.evaluate(run.path, "inpainting")
