import numpy as np
import pytest

from lessup.errors import DataError, RunError, UsageError
from lessup.shapes.blend import blend


@pytest.fixture
def ends(tmp_path):
    first, second = np.zeros((2, 10, 10, 10), bool)
    first[2:4, 2:4, 2:4] = True
    second[6:8, 6:8, 6:8] = True
    np.save(tmp_path / "first.npy", first)
    np.save(tmp_path / "second.npy", second)
    return tmp_path / "first.npy", tmp_path / "second.npy"


def test_strip_runs_from_the_first_shape_to_the_second(tmp_path, method, ends):
    strip = blend(method, *ends, tmp_path / "out", steps=4)
    assert [step.weight for step in strip] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert [step.grid.name for step in strip] == ["blend_01.npy", "blend_02.npy", "blend_03.npy", "blend_04.npy"]
    for step, end in zip(strip, (ends[0], ends[0], ends[1], ends[1]), strict=True):
        assert np.array_equal(np.load(step.grid), np.load(end))
        assert step.mesh.suffix == ".obj"
        assert step.mesh.exists()


def test_step_with_nothing_occupied_has_no_mesh(tmp_path, method, ends):
    strip = blend(method, *ends, tmp_path / "out", steps=3)
    assert strip[1].mesh is None
    assert np.load(strip[1].grid).sum() == 0


def test_one_step_is_refused(tmp_path, method, ends):
    with pytest.raises(UsageError, match="at least 2"):
        blend(method, *ends, tmp_path / "out", steps=1)


def test_grid_of_another_size_is_named(tmp_path, method, ends):
    np.save(tmp_path / "large.npy", np.ones((12, 12, 12), bool))
    with pytest.raises(DataError, match=r"large\.npy: .*--side 10"):
        blend(method, ends[0], tmp_path / "large.npy", tmp_path / "out")


def test_strip_is_not_overwritten_unasked(tmp_path, method, ends):
    blend(method, *ends, tmp_path / "out", steps=2)
    with pytest.raises(RunError, match="--overwrite"):
        blend(method, *ends, tmp_path / "out", steps=2)
    blend(method, *ends, tmp_path / "out", steps=2, overwrite=True)
