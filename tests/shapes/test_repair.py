import numpy as np
import pytest

from lessup.errors import DataError, RunError, UsageError
from lessup.formats.mesh import read_mesh, write_mesh
from lessup.samples import Reading
from lessup.shapes.mesh_out import surface
from lessup.shapes.repair import repair


def grid_with(*cells: tuple[int, int, int], side: int = 10) -> np.ndarray:
    grid = np.zeros((side,) * 3, bool)
    grid[tuple(np.array(cells).T)] = True
    return grid


def test_file_becomes_grid_and_mesh(tmp_path, method):
    np.save(tmp_path / "scan.npy", grid_with((1, 1, 1), (4, 4, 4)))
    (one,) = repair(method, [tmp_path / "scan.npy"], tmp_path / "out").repaired
    assert (one.added, one.removed) == (7, 0)
    assert one.grid == tmp_path / "out" / "scan.npy"
    written = np.load(one.grid)
    assert written.dtype == bool
    assert written.sum() == 9
    vertices, _ = read_mesh(tmp_path / "out" / "scan.obj")
    assert vertices.min() == pytest.approx(1, abs=0.1)
    assert vertices.max() == pytest.approx(6, abs=0.1)


def test_folder_is_repaired_in_batches_and_keeps_its_folders(tmp_path, method):
    for number in range(5):
        file = tmp_path / "scans" / ("a" if number < 2 else "b") / f"{number}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, grid_with((number, 0, 1)))
    summary = repair(method, [tmp_path / "scans"], tmp_path / "out", batch_size=2, mesh_format="off")
    assert len(summary.repaired) == 5
    assert method.largest_batch == 2
    for number in range(5):
        folder = tmp_path / "out" / ("a" if number < 2 else "b")
        assert np.load(folder / f"{number}.npy")[number, 0, 1]
        assert (folder / f"{number}.off").exists()


def test_damaged_file_is_named_and_the_others_are_repaired(tmp_path, method):
    np.save(tmp_path / "good.npy", grid_with((1, 1, 1)))
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01\x00")
    np.save(tmp_path / "pickle.npy", np.array([{}], object), allow_pickle=True)
    np.save(tmp_path / "large.npy", grid_with((1, 1, 1), side=12))
    summary = repair(method, [tmp_path], tmp_path / "out")
    assert [one.source.name for one in summary.repaired] == ["good.npy"]
    reasons = {damage.name.rsplit("/", 1)[-1]: damage.reason for damage in summary.damage if damage.skipped}
    assert set(reasons) == {"cut.npy", "pickle.npy", "large.npy"}
    assert "pickle" in reasons["pickle.npy"]
    assert "--side 10" in reasons["large.npy"]


def test_nothing_usable_is_an_error_that_says_how_to_resample(tmp_path, method):
    np.save(tmp_path / "large.npy", grid_with((1, 1, 1), side=12))
    with pytest.raises(DataError, match=r"large\.npy: .*--side 10"):
        repair(method, [tmp_path / "large.npy"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_side_resamples_and_the_result_fits(tmp_path, method):
    np.save(tmp_path / "large.npy", grid_with((0, 0, 0), (0, 0, 1), side=20))
    (one,) = repair(method, [tmp_path / "large.npy"], tmp_path / "out", reading=Reading(side=10)).repaired
    assert np.load(one.grid).shape == (10, 10, 10)


def test_mesh_comes_out_where_it_went_in(tmp_path, method):
    vertices, faces = surface(np.ones((1, 1, 1), bool))
    write_mesh(tmp_path / "scan.off", vertices * [8, 8, 4] + [100, 50, -20], faces)
    repair(method, [tmp_path / "scan.off"], tmp_path / "out", reading=Reading(side=10, padding=1))
    repaired, _ = read_mesh(tmp_path / "out" / "scan.obj")
    np.testing.assert_allclose(repaired.min(0), [100, 50, -20], atol=1)
    np.testing.assert_allclose(repaired.max(0), [108, 58, -16], atol=1)


def test_open_mesh_is_repaired_and_named(tmp_path, method):
    vertices, faces = surface(np.ones((1, 1, 1), bool))
    write_mesh(tmp_path / "scan.off", vertices, faces[1:])
    summary = repair(method, [tmp_path / "scan.off"], tmp_path / "out", reading=Reading(side=10))
    assert len(summary.repaired) == 1
    assert [(damage.skipped, "watertight" in damage.reason) for damage in summary.damage] == [(False, True)]


def test_empty_result_has_a_grid_and_no_mesh(tmp_path, method):
    np.save(tmp_path / "a.npy", grid_with((0, 0, 0)))
    summary = repair(method, [tmp_path / "a.npy"], tmp_path / "out")
    assert summary.repaired[0].mesh is None
    assert summary.repaired[0].removed == 1
    assert "empty" in summary.damage[0].reason


def test_existing_files_stay_without_overwrite(tmp_path, method):
    np.save(tmp_path / "a.npy", grid_with((1, 1, 1)))
    with pytest.raises(RunError, match="--overwrite"):
        repair(method, [tmp_path / "a.npy"], tmp_path)
    assert np.load(tmp_path / "a.npy").sum() == 1
    repair(method, [tmp_path / "a.npy"], tmp_path, overwrite=True)
    assert np.load(tmp_path / "a.npy").sum() == 9


def test_equal_names_with_other_suffixes_do_not_overwrite_each_other(tmp_path, method):
    np.save(tmp_path / "a.npy", grid_with((1, 1, 1)))
    np.savez(tmp_path / "a.npz", grid_with((2, 2, 2)))
    repair(method, [tmp_path], tmp_path / "out")
    assert np.load(tmp_path / "out" / "a.npy.npy")[1, 1, 1]
    assert np.load(tmp_path / "out" / "a.npz.npy")[2, 2, 2]


def test_equal_names_from_two_folders_are_refused(tmp_path, method):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "a.npy", grid_with((1, 1, 1)))
    with pytest.raises(UsageError, match="repair them apart"):
        repair(method, [tmp_path / "x", tmp_path / "y"], tmp_path / "out")


def test_no_shapes_at_all_is_wrong_usage(tmp_path, method):
    with pytest.raises(UsageError, match="nothing to repair"):
        repair(method, [], tmp_path / "out")


def test_unknown_mesh_format_is_refused_before_any_work(tmp_path, method):
    np.save(tmp_path / "a.npy", grid_with((1, 1, 1)))
    with pytest.raises(UsageError, match="no mesh format 'png'"):
        repair(method, [tmp_path / "a.npy"], tmp_path / "out", mesh_format="png")
    assert method.largest_batch == 0
